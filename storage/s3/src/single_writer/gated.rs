use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use storage::{ByteRange, Key, Listed, Object, ObjectMeta, ObjectStore, Prefix, Result, StagedWrite};

/// Says whether may be written now.
type Gate = Arc<dyn Fn() -> Result<()> + Send + Sync>;

/// A store that asks before it writes.
pub(super) struct Gated {
    inner: Arc<dyn ObjectStore>,
    gate: Gate,
}

impl Gated {
    pub(super) fn new(inner: Arc<dyn ObjectStore>, gate: Gate) -> Self {
        Self { inner, gate }
    }
}

impl fmt::Debug for Gated {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gated").finish_non_exhaustive()
    }
}

#[async_trait::async_trait]
impl ObjectStore for Gated {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        (self.gate)()?;
        self.inner.put_new(key, bytes).await
    }

    async fn create(&self, key: &Key, bytes: Bytes) -> Result<()> {
        (self.gate)()?;
        self.inner.create(key, bytes).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        (self.gate)()?;
        self.inner.put(key, bytes).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        self.inner.get(key, range).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        self.inner.head(key).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        (self.gate)()?;
        self.inner.delete(key).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        (self.gate)()?;
        self.inner.copy_new(from, to).await
    }

    async fn settle(&self, key: &Key) -> Result<ObjectMeta> {
        self.inner.settle(key).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.inner.list(prefix)
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.inner.list_folder(folder)
    }

    async fn sweep(&self) -> Result<u64> {
        (self.gate)()?;
        self.inner.sweep().await
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        (self.gate)()?;
        Ok(Box::new(GatedStage { inner: self.inner.stage(key).await?, gate: Arc::clone(&self.gate) }))
    }
}

struct GatedStage {
    inner: Box<dyn StagedWrite>,
    gate: Gate,
}

#[async_trait::async_trait]
impl StagedWrite for GatedStage {
    async fn append(&mut self, bytes: Bytes) -> Result<()> {
        (self.gate)()?;
        self.inner.append(bytes).await
    }

    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()> {
        (self.gate)()?;
        self.inner.append_object(from, size).await
    }

    async fn publish_new(self: Box<Self>) -> Result<ObjectMeta> {
        (self.gate)()?;
        self.inner.publish_new().await
    }

    async fn abandon(self: Box<Self>) -> Result<()> {
        self.inner.abandon().await
    }
}
