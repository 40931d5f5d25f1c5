//! A storage in memory, its time, and the replicas on it.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use catalogue::{Catalogue, Clock, CommitError, Freshness, Options, PublishOutcome, RepositoryPath, Version};
use chart::Package;
use futures_util::TryStreamExt;
use storage::memory::MemoryStore;
use storage::{Key, Listed, ObjectStore, Prefix};

use crate::packages::provenance;
use crate::time::{TestClock, identifiers};

pub const DAY: u64 = 24 * 3600;

pub struct Site {
    pub store: MemoryStore,
    pub clock: TestClock,
    replicas: AtomicU64,
}

impl Site {
    pub fn new() -> Self {
        let clock = TestClock::new();
        let time = clock.clone();
        let store = MemoryStore::with_clock(Arc::new(move || time.now()));
        Self { store, clock, replicas: AtomicU64::new(1) }
    }

    /// The same bytes on a storage of their own.
    pub async fn copy(&self) -> Self {
        let copy = Self::new();
        for key in self.keys("").await {
            copy.place(&key, self.bytes(&key).await).await;
        }
        copy
    }

    /// Options of a replica that does nothing by itself.
    pub fn options(&self) -> Options {
        Options {
            database: None,
            freshness: Freshness::Strict,
            stale_while_down: Duration::ZERO,
            follow_interval: Duration::ZERO,
            reconcile_interval: Duration::ZERO,
            clock: Arc::new(self.clock.clone()),
            new_id: identifiers(self.replicas.fetch_add(1, Ordering::Relaxed)),
            ..Options::default()
        }
    }

    pub async fn replica(&self) -> Catalogue {
        Catalogue::open(Arc::new(self.store.clone()), self.options()).await.unwrap()
    }

    /// A person or ChartMuseum writes a file.
    pub async fn place(&self, place: &str, bytes: impl Into<Bytes>) {
        self.store.put(&key(place), bytes.into()).await.unwrap();
    }

    /// A person deletes a file.
    pub async fn take_away(&self, place: &str) {
        assert!(self.has(place).await, "{place} is not there to be deleted");
        self.store.delete(&key(place)).await.unwrap();
    }

    pub async fn has(&self, place: &str) -> bool {
        self.store.head(&key(place)).await.is_ok()
    }

    pub async fn bytes(&self, place: &str) -> Bytes {
        self.store.get(&key(place), None).await.unwrap().bytes
    }

    /// Every key that begins with the text.
    pub async fn keys(&self, prefix: &str) -> Vec<String> {
        keys(&self.store, prefix).await
    }
}

pub async fn keys(store: &MemoryStore, prefix: &str) -> Vec<String> {
    let listed: Vec<_> = store.list(&Prefix::new(prefix).unwrap()).try_collect().await.unwrap();
    let key = |listed| match listed {
        Listed::Object(key, _) => key.to_string(),
        Listed::Folder(folder) => panic!("{folder} in a flat listing"),
    };
    listed.into_iter().map(key).collect()
}

pub fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

pub fn root() -> RepositoryPath {
    RepositoryPath::root()
}

pub fn path(text: &str) -> RepositoryPath {
    RepositoryPath::parse(text).unwrap()
}

pub async fn publish(replica: &Catalogue, package: &Package) -> Result<PublishOutcome, CommitError> {
    replica.publish(&root(), package, None, false).await
}

pub async fn overwrite(replica: &Catalogue, package: &Package) -> Result<PublishOutcome, CommitError> {
    replica.publish(&root(), package, None, true).await
}

/// Publishes with a provenance. Returns the provenance's bytes.
pub async fn publish_signed(replica: &Catalogue, package: &Package, number: u32) -> Bytes {
    let (signed, bytes) = provenance(package, number);
    replica.publish(&root(), package, Some((&signed, bytes.clone())), false).await.unwrap();
    bytes
}

/// The version as the replica has it, after a look.
pub async fn version(replica: &Catalogue, name: &str, text: &str) -> Option<Arc<Version>> {
    let view = replica.checked().await.unwrap().view;
    view.state.repository(&root())?.version(name, text).cloned()
}

/// The version's bytes, through the verified load.
pub async fn bytes(replica: &Catalogue, name: &str, text: &str) -> Option<Bytes> {
    let version = version(replica, name, text).await?;
    Some(replica.load(&(&version.package).into()).await.unwrap())
}

/// The provenance of the package file, if it has one.
pub async fn signature(replica: &Catalogue, package: &Package) -> Option<Bytes> {
    let view = replica.checked().await.unwrap().view;
    let location = view.state.repository(&root())?.provenance(&package.file_name())?;
    Some(replica.load(&location).await.unwrap())
}

/// The repository's `index.yaml`, as it is sent.
pub async fn index_text(replica: &Catalogue, repository: &RepositoryPath) -> String {
    let view = replica.checked().await.unwrap().view;
    let body = &view.repository_or_empty(repository).index().identity;
    let bytes: Vec<u8> = body.frames.iter().flat_map(|frame| frame.iter().copied()).collect();
    assert_eq!(bytes.len() as u64, body.length);
    String::from_utf8(bytes).unwrap()
}

/// The same, read as a client reads it.
pub async fn index(replica: &Catalogue, repository: &RepositoryPath) -> serde_json::Value {
    serde_json::from_str(&index_text(replica, repository).await).unwrap()
}
