use std::time::Duration;

use futures_util::{FutureExt, StreamExt, TryStreamExt};

use super::*;
use crate::StorageError;
use crate::memory::MemoryStore;

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

async fn exists(store: &MemoryStore, text: &str) -> bool {
    store.head(&key(text)).await.is_ok()
}

/// What the work below leaves behind if the process dies at call `n`.
async fn crash(n: u64, effect: Effect) -> (MemoryStore, Faulty<MemoryStore>) {
    let storage = MemoryStore::new();
    let process = Faulty::new(storage.clone(), Plan::crash_at(n, effect));
    let work = async {
        process.put_new(&key("a"), "1".into()).await.unwrap();
        let mut stage = process.stage(&key("b")).await.unwrap();
        stage.append("2".into()).await.unwrap();
        stage.publish_new().await.unwrap();
        let _: Vec<_> = process.list(&Prefix::root()).collect().await;
        process.delete(&key("a")).await.unwrap();
    };
    tokio::select! {
        biased;
        () = work => {}
        call = process.crashed() => assert_eq!(call.number, n),
    }
    (storage, process)
}

#[tokio::test]
async fn a_crash_comes_at_any_call_with_or_without_its_effect() {
    let (_, whole) = crash(u64::MAX, Effect::Before).await;
    assert_eq!(whole.calls(), 6);
    let mut left = Vec::new();
    for n in 1..=whole.calls() {
        for effect in [Effect::Before, Effect::After] {
            let (storage, process) = crash(n, effect).await;
            assert_eq!(process.crash_site().unwrap().number, n);
            left.push((exists(&storage, "a").await, exists(&storage, "b").await));
            assert!(process.get(&key("a"), None).now_or_never().is_none(), "the dead answer nothing");
            assert!(process.list(&Prefix::root()).next().now_or_never().is_none());
        }
    }
    let (nothing, one, both, other) = ((false, false), (true, false), (true, true), (false, true));
    let expected = [nothing, one, one, one, one, one, one, both, both, both, both, other];
    assert_eq!(left, expected);
}

#[tokio::test]
async fn a_cut_storage_is_unavailable_from_then_on() {
    let storage = MemoryStore::new();
    let process = Faulty::new(storage.clone(), Plan::cut_at(2, Effect::After));
    process.put_new(&key("a"), "1".into()).await.unwrap();
    for text in ["b", "c"] {
        let answer = process.put_new(&key(text), "2".into()).await;
        assert!(matches!(answer, Err(StorageError::Unavailable(_))), "{answer:?}");
    }
    assert!(exists(&storage, "b").await && !exists(&storage, "c").await);
    assert_eq!(process.crashed().await.subject, "b");
}

#[tokio::test]
async fn restrictions_decide_what_is_counted() {
    let plan = Plan::fail_at(2, Effect::Before).only([Operation::PutNew]).under(["j/"]);
    let process = Faulty::new(MemoryStore::new(), plan);
    process.put_new(&key("j/1"), "".into()).await.unwrap();
    process.put_new(&key("a"), "".into()).await.unwrap();
    process.head(&key("j/1")).await.unwrap();
    process.put_new(&key("j/2"), "".into()).await.unwrap_err();
    process.put_new(&key("j/2"), "".into()).await.unwrap();
    process.set_plan(Plan::down());
    process.head(&key("j/1")).await.unwrap_err();
    process.set_plan(Plan::none());
    process.head(&key("j/1")).await.unwrap();
}

#[tokio::test]
async fn a_hanging_call_is_alone() {
    let process = Faulty::new(MemoryStore::new(), Plan::hang_at(1, Effect::After));
    assert!(process.put_new(&key("a"), "".into()).now_or_never().is_none());
    process.head(&key("a")).await.unwrap();
}

#[tokio::test]
async fn a_ghost_exists_once_and_is_not_found_once() {
    let process = Faulty::new(MemoryStore::new(), Plan::ghost_at(2));
    process.put_new(&key("a"), "1".into()).await.unwrap();
    assert!(process.put_new(&key("a"), "2".into()).await.unwrap_err().is_already_exists());
    assert!(process.get(&key("a"), None).await.unwrap_err().is_not_found());
    assert_eq!(process.get(&key("a"), None).await.unwrap().bytes, "1");
}

async fn hundred() -> MemoryStore {
    let storage = MemoryStore::new();
    for n in 0..100 {
        storage.put_new(&key(&format!("{n:03}")), "".into()).await.unwrap();
    }
    storage
}

#[tokio::test]
async fn a_short_listing_ends_well_and_a_broken_one_does_not() {
    let process = Faulty::new(hundred().await, Plan::short_listing_at(1).and(Plan::fail_at(2, Effect::After)));
    let lines: Vec<_> = process.list(&Prefix::root()).try_collect().await.unwrap();
    assert!((20..80).contains(&lines.len()), "{}", lines.len());
    let mut broken: Vec<_> = process.list(&Prefix::root()).collect().await;
    broken.pop().unwrap().unwrap_err();
    assert!(broken.len() < 16 && broken.into_iter().all(|line| line.is_ok()));
    let lines: Vec<_> = process.list(&Prefix::root()).try_collect().await.unwrap();
    assert_eq!(lines.len(), 100);
}

#[tokio::test(start_paused = true)]
async fn seeds_repeat_and_differ() {
    async fn story(seed: u64) -> String {
        let rates = Rates { fail_before: 100, fail_after: 100, short_listing: 500, ghost: 100, ..Rates::default() };
        let process = Faulty::new(hundred().await, Plan::seeded(seed, rates));
        let mut story = String::new();
        for n in 0..100 {
            let put = process.put_new(&key(&format!("{n}")), "".into()).await.is_ok();
            let get = process.get(&key(&format!("{n}")), None).await.is_ok();
            let lines = process.list(&Prefix::root()).count().await;
            story += &format!("{put} {get} {lines}\n");
        }
        story
    }
    let one = story(1).await;
    assert_eq!(one, story(1).await);
    assert_ne!(one, story(2).await);
    let failed = one.matches("false").count();
    assert!((20..80).contains(&failed), "{failed} of 200 at some 25%");
}

#[tokio::test(start_paused = true)]
async fn only_writes_are_delayed() {
    let begin = tokio::time::Instant::now();
    let process = Faulty::new(MemoryStore::new(), Plan::delay_writes(Duration::from_millis(2)));
    process.put_new(&key("a"), "".into()).await.unwrap();
    process.head(&key("a")).await.unwrap();
    process.delete(&key("a")).await.unwrap();
    let passed = begin.elapsed();
    assert!(passed >= Duration::from_millis(2) && passed < Duration::from_millis(4), "{passed:?}");
}
