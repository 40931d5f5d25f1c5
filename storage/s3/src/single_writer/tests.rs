use storage::faulty::{Faulty, Plan};
use storage::memory::MemoryStore;
use storage::{Key, Operation, Prefix};
use tokio::time::sleep;

use super::*;

const INTERVAL: Duration = Duration::from_secs(5);

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn replica(store: &MemoryStore) -> SingleWriter {
    SingleWriter::begin(Arc::new(store.clone()), INTERVAL)
}

async fn write(replica: &SingleWriter) -> Result<()> {
    replica.store().put(&key("object"), "bytes".into()).await.map(drop)
}

async fn until(replica: &SingleWriter, turn: Turn) -> Duration {
    let begun = Instant::now();
    replica.shared.turn.subscribe().wait_for(|now| *now == turn).await.unwrap();
    begun.elapsed()
}

async fn heartbeats(store: &MemoryStore) -> usize {
    use futures_util::StreamExt;
    store.list(&Prefix::new(".chandlery/heartbeats/").unwrap()).count().await
}

#[tokio::test(start_paused = true)]
async fn the_first_replica_writes_after_one_interval() {
    let store = MemoryStore::new();
    let one = replica(&store);
    assert!(write(&one).await.is_err(), "nobody writes before it has looked");
    assert_eq!(one.decided().await, Turn::Ours);
    write(&one).await.unwrap();
    assert_eq!(heartbeats(&store).await, 1);
}

#[tokio::test(start_paused = true)]
async fn a_second_replica_reads_only_and_writes_at_once_when_the_first_ends() {
    let store = MemoryStore::new();
    let one = replica(&store);
    one.decided().await;
    let other = replica(&store);
    assert_eq!(other.decided().await, Turn::Theirs);
    write(&one).await.unwrap();
    let error = write(&other).await.unwrap_err();
    assert_eq!(error.to_string(), "the storage is unavailable: another replica writes to this storage");
    assert_eq!(other.store().get(&key("object"), None).await.unwrap().bytes, "bytes");
    sleep(INTERVAL * 100).await;
    assert_eq!((one.turn(), other.turn()), (Turn::Ours, Turn::Theirs), "a heart that beats keeps its turn");
    one.release().await;
    assert!(write(&one).await.is_err());
    assert!(until(&other, Turn::Ours).await <= INTERVAL * 3);
    write(&other).await.unwrap();
    assert_eq!(heartbeats(&store).await, 1);
}

#[tokio::test(start_paused = true)]
async fn of_replicas_that_start_together_one_writes() {
    let store = MemoryStore::new();
    let replicas: Vec<_> = (0..5).map(|_| replica(&store)).collect();
    sleep(INTERVAL * 20).await;
    let writers = replicas.iter().filter(|replica| replica.turn() == Turn::Ours).count();
    assert_eq!(writers, 1);
    assert!(replicas.iter().all(|replica| replica.turn() != Turn::Unknown));
}

/// What a replica that was killed, or hangs, leaves.
async fn orphan(store: &MemoryStore, claim: u64) {
    let beat = format!(r#"{{"claim":{claim},"writes":true,"count":7}}"#);
    store.put(&key(".chandlery/heartbeats/0-orphan"), beat.into()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_heart_that_stands_still_is_believed_to_be_gone_after_six_beats() {
    let store = MemoryStore::new();
    orphan(&store, 3).await;
    let one = replica(&store);
    let begun = Instant::now();
    assert_eq!(one.decided().await, Turn::Ours);
    let waited = begun.elapsed();
    assert!((INTERVAL * STILL..INTERVAL * (STILL + 3)).contains(&waited), "{waited:?}");
    write(&one).await.unwrap();
    sleep(INTERVAL * STILL * 3).await;
    assert_eq!(heartbeats(&store).await, 1, "what it left is removed");
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_sees_a_higher_claim_than_its_own_stops() {
    let store = MemoryStore::new();
    let one = replica(&store);
    one.decided().await;
    orphan(&store, 3).await;
    until(&one, Turn::Theirs).await;
    assert!(write(&one).await.is_err());
    assert!(until(&one, Turn::Ours).await >= INTERVAL * (STILL - 1), "and takes over again when that one stands still");
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_cannot_look_does_not_write() {
    let store = MemoryStore::new();
    let faulty = Faulty::new(store.clone(), Plan::none());
    let one = SingleWriter::begin(Arc::new(faulty.clone()), INTERVAL);
    one.decided().await;
    write(&one).await.unwrap();
    faulty.set_plan(Plan::down().only([Operation::List]));
    sleep(INTERVAL * STILL).await;
    let error = write(&one).await.unwrap_err();
    assert_eq!(error.to_string(), "the storage is unavailable: whether another replica writes is not known");
    faulty.set_plan(Plan::none());
    sleep(INTERVAL * 2).await;
    write(&one).await.unwrap();
}

#[tokio::test]
async fn a_storage_that_is_read_only_answers_so() {
    let store = MemoryStore::new();
    store.put(&key("object"), "bytes".into()).await.unwrap();
    let gated = read_only(Arc::new(store), "no".to_owned());
    for outcome in [
        gated.put_new(&key("a"), "".into()).await.map(drop),
        gated.put(&key("a"), "".into()).await.map(drop),
        gated.delete(&key("object")).await,
        gated.copy_new(&key("object"), &key("a")).await.map(drop),
        gated.stage(&key("a")).await.map(drop),
    ] {
        assert!(matches!(outcome, Err(StorageError::Denied(reason)) if reason == "no"));
    }
    assert_eq!(gated.get(&key("object"), None).await.unwrap().bytes, "bytes");
    gated.settle(&key("object")).await.unwrap();
}
