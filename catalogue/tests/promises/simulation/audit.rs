//! The storage itself: it takes its time, and every deletion and replacement is held against what the journal refers to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use storage::memory::MemoryStore;
use storage::{ByteRange, Key, Listed, Object, ObjectMeta, ObjectStore, Prefix, Result, StagedWrite};

use super::history::Shared;
use crate::time::mix;

/// How long calls take, in milliseconds: mostly, and now and then.
#[derive(Debug, Clone, Copy)]
pub struct Pace {
    pub usual: u64,
    pub slow: u64,
    /// Of 1000 calls.
    pub slow_calls: u64,
}

/// The storage as one replica reaches it.
#[derive(Clone)]
pub struct Audited {
    pub store: MemoryStore,
    pub history: Shared,
    pub pace: Pace,
    pub seed: u64,
    pub calls: Arc<AtomicU64>,
    /// Slow calls happen while the storage has faults.
    pub faults: Arc<AtomicBool>,
    /// The process died and what it sent last is lost on the way.
    pub lost: Arc<AtomicBool>,
}

impl Audited {
    async fn wait(&self) {
        let dice = mix(self.seed, self.calls.fetch_add(1, Ordering::Relaxed));
        let slow = self.faults.load(Ordering::Relaxed) && dice % 1000 < self.pace.slow_calls;
        let longest = if slow { self.pace.slow } else { self.pace.usual };
        if longest > 0 {
            tokio::time::sleep(Duration::from_millis((dice >> 16) % longest)).await;
        }
    }

    async fn slow<T>(&self, call: impl Future<Output = Result<T>>) -> Result<T> {
        self.wait().await;
        if self.lost.load(Ordering::Relaxed) {
            std::future::pending::<()>().await;
        }
        let outcome = call.await;
        self.wait().await;
        outcome
    }
}

#[async_trait::async_trait]
impl ObjectStore for Audited {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.slow(self.store.put_new(key, bytes)).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.slow(async {
            self.history.lock().unwrap().about_to_replace(key);
            self.store.put(key, bytes).await
        })
        .await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        self.slow(self.store.get(key, range)).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        self.slow(self.store.head(key)).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.slow(async {
            self.history.lock().unwrap().about_to_delete(key);
            self.store.delete(key).await
        })
        .await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        self.slow(self.store.copy_new(from, to)).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.store.list(prefix)
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.store.list_folder(folder)
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        let inner = self.slow(self.store.stage(key)).await?;
        Ok(Box::new(AuditedStage { inner, storage: self.clone() }))
    }
}

/// An object that grows, as slowly as everything else.
struct AuditedStage {
    inner: Box<dyn StagedWrite>,
    storage: Audited,
}

#[async_trait::async_trait]
impl StagedWrite for AuditedStage {
    async fn append(&mut self, bytes: Bytes) -> Result<()> {
        self.storage.slow(self.inner.append(bytes)).await
    }

    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()> {
        self.storage.slow(self.inner.append_object(from, size)).await
    }

    async fn publish_new(self: Box<Self>) -> Result<ObjectMeta> {
        self.storage.slow(self.inner.publish_new()).await
    }

    async fn abandon(self: Box<Self>) -> Result<()> {
        self.storage.slow(self.inner.abandon()).await
    }
}
