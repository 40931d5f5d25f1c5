//! Objects in memory, for tests and trials.
//!
//! Deterministic: the same calls in the same order give the same answers, ETags included, and with
//! [`MemoryStore::with_clock`] the same times. The map is behind one lock and no call waits while it holds it.

use std::collections::BTreeMap;
use std::fmt;
use std::ops::Bound;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::{Bytes, BytesMut};
use futures_util::StreamExt;
use futures_util::stream::{self, BoxStream};
use jiff::Timestamp;

use crate::{ByteRange, Key, Listed, Object, ObjectMeta, ObjectStore, Prefix, Result, StagedWrite, StorageError};

/// Where an object's time of writing comes from.
pub type Clock = Arc<dyn Fn() -> Timestamp + Send + Sync>;

/// Entries per page of a listing: S3's own page, so that tests meet the same seams.
const PAGE: usize = 1000;

/// An [`ObjectStore`] that lives as long as the process. Clones share their objects.
#[derive(Clone)]
pub struct MemoryStore {
    clock: Clock,
    state: Arc<Mutex<State>>,
}

#[derive(Default)]
struct State {
    objects: BTreeMap<Key, Object>,
    writes: u64,
}

impl Default for MemoryStore {
    fn default() -> Self {
        Self::new()
    }
}

impl fmt::Debug for MemoryStore {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("MemoryStore").field("objects", &self.lock().objects.len()).finish_non_exhaustive()
    }
}

impl MemoryStore {
    /// An empty store on the system's clock.
    pub fn new() -> Self {
        Self::with_clock(Arc::new(Timestamp::now))
    }

    /// An empty store whose objects are as old as `clock` says.
    pub fn with_clock(clock: Clock) -> Self {
        Self { clock, state: Arc::default() }
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        // nothing panics between two changes that belong together, so a poisoned state is a whole one
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self, state: &mut State, key: &Key, bytes: Bytes) -> ObjectMeta {
        state.writes += 1;
        let meta =
            ObjectMeta { size: bytes.len() as u64, modified: (self.clock)(), etag: format!("memory-{}", state.writes) };
        state.objects.insert(key.clone(), Object { meta: meta.clone(), bytes });
        meta
    }

    fn write_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        let mut state = self.lock();
        if state.objects.contains_key(key) {
            return Err(StorageError::AlreadyExists(key.clone()));
        }
        Ok(self.write(&mut state, key, bytes))
    }

    fn find(&self, key: &Key) -> Result<Object> {
        self.lock().objects.get(key).cloned().ok_or_else(|| StorageError::NotFound(key.clone()))
    }

    /// The next lines of a listing, and where to go on.
    fn page(&self, prefix: &str, folders: bool, mut from: Position) -> (Vec<Listed>, Option<Position>) {
        let state = self.lock();
        let mut page = Vec::new();
        while page.len() < PAGE {
            let next = state.objects.range::<str, _>((from.bound(), Bound::Unbounded)).next();
            let Some((key, object)) = next.filter(|(key, _)| key.as_str().starts_with(prefix)) else {
                return (page, None);
            };
            match key.as_str()[prefix.len()..].split_once('/').filter(|_| folders) {
                Some((name, _)) => {
                    let folder = format!("{prefix}{name}/");
                    from = Position::BehindFolder(format!("{prefix}{name}0")); // `0` is the byte after `/`
                    page.extend(Prefix::new(folder).map(Listed::Folder));
                }
                None => {
                    from = Position::Behind(key.clone());
                    page.push(Listed::Object(key.clone(), object.meta.clone()));
                }
            }
        }
        (page, Some(from))
    }

    fn pages(&self, prefix: &Prefix, folders: bool) -> BoxStream<'_, Result<Listed>> {
        let prefix = prefix.clone();
        let start = Some(Position::At(prefix.to_string()));
        stream::unfold(start, move |from| {
            let page = from.map(|from| self.page(prefix.as_str(), folders, from));
            async { page.map(|(page, next)| (stream::iter(page.into_iter().map(Ok)), next)) }
        })
        .flatten()
        .boxed()
    }
}

