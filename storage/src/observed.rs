//! A wrapper that tells an observer of every call: for metrics, and at debug level for the log.

use std::fmt;
use std::future::Future;
use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};

use crate::{
    ByteRange, Key, Listed, Object, ObjectMeta, ObjectStore, Operation, Prefix, Result, StagedWrite, StorageError,
};

/// Hears of calls when they are over. Called on the caller's thread: be quick.
pub trait Observer: Send + Sync + 'static {
    /// One call came to its end.
    fn observe(&self, observation: &Observation);
}

/// One call.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Observation {
    /// What was called.
    pub operation: Operation,
    /// From the call to the answer; of a listing, from its first line to its last, the caller's own time included.
    pub duration: Duration,
    /// How it ended.
    pub outcome: Outcome,
    /// Bytes of objects that were written, read or copied; 0 if the call failed.
    pub bytes: u64,
}

/// How a call ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Outcome {
    /// With an answer. A listing whose reader had enough counts as well.
    Done,
    /// [`StorageError::NotFound`]
    NotFound,
    /// [`StorageError::AlreadyExists`]
    AlreadyExists,
    /// [`StorageError::Unavailable`]
    Unavailable,
    /// [`StorageError::Denied`]
    Denied,
    /// [`StorageError::Unsupported`]
    Unsupported,
    /// [`StorageError::Corrupt`]
    Corrupt,
    /// The caller stopped waiting.
    GivenUp,
}

impl Outcome {
    /// As in logs and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::NotFound => "not_found",
            Self::AlreadyExists => "already_exists",
            Self::Unavailable => "unavailable",
            Self::Denied => "denied",
            Self::Unsupported => "unsupported",
            Self::Corrupt => "corrupt",
            Self::GivenUp => "given_up",
        }
    }
}

impl From<&StorageError> for Outcome {
    fn from(error: &StorageError) -> Self {
        match error {
            StorageError::NotFound(_) => Self::NotFound,
            StorageError::AlreadyExists(_) => Self::AlreadyExists,
            StorageError::Unavailable(_) => Self::Unavailable,
            StorageError::Denied(_) => Self::Denied,
            StorageError::Unsupported(_) => Self::Unsupported,
            StorageError::Corrupt(_) => Self::Corrupt,
        }
    }
}

/// A store whose calls are observed.
#[derive(Clone)]
pub struct Observed<S> {
    inner: S,
    observer: Arc<dyn Observer>,
}

impl<S: fmt::Debug> fmt::Debug for Observed<S> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Observed").field(&self.inner).finish()
    }
}

impl<S> Observed<S> {
    /// Wraps a store.
    pub fn new(inner: S, observer: Arc<dyn Observer>) -> Self {
        Self { inner, observer }
    }
}

/// A call under way; reports when dropped.
struct Watch<'a> {
    observer: &'a dyn Observer,
    operation: Operation,
    subject: &'a str,
    begin: Instant,
    outcome: Outcome,
    bytes: u64,
}

impl<'a> Watch<'a> {
    fn new(observer: &'a dyn Observer, operation: Operation, subject: &'a str) -> Self {
        Self { observer, operation, subject, begin: Instant::now(), outcome: Outcome::GivenUp, bytes: 0 }
    }
}

impl Drop for Watch<'_> {
    fn drop(&mut self) {
        let Self { operation, outcome, bytes, .. } = *self;
        let duration = self.begin.elapsed();
        tracing::debug!(
            operation = operation.name(),
            subject = self.subject,
            ?duration,
            outcome = outcome.name(),
            bytes,
            "storage call"
        );
        self.observer.observe(&Observation { operation, duration, outcome, bytes });
    }
}

async fn watch<T>(
    observer: &Arc<dyn Observer>,
    operation: Operation,
    key: &Key,
    bytes: impl FnOnce(&T) -> u64,
    call: impl Future<Output = Result<T>>,
) -> Result<T> {
    let mut watch = Watch::new(observer.as_ref(), operation, key.as_str());
    let outcome = call.await;
    match &outcome {
        Ok(answer) => (watch.outcome, watch.bytes) = (Outcome::Done, bytes(answer)),
        Err(error) => watch.outcome = error.into(),
    }
    outcome
}

fn size(meta: &ObjectMeta) -> u64 {
    meta.size
}

fn nothing<T>(_: &T) -> u64 {
    0
}

impl<S: ObjectStore> Observed<S> {
    fn listing<'a>(
        &'a self,
        operation: Operation,
        prefix: &Prefix,
        lines: BoxStream<'a, Result<Listed>>,
    ) -> BoxStream<'a, Result<Listed>> {
        let prefix = prefix.clone();
        stream::once(async move {
            let listing = Listing { store: self, operation, prefix, begin: Instant::now(), outcome: Outcome::Done };
            stream::unfold((lines, listing), |(mut lines, mut listing)| async {
                let line = lines.next().await?;
                if let Err(error) = &line {
                    listing.outcome = error.into();
                }
                Some((line, (lines, listing)))
            })
        })
        .flatten()
        .boxed()
    }
}

/// A listing under way; reports when dropped.
struct Listing<'a, S> {
    store: &'a Observed<S>,
    operation: Operation,
    prefix: Prefix,
    begin: Instant,
    outcome: Outcome,
}

