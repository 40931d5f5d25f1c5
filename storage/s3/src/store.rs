use std::fmt;
use std::hash::{DefaultHasher, Hash, Hasher};
use std::sync::Arc;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::DateTime;
use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;
use storage::{ByteRange, Key, Listed, Object, ObjectMeta, ObjectStore, Prefix, Result, StagedWrite};
use tokio::sync::{Mutex, MutexGuard};

use crate::copies::Copies;
use crate::names::Names;
use crate::options::Options;
use crate::parts::Stage;
use crate::write::Written;

/// An [`ObjectStore`] in a bucket. Cheap to clone.
#[derive(Clone)]
pub struct S3Store {
    pub(crate) client: Client,
    pub(crate) options: Arc<Options>,
    pub(crate) names: Names,
    /// Set if the store cannot be trusted with conditions: then this process looks first, one key at a time.
    pub(crate) queues: Option<Arc<Queues>>,
    pub(crate) copies: Arc<Copies>,
}

impl fmt::Debug for S3Store {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Options { bucket, prefix, endpoint, .. } = &*self.options;
        let mut text = f.debug_struct("S3Store");
        text.field("bucket", bucket).field("prefix", prefix).field("endpoint", endpoint).finish_non_exhaustive()
    }
}

impl S3Store {
    /// The same bucket, for a store that does not do what `If-None-Match: *` asks. Creating is then looking and
    /// writing, which is right only while this is the one process that writes: see [`crate::SingleWriter`].
    #[must_use]
    pub fn without_conditions(mut self) -> Self {
        self.queues = Some(Arc::default());
        self
    }
}

/// Keys with the same number wait for each other.
pub(crate) struct Queues([Mutex<()>; 64]);

impl Default for Queues {
    fn default() -> Self {
        Self(std::array::from_fn(|_| Mutex::default()))
    }
}

impl Queues {
    pub(crate) async fn enter(&self, key: &Key) -> MutexGuard<'_, ()> {
        let mut hasher = DefaultHasher::new();
        key.hash(&mut hasher);
        let number = hasher.finish() as usize % self.0.len();
        self.0[number].lock().await
    }
}

/// What an answer's headers, or a line of a listing, tell of an object.
pub(crate) fn meta(size: Option<i64>, modified: Option<&DateTime>, etag: Option<&str>) -> ObjectMeta {
    ObjectMeta {
        size: size.and_then(|size| u64::try_from(size).ok()).unwrap_or_default(),
        // headers have whole seconds only, and both must tell the same
        modified: modified.and_then(|time| Timestamp::from_second(time.secs()).ok()).unwrap_or_default(),
        etag: etag_text(etag),
    }
}

/// An ETag without its quotes, which some stores leave out of listings.
pub(crate) fn etag_text(etag: Option<&str>) -> String {
    etag.unwrap_or_default().trim_matches('"').to_owned()
}

#[async_trait::async_trait]
impl ObjectStore for S3Store {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        let size = bytes.len() as u64;
        match self.write_new(key, bytes).await? {
            Written::Now(etag) => Ok(self.written(key, size, etag).await),
            Written::Before(meta) => Ok(meta),
        }
    }

    async fn create(&self, key: &Key, bytes: Bytes) -> Result<()> {
        self.write_new(key, bytes).await.map(drop)
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.replace(key, bytes).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        self.read(key, range).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        Ok(self.look(key).await?.meta)
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.remove(key).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        self.copy(from, to).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.pages(prefix, false)
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.pages(folder, true)
    }

    async fn sweep(&self) -> Result<u64> {
        self.remove_leftovers().await
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        Ok(Box::new(Stage::new(self.clone(), key.clone())))
    }
}