/// Where a listing goes on.
enum Position {
    At(String),
    Behind(Key),
    BehindFolder(String),
}

impl Position {
    fn bound(&self) -> Bound<&str> {
        match self {
            Self::At(text) | Self::BehindFolder(text) => Bound::Included(text),
            Self::Behind(key) => Bound::Excluded(key.as_str()),
        }
    }
}

#[async_trait::async_trait]
impl ObjectStore for MemoryStore {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.write_new(key, bytes)
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        Ok(self.write(&mut self.lock(), key, bytes))
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        let Object { meta, bytes } = self.find(key)?;
        let bytes = range.map_or(bytes.clone(), |range| {
            let range = range.within(meta.size);
            bytes.slice(range.start as usize..range.end as usize)
        });
        Ok(Object { meta, bytes })
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        self.find(key).map(|object| object.meta)
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.lock().objects.remove(key);
        Ok(())
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        let bytes = self.find(from)?.bytes;
        self.write_new(to, bytes)
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.pages(prefix, false)
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.pages(folder, true)
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        Ok(Box::new(MemoryStage { store: self.clone(), key: key.clone(), bytes: BytesMut::new() }))
    }
}

struct MemoryStage {
    store: MemoryStore,
    key: Key,
    bytes: BytesMut,
}

#[async_trait::async_trait]
impl StagedWrite for MemoryStage {
    async fn append(&mut self, bytes: Bytes) -> Result<()> {
        self.bytes.extend_from_slice(&bytes);
        Ok(())
    }

    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()> {
        let object = self.store.find(from)?;
        if object.meta.size != size {
            return Err(StorageError::Corrupt(format!("{from}: it has {} bytes instead of {size}", object.meta.size)));
        }
        self.bytes.extend_from_slice(&object.bytes);
        Ok(())
    }

    async fn publish_new(self: Box<Self>) -> Result<ObjectMeta> {
        self.store.write_new(&self.key, self.bytes.freeze())
    }

    async fn abandon(self: Box<Self>) -> Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Key {
        Key::new(text).unwrap()
    }

    #[tokio::test]
    async fn times_come_from_the_clock_that_was_set() {
        let now = Arc::new(Mutex::new(Timestamp::UNIX_EPOCH));
        let clock = Arc::clone(&now);
        let store = MemoryStore::with_clock(Arc::new(move || *clock.lock().unwrap()));
        assert_eq!(store.put_new(&key("a"), Bytes::new()).await.unwrap().modified, Timestamp::UNIX_EPOCH);
        *now.lock().unwrap() = Timestamp::from_second(86_400).unwrap();
        store.put(&key("a"), Bytes::new()).await.unwrap();
        assert_eq!(store.head(&key("a")).await.unwrap().modified, Timestamp::from_second(86_400).unwrap());
    }

    #[tokio::test]
    async fn two_stores_with_the_same_calls_tell_the_same() {
        let clock: Clock = Arc::new(|| Timestamp::UNIX_EPOCH);
        let (one, other) = (MemoryStore::with_clock(clock.clone()), MemoryStore::with_clock(clock));
        for store in [&one, &other] {
            for name in ["b", "a/x", "a-", "a/y/z"] {
                store.put_new(&key(name), Bytes::from(name.to_owned())).await.unwrap();
            }
        }
        let root = Prefix::root();
        let lines: Vec<_> = one.list(&root).collect().await;
        let others: Vec<_> = other.list(&root).collect().await;
        assert_eq!(format!("{lines:?}"), format!("{others:?}"));
        let folders: Vec<_> = one
            .list_folder(&root)
            .map(|line| match line.unwrap() {
                Listed::Object(key, _) => key.to_string(),
                Listed::Folder(folder) => folder.to_string(),
            })
            .collect()
            .await;
        assert_eq!(folders, ["a-", "a/", "b"]);
    }
}
