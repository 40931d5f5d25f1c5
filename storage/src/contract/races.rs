use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use bytes::Bytes;
use futures_util::future::join_all;
use tokio::sync::Barrier;

use super::{Place, assert_taken, must};
use crate::{Listed, Object, ObjectMeta, Result, StorageError};

const WRITERS: usize = 64;
const ROUNDS: usize = 5;

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

async fn never_a_part(place: &Place) {
    let over = Arc::new(AtomicBool::new(false));
    let readers = (0..4).map(|_| {
        let (place, over) = (place.clone(), Arc::clone(&over));
        tokio::spawn(async move {
            let mut seen = [0; 2];
            while !over.load(Ordering::Relaxed) {
                for (kind, name) in ["replaced", "created"].into_iter().enumerate() {
                    seen[kind] += usize::from(check(place.store.get(&place.key(name), None).await).is_some());
                }
                let listed: Vec<_> =
                    futures_util::TryStreamExt::try_collect(place.store.list(&place.prefix(""))).await.unwrap_or_default();
                let whole = |line: &Listed| {
                    matches!(line, Listed::Object(_, meta) if (0..=40).any(|n| meta.size == length(n) as u64))
                };
                assert!(listed.iter().all(whole), "a listing shows a part of an object: {listed:?}");
            }
            seen
        })
    });
    let readers: Vec<_> = readers.collect();
    for n in 1..=40 {
        must("replace", place.store.put(&place.key("replaced"), pattern(n)).await);
        must("remove", place.store.delete(&place.key("created")).await);
        must("create", place.store.put_new(&place.key("created"), pattern(n)).await);
    }
    over.store(true, Ordering::Relaxed);
    let seen = join_all(readers).await.into_iter().map(|reader| must("read", reader));
    assert!(seen.into_iter().any(|seen| seen[0] > 0), "the readers read");
    assert_eq!(check(place.store.get(&place.key("replaced"), None).await), Some(40));
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
