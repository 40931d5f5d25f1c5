//! Random histories: three replicas, many clients, hands, clocks and faults on one storage, one seed for each.
//!
//! `SEED=7` runs one history and tells it, with `DISK=1` one of replicas that keep their state on a disk; `SEEDS=100000` runs more of them, `FIRST_SEED=…` from there.

mod audit;
mod checks;
mod clients;
mod content;
mod corpus;
mod disks;
mod ending;
mod hands;
mod history;
mod parts;
mod profile;
mod pushed;
mod pushers;
mod pushes;
mod requests;
mod schedule;
mod wire;
mod world;

use std::env;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Mutex;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Instant;

use tokio::runtime::Builder;

use self::disks::Disks;
use self::world::World;

/// Histories in a usual run of the tests.
const SEEDS: u64 = 600;
/// Histories of replicas with a disk.
const SEEDS_WITH_DISK: u64 = 30;
/// Failing histories after which no more are begun.
const ENOUGH: usize = 5;

/// What happened in a history, and what of it should not have.
struct Outcome {
    faults: Vec<String>,
    story: Vec<String>,
}

fn history(seed: u64, with_disk: bool) -> Outcome {
    let runtime = Builder::new_current_thread().enable_time().start_paused(true).build().unwrap();
    runtime.block_on(async move {
        let mut world = World::new(seed);
        if with_disk {
            world.disks = Some(Disks::new().await);
        }
        world.run().await;
        let mut history = world.history();
        Outcome { faults: std::mem::take(&mut history.faults), story: std::mem::take(&mut history.story) }
    })
}

fn number(name: &str) -> Option<u64> {
    env::var(name).ok().map(|text| text.parse().unwrap_or_else(|_| panic!("{name} is no number")))
}

#[test]
fn every_random_history_keeps_every_promise() {
    if let Some(seed) = number("SEED") {
        let Outcome { faults, story } = history(seed, env::var_os("DISK").is_some());
        println!("{}", story.join("\n"));
        assert!(faults.is_empty(), "{}", faults.join("\n"));
        return;
    }
    many(number("SEEDS").unwrap_or(SEEDS), false);
}

#[test]
fn replicas_with_a_disk_keep_every_promise_whatever_they_find_there() {
    many(number("SEEDS_WITH_DISK").unwrap_or(SEEDS_WITH_DISK), true);
}

fn many(count: u64, with_disk: bool) {
    let first = number("FIRST_SEED").unwrap_or(0);
    let next = AtomicU64::new(first);
    let failures = Mutex::new(Vec::new());
    let began = Instant::now();
    std::thread::scope(|scope| {
        for _ in 0..std::thread::available_parallelism().map_or(2, usize::from) {
            scope.spawn(|| {
                loop {
                    let seed = next.fetch_add(1, Ordering::Relaxed);
                    if seed >= first + count || failures.lock().unwrap().len() >= ENOUGH {
                        return;
                    }
                    let outcome = catch_unwind(AssertUnwindSafe(|| history(seed, with_disk)));
                    let fault = match outcome {
                        Ok(Outcome { faults, .. }) => faults.into_iter().next(),
                        Err(_) => Some("it panicked".to_owned()),
                    };
                    failures.lock().unwrap().extend(fault.map(|fault| format!("SEED={seed}: {fault}")));
                }
            });
        }
    });
    let done = next.into_inner().min(first + count) - first;
    let failures = failures.into_inner().unwrap();
    println!("{done} histories, {:.0} per second", done as f64 / began.elapsed().as_secs_f64());
    assert!(failures.is_empty(), "{}", failures.join("\n"));
}

#[test]
fn a_seed_tells_the_same_story_twice() {
    for seed in 0..20 {
        let (once, again) = (history(seed, false).story, history(seed, false).story);
        let differs = once.iter().zip(&again).find(|(once, again)| once != again);
        assert!(differs.is_none() && once.len() == again.len(), "seed {seed}: {differs:?}");
    }
}
