use futures_util::stream::BoxStream;
use futures_util::{StreamExt, TryStreamExt};
use storage::memory::MemoryStore;
use storage::{ByteRange, Listed, Object, ObjectMeta, Prefix, Result, StagedWrite};

use super::*;

/// What a store does with the condition of a write.
#[derive(Clone, Copy)]
enum Kind {
    Honours,
    Ignores,
    DoesNotKnow,
    /// Right in sequence, and not atomic.
    Races,
    Denies,
    Fails,
}

struct Store(MemoryStore, Kind);

#[async_trait::async_trait]
impl ObjectStore for Store {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        match self.1 {
            Kind::Honours => self.0.put_new(key, bytes).await,
            Kind::Ignores => self.0.put(key, bytes).await,
            Kind::DoesNotKnow => Err(StorageError::Unsupported("NotImplemented".to_owned())),
            Kind::Races => {
                let is_free = self.0.head(key).await.is_err();
                tokio::task::yield_now().await;
                match is_free {
                    true => self.0.put(key, bytes).await,
                    false => Err(StorageError::AlreadyExists(key.clone())),
                }
            }
            Kind::Denies => Err(StorageError::Denied("AccessDenied".to_owned())),
            Kind::Fails => Err(StorageError::Unavailable("SlowDown".to_owned())),
        }
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        self.0.put(key, bytes).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        self.0.get(key, range).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        self.0.head(key).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        self.0.delete(key).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        self.0.copy_new(from, to).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.0.list(prefix)
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.0.list_folder(folder)
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        self.0.stage(key).await
    }
}

/// On one thread, so that the race is the same every time.
async fn found(kind: Kind) -> Result<Finding> {
    let inner = MemoryStore::new();
    let store: Arc<dyn ObjectStore> = Arc::new(Store(inner.clone(), kind));
    let finding = probe(&store).await;
    let left: Vec<Listed> = inner.list(&Prefix::root()).take(1).try_collect().await.unwrap();
    assert!(left.is_empty(), "{left:?}");
    finding
}

#[tokio::test]
async fn each_kind_of_store_is_known() {
    assert_eq!(found(Kind::Honours).await.unwrap(), Finding::Exclusive);
    let reason = |finding| match finding {
        Finding::NotExclusive(reason) => reason,
        other => panic!("{other:?}"),
    };
    assert_eq!(reason(found(Kind::Ignores).await.unwrap()), "it ignores the condition of a write");
    let unknown = reason(found(Kind::DoesNotKnow).await.unwrap());
    assert_eq!(unknown, "it does not know conditional writes (NotImplemented)");
    assert_eq!(reason(found(Kind::Races).await.unwrap()), "several writers win a race");
    assert_eq!(found(Kind::Denies).await.unwrap(), Finding::ReadOnly("AccessDenied".to_owned()));
    assert!(matches!(found(Kind::Fails).await, Err(StorageError::Unavailable(_))));
}
