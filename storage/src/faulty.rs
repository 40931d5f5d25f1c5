//! A wrapper that breaks calls by plan: for tests, and never in the server.
//!
//! ```
//! # use storage::{Key, ObjectStore, faulty::{Effect, Faulty, Plan}, memory::MemoryStore};
//! # tokio::runtime::Builder::new_current_thread().build()?.block_on(async {
//! let storage = MemoryStore::new(); // what survives the crash
//! let key = Key::new("a")?;
//! let process = Faulty::new(storage.clone(), Plan::crash_at(2, Effect::After));
//! let work = async {
//!     process.put_new(&key, "1".into()).await?;
//!     process.delete(&key).await // has its effect, and never answers
//! };
//! tokio::select! {
//!     biased;
//!     outcome = work => panic!("it should not come to an end: {outcome:?}"),
//!     call = process.crashed() => assert_eq!((call.number, call.subject.as_str()), (2, "a")),
//! }
//! assert!(storage.head(&key).await.is_err_and(|error| error.is_not_found()));
//! # Ok::<(), storage::KeyError>(()) })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! A test of every crash first counts the calls of a run without faults, and then crashes at each of them:
//! `for n in 1..=calls { for effect in [Effect::Before, Effect::After] { … } }`.

mod control;
mod plan;

use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};

use crate::{ByteRange, Key, Listed, Object, ObjectMeta, ObjectStore, Operation, Prefix, Result, StagedWrite};
pub use control::Call;
use control::Control;
pub use plan::{Effect, Plan, Rates};

/// A listing that breaks off does so within so many lines.
const LINES_BEFORE_BREAK: u64 = 16;

/// A store seen by one process, whose calls go wrong by plan. Clones are the same process.
///
/// A call is counted when it begins (a listing when it is first polled), and every method of [`ObjectStore`] and
/// [`StagedWrite`] counts.
#[derive(Debug, Clone)]
pub struct Faulty<S> {
    inner: S,
    control: Arc<Control>,
}

impl<S> Faulty<S> {
    /// Wraps a store.
    pub fn new(inner: S, plan: Plan) -> Self {
        Self { inner, control: Arc::new(Control::new(plan)) }
    }

    /// From now on this plan; its calls are counted from 1 again. The dead stay dead.
    pub fn set_plan(&self, plan: Plan) {
        self.control.set_plan(plan);
    }

    /// Calls so far.
    pub fn calls(&self) -> u64 {
        self.control.calls()
    }

    /// The call at which [`Plan::crash_at`] or [`Plan::cut_at`] came true.
    pub fn crash_site(&self) -> Option<Call> {
        self.control.crash_site()
    }

    /// Waits until [`Plan::crash_at`] or [`Plan::cut_at`] comes true. After a crash the effect, if it was to happen, may
    /// still be under way if the store inside takes its time; memory does not.
    pub async fn crashed(&self) -> Call {
        self.control.crashed().await
    }

    /// What is wrapped.
    pub fn inner(&self) -> &S {
        &self.inner
    }
}

impl<S: Sync> Faulty<S> {
    fn listing<'a>(
        &'a self,
        operation: Operation,
        prefix: &Prefix,
        lines: BoxStream<'a, Result<Listed>>,
    ) -> BoxStream<'a, Result<Listed>> {
        let subject = prefix.to_string();
        let begin = async move {
            let verdict = self.control.judge(operation, &subject);
            self.control.begin(&verdict, operation, &subject).await?;
            let dice = verdict.dice;
            let lines = match verdict.breaks_off() {
                true => lines.take((dice % LINES_BEFORE_BREAK) as usize).boxed(),
                false if verdict.is_short() => drop_half(lines, dice),
                false => lines,
            };
            let end = async move { self.control.finish(&verdict, operation, &subject).await };
            Ok(lines.chain(stream::once(end).filter_map(|end| async { end.err().map(Err) })))
        };
        stream::once(begin).try_flatten().boxed()
    }
}

fn drop_half(lines: BoxStream<'_, Result<Listed>>, dice: u64) -> BoxStream<'_, Result<Listed>> {
    let kept = (0_u64..).map(move |n| plan::mix(dice, n).is_multiple_of(2));
    lines
        .zip(stream::iter(kept))
        .filter_map(|(line, kept)| async move { (kept || line.is_err()).then_some(line) })
        .boxed()
}

#[async_trait::async_trait]
impl<S: ObjectStore> ObjectStore for Faulty<S> {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.control.call(Operation::PutNew, key.as_str(), self.inner.put_new(key, bytes)).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.control.call(Operation::Put, key.as_str(), self.inner.put(key, bytes)).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        self.control.call(Operation::Get, key.as_str(), self.inner.get(key, range)).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        self.control.call(Operation::Head, key.as_str(), self.inner.head(key)).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.control.call(Operation::Delete, key.as_str(), self.inner.delete(key)).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        self.control.call(Operation::CopyNew, to.as_str(), self.inner.copy_new(from, to)).await
    }

    async fn settle(&self, key: &Key) -> Result<ObjectMeta> {
        self.control.call(Operation::Settle, key.as_str(), self.inner.settle(key)).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.listing(Operation::List, prefix, self.inner.list(prefix))
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.listing(Operation::ListFolder, folder, self.inner.list_folder(folder))
    }

    async fn sweep(&self) -> Result<u64> {
        self.control.call(Operation::Sweep, "", self.inner.sweep()).await
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        let inner = self.control.call(Operation::Stage, key.as_str(), self.inner.stage(key)).await?;
        Ok(Box::new(FaultyStage { inner, key: key.clone(), control: Arc::clone(&self.control) }))
    }
}

struct FaultyStage {
    inner: Box<dyn StagedWrite>,
    key: Key,
    control: Arc<Control>,
}

#[async_trait::async_trait]
impl StagedWrite for FaultyStage {
    async fn append(&mut self, bytes: Bytes) -> Result<()> {
        self.control.call(Operation::Append, self.key.as_str(), self.inner.append(bytes)).await
    }

    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()> {
        let call = self.inner.append_object(from, size);
        self.control.call(Operation::AppendObject, self.key.as_str(), call).await
    }

    async fn publish_new(self: Box<Self>) -> Result<ObjectMeta> {
        self.control.call(Operation::PublishNew, self.key.as_str(), self.inner.publish_new()).await
    }

    async fn abandon(self: Box<Self>) -> Result<()> {
        self.control.call(Operation::Abandon, self.key.as_str(), self.inner.abandon()).await
    }
}

#[cfg(test)]
mod tests;
