//! The suite on what this crate offers. The folder has further tests of its own.

use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};

use futures_util::stream::BoxStream;

use super::*;
use crate::faulty::{Faulty, Plan};
use crate::filesystem::FileStore;
use crate::filesystem::nfs::{Client, Oddities};
use crate::memory::MemoryStore;
use crate::observed::{Observation, Observed, Observer};
use crate::{ByteRange, Object, StagedWrite};

struct Deaf;

impl Observer for Deaf {
    fn observe(&self, _: &Observation) {}
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn memory_holds_it() {
    holds(Arc::new(MemoryStore::new())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn observed_and_faulty_hold_it() {
    let faulty = Faulty::new(MemoryStore::new(), Plan::none());
    holds(Arc::new(Observed::new(faulty.clone(), Arc::new(Deaf)))).await;
    assert!(faulty.calls() > 1000);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_hold_it() {
    let root = tempfile::tempdir().unwrap();
    holds(Arc::new(FileStore::open(root.path().to_owned()).unwrap())).await;
    assert_tidy(root.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_of_two_processes_hold_it() {
    let root = tempfile::tempdir().unwrap();
    let [one, other] = [0, 1].map(|_| FileStore::open(root.path().to_owned()).unwrap());
    holds(Arc::new(Either { one, other, calls: Default::default() })).await;
    assert_tidy(root.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_of_two_machines_over_nfs_hold_it() {
    let root = tempfile::tempdir().unwrap();
    let clients = [1, 2].map(|seed| Arc::new(Client::new(seed)));
    let open = |client| FileStore::open_over(root.path().to_owned(), client).unwrap();
    let [one, other] = clients.clone().map(open);
    holds(Arc::new(Either { one, other, calls: Default::default() })).await;
    for client in clients {
        let Oddities { stale, repeated, kept, .. } = client.oddities();
        assert!(stale > 100 && repeated > 100 && kept > 100, "{:?}", client.oddities());
        client.forget();
    }
    assert_tidy(root.path());
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_of_one_machine_that_remembers_absence_hold_it() {
    let root = tempfile::tempdir().unwrap();
    let client = Arc::new(Client::remembering_absence(3));
    holds(Arc::new(FileStore::open_over(root.path().to_owned(), client.clone()).unwrap())).await;
    client.forget();
    assert_tidy(root.path());
}

/// Why such a volume is not shared without being told so.
#[tokio::test]
async fn what_one_machine_makes_another_one_that_remembers_absence_overlooks() {
    let root = tempfile::tempdir().unwrap();
    let (one, client) = (Arc::new(Client::new(1)), Arc::new(Client::remembering_absence(2)));
    let [one, other] =
        [one, client.clone()].map(|client| FileStore::open_over(root.path().to_owned(), client).unwrap());
    let key = Key::new("folder/a").unwrap();
    one.put_new(&Key::new("folder/b").unwrap(), "b".into()).await.unwrap();
    assert_not_found(&key, other.get(&key, None).await);
    one.put_new(&key, "a".into()).await.unwrap();
    assert_not_found(&key, other.get(&key, None).await);
    // a name is never made twice for that: the server is asked
    assert_taken(&key, other.put_new(&key, "c".into()).await);
    client.forget();
    assert_eq!(other.get(&key, None).await.unwrap().bytes, "a");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn files_on_an_old_kernel_and_without_links_hold_it() {
    let root = tempfile::tempdir().unwrap();
    holds(Arc::new(FileStore::open_without_openat2_and_links(root.path().to_owned()).unwrap())).await;
    assert_tidy(root.path());
}

/// Nothing unfinished stays behind.
fn assert_tidy(root: &Path) {
    let unfinished = || std::fs::read_dir(root.join(".chandlery/tmp")).unwrap().count();
    let patience = std::time::Instant::now() + std::time::Duration::from_secs(10);
    while unfinished() > 0 && std::time::Instant::now() < patience {
        std::thread::yield_now(); // dropped parts are removed by another thread
    }
    assert_eq!(unfinished(), 0);
}

/// Two handles that know nothing of each other, used in turn, as by two replicas.
struct Either {
    one: FileStore,
    other: FileStore,
    calls: AtomicUsize,
}

impl Either {
    fn pick(&self) -> &FileStore {
        if self.calls.fetch_add(1, Ordering::Relaxed).is_multiple_of(2) { &self.one } else { &self.other }
    }
}

#[async_trait::async_trait]
impl ObjectStore for Either {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.pick().put_new(key, bytes).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.pick().put(key, bytes).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        self.pick().get(key, range).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        self.pick().head(key).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.pick().delete(key).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        self.pick().copy_new(from, to).await
    }

    async fn settle(&self, key: &Key) -> Result<ObjectMeta> {
        self.pick().settle(key).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.pick().list(prefix)
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.pick().list_folder(folder)
    }

    async fn sweep(&self) -> Result<u64> {
        self.pick().sweep().await
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        self.pick().stage(key).await
    }
}