impl<S> Drop for Listing<'_, S> {
    fn drop(&mut self) {
        let mut watch = Watch::new(self.store.observer.as_ref(), self.operation, self.prefix.as_str());
        (watch.begin, watch.outcome) = (self.begin, self.outcome);
    }
}

#[async_trait::async_trait]
impl<S: ObjectStore> ObjectStore for Observed<S> {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        watch(&self.observer, Operation::PutNew, key, size, self.inner.put_new(key, bytes)).await
    }

    async fn create(&self, key: &Key, bytes: Bytes) -> Result<()> {
        let length = bytes.len() as u64;
        watch(&self.observer, Operation::PutNew, key, |()| length, self.inner.create(key, bytes)).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        watch(&self.observer, Operation::Put, key, size, self.inner.put(key, bytes)).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        let length = |object: &Object| object.bytes.len() as u64;
        watch(&self.observer, Operation::Get, key, length, self.inner.get(key, range)).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        watch(&self.observer, Operation::Head, key, nothing, self.inner.head(key)).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        watch(&self.observer, Operation::Delete, key, nothing, self.inner.delete(key)).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        watch(&self.observer, Operation::CopyNew, to, size, self.inner.copy_new(from, to)).await
    }

    async fn settle(&self, key: &Key) -> Result<ObjectMeta> {
        watch(&self.observer, Operation::Settle, key, nothing, self.inner.settle(key)).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.listing(Operation::List, prefix, self.inner.list(prefix))
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.listing(Operation::ListFolder, folder, self.inner.list_folder(folder))
    }

    async fn sweep(&self) -> Result<u64> {
        let mut watch = Watch::new(self.observer.as_ref(), Operation::Sweep, "");
        let outcome = self.inner.sweep().await;
        watch.outcome = outcome.as_ref().map_or_else(Outcome::from, |_| Outcome::Done);
        outcome
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        let inner = watch(&self.observer, Operation::Stage, key, nothing, self.inner.stage(key)).await?;
        Ok(Box::new(ObservedStage { inner, key: key.clone(), observer: Arc::clone(&self.observer) }))
    }
}

struct ObservedStage {
    inner: Box<dyn StagedWrite>,
    key: Key,
    observer: Arc<dyn Observer>,
}

#[async_trait::async_trait]
impl StagedWrite for ObservedStage {
    async fn append(&mut self, bytes: Bytes) -> Result<()> {
        let length = bytes.len() as u64;
        watch(&self.observer, Operation::Append, &self.key, |()| length, self.inner.append(bytes)).await
    }

    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()> {
        let call = self.inner.append_object(from, size);
        watch(&self.observer, Operation::AppendObject, &self.key, |()| size, call).await
    }

    async fn publish_new(self: Box<Self>) -> Result<ObjectMeta> {
        // its bytes were counted as they came
        watch(&self.observer, Operation::PublishNew, &self.key, nothing, self.inner.publish_new()).await
    }

    async fn abandon(self: Box<Self>) -> Result<()> {
        watch(&self.observer, Operation::Abandon, &self.key, nothing, self.inner.abandon()).await
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use futures_util::FutureExt;

    use super::*;
    use crate::faulty::{Effect, Faulty, Plan};
    use crate::memory::MemoryStore;

    #[derive(Default)]
    struct Notes(Mutex<Vec<(&'static str, &'static str, u64)>>);

    impl Observer for Notes {
        fn observe(&self, seen: &Observation) {
            self.0.lock().unwrap().push((seen.operation.name(), seen.outcome.name(), seen.bytes));
        }
    }

    #[tokio::test]
    async fn every_call_is_told_with_its_outcome_and_bytes() {
        let notes = Arc::new(Notes::default());
        let plan = Plan::hang_at(1, Effect::Before)
            .only([Operation::Head])
            .and(Plan::fail_at(2, Effect::After).only([Operation::List]));
        let store = Observed::new(Faulty::new(MemoryStore::new(), plan), notes.clone());
        let (a, b) = (Key::new("a").unwrap(), Key::new("b").unwrap());
        store.put_new(&a, "12345".into()).await.unwrap();
        store.create(&a, "1".into()).await.unwrap_err();
        store.get(&a, Some(ByteRange { start: 1, end: 3 })).await.unwrap();
        store.get(&b, None).await.unwrap_err();
        assert!(store.head(&a).now_or_never().is_none());
        assert!(store.list(&Prefix::root()).next().await.is_some());
        assert!(store.list(&Prefix::root()).any(|line| async move { line.is_err() }).await);
        let mut stage = store.stage(&b).await.unwrap();
        stage.append("12".into()).await.unwrap();
        stage.append_object(&a, 5).await.unwrap();
        stage.publish_new().await.unwrap();
        store.sweep().await.unwrap();
        let seen = notes.0.lock().unwrap().clone();
        let expected = [
            ("put_new", "done", 5),
            ("put_new", "already_exists", 0),
            ("get", "done", 2),
            ("get", "not_found", 0),
            ("head", "given_up", 0),
            ("list", "done", 0),
            ("list", "unavailable", 0),
            ("stage", "done", 0),
            ("append", "done", 2),
            ("append_object", "done", 5),
            ("publish_new", "done", 0),
            ("sweep", "done", 0),
        ];
        assert_eq!(seen, expected);
    }
}
