//! Time that passes only when a test says so, and identifiers that repeat.

use std::sync::Arc;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};

use catalogue::{Clock, NewId};
use jiff::{SignedDuration, Timestamp};
use tokio::time::Instant;
use uuid::Uuid;

/// Where every test begins.
const BEGINNING: i64 = 1_700_000_000;

/// A clock that goes with the runtime's paused time, and may be wrong.
#[derive(Debug, Clone)]
pub struct TestClock {
    origin: Instant,
    /// Seconds that it is ahead.
    ahead: Arc<AtomicI64>,
}

impl TestClock {
    pub fn new() -> Self {
        Self { origin: Instant::now(), ahead: Arc::default() }
    }

    /// A clock with an error of its own, which shares the true time.
    pub fn ahead_by(&self, seconds: i64) -> Self {
        Self { origin: self.origin, ahead: Arc::new(AtomicI64::new(seconds)) }
    }

    /// Lets the clock jump.
    pub fn set_ahead(&self, seconds: i64) {
        self.ahead.store(seconds, Ordering::Relaxed);
    }
}

impl Clock for TestClock {
    fn now(&self) -> Timestamp {
        let passed = SignedDuration::try_from(self.origin.elapsed()).unwrap();
        let wrong = SignedDuration::from_secs(self.ahead.load(Ordering::Relaxed));
        Timestamp::from_second(BEGINNING).unwrap() + passed + wrong
    }
}

/// Lets time pass for everybody.
pub async fn pass(seconds: u64) {
    tokio::time::advance(std::time::Duration::from_secs(seconds)).await;
}

/// Identifiers that look random and are the same for the same seed.
pub fn identifiers(seed: u64) -> NewId {
    let count = AtomicU64::new(0);
    Arc::new(move || {
        let n = count.fetch_add(1, Ordering::Relaxed);
        let (high, low) = (mix(seed, 2 * n), mix(seed, 2 * n + 1));
        Uuid::from_u64_pair(high, low)
    })
}

/// Two numbers made one that looks random: the finaliser of SplitMix64 (Steele, Lea and Flood, 2014).
pub fn mix(seed: u64, n: u64) -> u64 {
    let mut z = seed.wrapping_add(n.wrapping_add(1).wrapping_mul(0x9e37_79b9_7f4a_7c15));
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}
