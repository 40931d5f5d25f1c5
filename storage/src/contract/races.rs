use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use bytes::Bytes;
use futures_util::TryStreamExt;
use futures_util::future::join_all;
use tokio::sync::Barrier;
use tokio::task::JoinHandle;

use super::{Place, assert_taken, must};
use crate::{Listed, Object, ObjectMeta, Result, StorageError};

const WRITERS: usize = 64;
const ROUNDS: usize = 5;
/// Different objects that readers may see.
const PATTERNS: u8 = 40;

pub(super) async fn hold(place: &Place) {
    for round in 0..ROUNDS {
        one_winner(&place.below(&format!("winner-{round}"))).await;
    }
    one_winner_of_all_kinds(&place.below("kinds")).await;
    never_a_part(&place.below("part")).await;
    folders_come_and_go(&Place { name: format!(".chandlery/{}/coming", place.name), ..place.clone() }).await;
}

/// Runs calls at the same moment, each on a task of its own.
async fn at_once<T: Send + 'static, F: Future<Output = T> + Send + 'static>(
    calls: impl IntoIterator<Item = F>,
) -> Vec<T> {
    let calls: Vec<_> = calls.into_iter().collect();
    let start = Arc::new(Barrier::new(calls.len()));
    let tasks = calls.into_iter().map(|call| {
        let start = Arc::clone(&start);
        tokio::spawn(async move {
            start.wait().await;
            call.await
        })
    });
    join_all(tasks).await.into_iter().map(|task| must("run", task)).collect()
}

/// The one call that succeeded; all others were told that the key is taken.
fn winner(place: &Place, outcomes: Vec<(Bytes, Result<ObjectMeta>)>) -> Bytes {
    let mut winners = Vec::new();
    for (bytes, outcome) in outcomes {
        match outcome {
            Ok(meta) => {
                assert_eq!(meta.size, bytes.len() as u64);
                winners.push(bytes);
            }
            lost => assert_taken(&place.key("a"), lost),
        }
    }
    assert_eq!(winners.len(), 1, "exactly one of several writers wins");
    winners.swap_remove(0)
}

async fn one_winner(place: &Place) {
    let outcomes = at_once((0..WRITERS).map(|n| {
        let place = place.clone();
        let bytes = Bytes::from(format!("writer {n}").repeat(n));
        async move { (bytes.clone(), place.store.put_new(&place.key("a"), bytes).await) }
    }))
    .await;
    assert_eq!(winner(place, outcomes), place.bytes("a").await, "the winner's bytes are served");
}

async fn one_winner_of_all_kinds(place: &Place) {
    place.put_new("source", "copied").await;
    let outcomes = at_once((0..WRITERS).map(|n| {
        let place = place.clone();
        let key = place.key("a");
        async move {
            match n % 3 {
                0 => (Bytes::from("put"), place.store.put_new(&key, "put".into()).await),
                1 => (Bytes::from("copied"), place.store.copy_new(&place.key("source"), &key).await),
                _ => {
                    let mut stage = must("begin", place.store.stage(&key).await);
                    must("append", stage.append("staged".into()).await);
                    (Bytes::from("staged"), stage.publish_new().await)
                }
            }
        }
    }))
    .await;
    assert_eq!(winner(place, outcomes), place.bytes("a").await);
    assert_eq!(place.list("").await, ["a", "source"], "the losers leave nothing");
}

/// Bytes that show whether they are all there: the first says how many follow, and all are alike.
fn pattern(n: u8) -> Bytes {
    vec![n; length(n)].into()
}

fn length(n: u8) -> usize {
    500_000 + usize::from(n) * 10_000
}

/// What a reader saw, if it was all there.
fn check(outcome: Result<Object>) -> Option<u8> {
    match outcome {
        Ok(Object { meta, bytes }) => {
            let n = bytes.first().copied().unwrap_or_default();
            assert_eq!((bytes.len(), meta.size), (length(n), length(n) as u64), "a part of an object was seen");
            assert!(bytes.iter().all(|byte| *byte == n), "a mixture of objects was seen");
            Some(n)
        }
        Err(StorageError::NotFound(_)) => None,
        Err(other) => panic!("a reader beside writers got {other:?}"),
    }
}

/// Reads until told to stop, and counts in `seen` what it saw whole.
async fn read(place: Place, seen: Arc<[AtomicUsize; 2]>, over: Arc<AtomicBool>) {
    while !over.load(Ordering::Relaxed) {
        for (name, seen) in ["replaced", "created"].into_iter().zip(seen.iter()) {
            let whole = check(place.store.get(&place.key(name), None).await).is_some();
            seen.fetch_add(usize::from(whole), Ordering::Relaxed);
        }
        let lines: Vec<_> = must("list", place.store.list(&place.prefix("")).try_collect().await);
        let sizes = |size| (1..=PATTERNS).any(|n| size == length(n) as u64);
        let whole = |line: &Listed| matches!(line, Listed::Object(_, meta) if sizes(meta.size));
        assert!(lines.iter().all(whole), "a listing shows a part of an object: {lines:?}");
        tokio::task::yield_now().await;
    }
}

async fn never_a_part(place: &Place) {
    let (seen, over) = (Arc::default(), Arc::default());
    let reader = || tokio::spawn(read(place.clone(), Arc::clone(&seen), Arc::clone(&over)));
    let readers: Vec<_> = (0..4).map(|_| reader()).collect();
    let enough = |seen: &AtomicUsize| seen.load(Ordering::Relaxed) >= usize::from(PATTERNS);
    let mut patterns = (1..=PATTERNS).cycle();
    let mut last = 0;
    while !seen.iter().all(enough) && !readers.iter().any(JoinHandle::is_finished) {
        last = patterns.next().unwrap_or_default();
        must("replace", place.store.put(&place.key("replaced"), pattern(last)).await);
        must("remove", place.store.delete(&place.key("created")).await);
        must("create", place.store.put_new(&place.key("created"), pattern(last)).await);
        tokio::task::yield_now().await;
    }
    over.store(true, Ordering::Relaxed);
    for reader in join_all(readers).await {
        must("read", reader);
    }
    assert_eq!(check(place.store.get(&place.key("replaced"), None).await), Some(last));
}

/// Objects are made in a folder of ours while its last object is removed, over and over.
async fn folders_come_and_go(place: &Place) {
    at_once((0..8).map(|n| {
        let place = place.clone();
        async move {
            for round in 0..20 {
                let text = format!("{}/{n}", round % 2);
                assert_eq!(place.put_new(&text, text.clone()).await.size, 3);
                assert_eq!(place.bytes(&text).await, text);
                must("remove", place.store.delete(&place.key(&text)).await);
            }
        }
    }))
    .await;
    assert_eq!(place.list("").await, [""; 0]);
}
