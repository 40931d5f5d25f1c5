use std::sync::atomic::{AtomicU64, Ordering};

use storage::Operation;
use storage::observed::{Observation, Observer, Outcome};

use super::histogram::{Histogram, OF_STORAGE};
use super::text::{Kind, Text};

const OUTCOMES: [Outcome; 8] = [
    Outcome::Done,
    Outcome::NotFound,
    Outcome::AlreadyExists,
    Outcome::Unavailable,
    Outcome::Denied,
    Outcome::Unsupported,
    Outcome::Corrupt,
    Outcome::GivenUp,
];

/// The calls of the storage, by what was called and how it ended.
pub struct StorageCalls([Calls; Operation::ALL.len()]);

struct Calls {
    outcomes: [AtomicU64; OUTCOMES.len()],
    bytes: AtomicU64,
    durations: Histogram,
}

impl Default for StorageCalls {
    fn default() -> Self {
        Self(Operation::ALL.map(|_| Calls {
            outcomes: Default::default(),
            bytes: AtomicU64::new(0),
            durations: Histogram::new(OF_STORAGE),
        }))
    }
}

impl Observer for StorageCalls {
    fn observe(&self, seen: &Observation) {
        let operation = Operation::ALL.iter().position(|operation| *operation == seen.operation);
        let Some(calls) = operation.and_then(|position| self.0.get(position)) else { return };
        if let Some(position) = OUTCOMES.iter().position(|outcome| *outcome == seen.outcome) {
            calls.outcomes[position].fetch_add(1, Ordering::Relaxed);
        }
        calls.bytes.fetch_add(seen.bytes, Ordering::Relaxed);
        calls.durations.observe(seen.duration);
    }
}

impl StorageCalls {
    /// Every operation is there from the start; of the outcomes, those that were seen.
    pub(super) fn write(&self, text: &mut Text) {
        let calls = || Operation::ALL.iter().map(|operation| operation.name()).zip(&self.0);
        let name = "chandlery_storage_calls_total";
        text.family(name, Kind::Counter, "Calls of the storage that are over, by how they ended.");
        for (operation, calls) in calls() {
            for (outcome, count) in OUTCOMES.iter().zip(&calls.outcomes) {
                let count = count.load(Ordering::Relaxed);
                if count > 0 || *outcome == Outcome::Done {
                    text.sample(name, &[("operation", operation), ("outcome", outcome.name())], count);
                }
            }
        }
        let name = "chandlery_storage_bytes_total";
        text.family(name, Kind::Counter, "Bytes of objects that were written, read or copied.");
        for (operation, calls) in calls() {
            text.sample(name, &[("operation", operation)], calls.bytes.load(Ordering::Relaxed));
        }
        let name = "chandlery_storage_call_duration_seconds";
        text.family(name, Kind::Histogram, "How long calls of the storage took.");
        for (operation, calls) in calls() {
            calls.durations.write(text, name, &[("operation", operation)]);
        }
    }
}
