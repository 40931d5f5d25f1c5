//! The way from a process to the storage. A process that is paused or dead begins no call and gets no answer; what it
//! sent before goes on without it.

use std::sync::{Arc, Mutex};

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};
use storage::faulty::Faulty;
use storage::{ByteRange, Key, Listed, Object, ObjectMeta, ObjectStore, Prefix, Result, StagedWrite, StorageError};
use tokio::sync::Notify;

use super::audit::Audited;

/// How a process is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Process {
    Running,
    Paused,
    Dead,
}

#[derive(Clone)]
pub struct Wire {
    pub storage: Faulty<Audited>,
    process: Arc<Mutex<Process>>,
    /// Wakes calls in the order in which they began to wait.
    changed: Arc<Notify>,
}

impl Wire {
    pub fn new(storage: Faulty<Audited>) -> Self {
        Self { storage, process: Arc::new(Mutex::new(Process::Running)), changed: Arc::default() }
    }

    pub fn set(&self, process: Process) {
        *self.process.lock().unwrap() = process;
        self.changed.notify_waiters();
    }

    pub fn is(&self, process: Process) -> bool {
        *self.process.lock().unwrap() == process
    }

    async fn runs(&self) {
        while !self.is(Process::Running) {
            self.changed.notified().await;
        }
    }

    /// A call that happens to its end even if nobody waits for it any more.
    async fn call<T, F>(&self, call: impl FnOnce(Faulty<Audited>) -> F) -> Result<T>
    where
        T: Send + 'static,
        F: Future<Output = Result<T>> + Send + 'static,
    {
        self.runs().await;
        let call = tokio::spawn(call(self.storage.clone()));
        let outcome = call.await.unwrap_or_else(|error| Err(StorageError::Unavailable(error.to_string())));
        self.runs().await;
        outcome
    }

    fn listing<'a>(&'a self, lines: BoxStream<'a, Result<Listed>>) -> BoxStream<'a, Result<Listed>> {
        let begin = async move {
            self.runs().await;
            Ok(lines)
        };
        stream::once(begin).try_flatten().boxed()
    }
}

#[async_trait::async_trait]
impl ObjectStore for Wire {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        let key = key.clone();
        self.call(|storage| async move { storage.put_new(&key, bytes).await }).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        let key = key.clone();
        self.call(|storage| async move { storage.put(&key, bytes).await }).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        let key = key.clone();
        self.call(move |storage| async move { storage.get(&key, range).await }).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        let key = key.clone();
        self.call(|storage| async move { storage.head(&key).await }).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        let key = key.clone();
        self.call(|storage| async move { storage.delete(&key).await }).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        let (from, to) = (from.clone(), to.clone());
        self.call(|storage| async move { storage.copy_new(&from, &to).await }).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.listing(self.storage.list(prefix))
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.listing(self.storage.list_folder(folder))
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        let key = key.clone();
        let inner = self.call(|storage| async move { storage.stage(&key).await }).await?;
        Ok(Box::new(WireStage { inner, wire: self.clone() }))
    }
}

struct WireStage {
    inner: Box<dyn StagedWrite>,
    wire: Wire,
}

#[async_trait::async_trait]
impl StagedWrite for WireStage {
    async fn append(&mut self, bytes: Bytes) -> Result<()> {
        self.wire.runs().await;
        let outcome = self.inner.append(bytes).await;
        self.wire.runs().await;
        outcome
    }

    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()> {
        self.wire.runs().await;
        let outcome = self.inner.append_object(from, size).await;
        self.wire.runs().await;
        outcome
    }

    async fn publish_new(self: Box<Self>) -> Result<ObjectMeta> {
        let Self { inner, wire } = *self;
        wire.call(|_| inner.publish_new()).await
    }

    async fn abandon(self: Box<Self>) -> Result<()> {
        let Self { inner, wire } = *self;
        wire.call(|_| inner.abandon()).await
    }
}
