use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::BoxStream;
use jiff::Timestamp;

use crate::{Key, Prefix, Result};

/// What a storage knows of an object without its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ObjectMeta {
    /// Length in bytes.
    pub size: u64,
    /// When the storage last wrote it, by the storage's own clock.
    pub modified: Timestamp,
    /// Changes whenever the bytes do, as far as the backend can tell; opaque.
    pub etag: String,
}

/// An object's bytes (all, or the range asked for) and what is known of the whole object.
#[derive(Debug, Clone)]
pub struct Object {
    /// Of the whole object, whatever the range.
    pub meta: ObjectMeta,
    /// The bytes asked for.
    pub bytes: Bytes,
}

/// One line of a listing.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Listed {
    /// An object and what the listing tells of it. Listings are hints: they may lag.
    Object(Key, ObjectMeta),
    /// With [`ObjectStore::list_folder`]: a folder below the prefix, that is a common prefix up to the next `/`.
    Folder(Prefix),
}

/// Bytes `start..end` of an object; `end` may lie beyond the object's end.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct ByteRange {
    /// First byte.
    pub start: u64,
    /// One past the last byte.
    pub end: u64,
}

impl ByteRange {
    /// The part of it that an object of `size` bytes has; empty if it has none.
    pub fn within(self, size: u64) -> std::ops::Range<u64> {
        let start = self.start.min(size);
        start..self.end.clamp(start, size)
    }
}

/// Bytes under keys. Objects are whole or absent: no reader ever sees a part of one.
#[async_trait::async_trait]
pub trait ObjectStore: Send + Sync + 'static {
    /// Creates the object if its key is free. Of any number of concurrent calls for one key exactly one succeeds;
    /// the others get `AlreadyExists`. Durable when it returns. After `Unavailable` it may have happened.
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta>;

    /// [`ObjectStore::put_new`], for those who need not know what the storage knows of the object then: some have to ask
    /// for it with a request of its own.
    async fn create(&self, key: &Key, bytes: Bytes) -> Result<()> {
        self.put_new(key, bytes).await.map(drop)
    }

    /// Creates or replaces the object, atomically for readers. Only for exports and heartbeats: nothing that the
    /// journal refers to is ever replaced.
    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta>;

    /// The object, or a range of it. A range that begins at or beyond the end yields no bytes.
    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object>;

    /// What is known of the object.
    async fn head(&self, key: &Key) -> Result<ObjectMeta>;

    /// Removes the object. A missing one is fine: afterwards it is absent either way.
    async fn delete(&self, key: &Key) -> Result<()>;

    /// Copies `from` to the free key `to`, without moving the bytes through this process where the backend can.
    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta>;

    /// Makes an object durable that somebody else wrote: a person, another program, a process that died before its
    /// answer. What [`ObjectStore::put_new`] and its like have answered is durable anyway.
    async fn settle(&self, key: &Key) -> Result<ObjectMeta> {
        self.head(key).await
    }

    /// Every object whose key begins with the prefix text, in byte order of keys, page by page as it is polled.
    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>>;

    /// Objects directly in the folder, and its sub-folders, in byte order (a folder's name counts with its `/`). The
    /// prefix is empty or ends in `/`.
    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>>;

    /// Removes what staged writes have left for more than a day whose process died, if the backend keeps such where it must
    /// be looked for. Returns how many it were. May be done again, and by several processes at a time.
    async fn sweep(&self) -> Result<u64> {
        Ok(0)
    }

    /// Begins an object too large for one buffer. Nothing is visible before [`StagedWrite::publish_new`].
    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>>;
}

/// An object being written in parts. Dropping it abandons it.
#[async_trait::async_trait]
pub trait StagedWrite: Send {
    /// Adds bytes at the end.
    async fn append(&mut self, bytes: Bytes) -> Result<()>;

    /// Adds all bytes of another object at the end, without moving them through this process where the backend can. It has
    /// `size` bytes: if not, that is `Corrupt`. After an error there is nothing to be done but to abandon it.
    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()>;

    /// Makes the object visible under its key, as `put_new` does.
    async fn publish_new(self: Box<Self>) -> Result<ObjectMeta>;

    /// Removes what was written.
    async fn abandon(self: Box<Self>) -> Result<()>;
}

/// A shared store is a store, so that wrappers go around one that others hold too.
#[async_trait::async_trait]
impl<S: ObjectStore + ?Sized> ObjectStore for Arc<S> {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        (**self).put_new(key, bytes).await
    }

    async fn create(&self, key: &Key, bytes: Bytes) -> Result<()> {
        (**self).create(key, bytes).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        (**self).put(key, bytes).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        (**self).get(key, range).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        (**self).head(key).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        (**self).delete(key).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        (**self).copy_new(from, to).await
    }

    async fn settle(&self, key: &Key) -> Result<ObjectMeta> {
        (**self).settle(key).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        (**self).list(prefix)
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        (**self).list_folder(folder)
    }

    async fn sweep(&self) -> Result<u64> {
        (**self).sweep().await
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        (**self).stage(key).await
    }
}
