//! What the engine tells everybody else.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use arc_swap::ArcSwap;
use tokio::time::Instant;

use crate::View;

pub(crate) struct Shared {
    /// What reads are answered from.
    pub view: ArcSwap<View>,
    origin: Instant,
    /// When the last successful look at the journal began, in milliseconds since `origin`, plus one; 0 for never.
    looked: AtomicU64,
    troubles: Mutex<Troubles>,
}

#[derive(Default)]
struct Troubles {
    halted: Option<String>,
    failing: Option<String>,
    looks_wiped: Option<Loss>,
    adopting: Option<String>,
}

/// Why the storage looks wiped.
pub(crate) struct Loss {
    pub reason: String,
    /// Not only packages are gone, but what makes the folder a storage.
    pub of_journal: bool,
}

impl Shared {
    pub fn new(view: View) -> Self {
        Self {
            view: ArcSwap::from_pointee(view),
            origin: Instant::now(),
            looked: AtomicU64::new(0),
            troubles: Mutex::default(),
        }
    }

    /// How long ago the last successful look at the journal began.
    pub fn age(&self) -> Option<Duration> {
        let looked = self.looked.load(Ordering::Acquire).checked_sub(1)?;
        Some((Instant::now() - self.origin).saturating_sub(Duration::from_millis(looked)))
    }

    pub fn checked(&self, began: Instant) {
        let since = began.saturating_duration_since(self.origin);
        let milliseconds = u64::try_from(since.as_millis()).unwrap_or(u64::MAX - 1);
        self.looked.fetch_max(milliseconds + 1, Ordering::AcqRel);
        self.with_troubles(|troubles| {
            if troubles.failing.take().is_some() {
                tracing::info!("the storage answers again");
            }
        });
    }

    /// The storage failed; it is asked again.
    pub fn failed(&self, reason: &str) {
        self.with_troubles(|troubles| {
            if troubles.failing.is_none() {
                tracing::warn!(error = reason, "the storage fails");
            }
            troubles.failing = Some(reason.to_owned());
        });
    }

    /// Nothing will be read from the journal any more until somebody repairs the storage.
    pub fn halt(&self, reason: String) {
        tracing::error!(error = reason, "the journal is not followed any more");
        self.with_troubles(|troubles| troubles.halted = Some(reason));
    }

    pub fn halted(&self) -> Option<String> {
        self.with_troubles(|troubles| troubles.halted.clone())
    }

    pub fn set_looks_wiped(&self, loss: Option<Loss>) {
        self.with_troubles(|troubles| troubles.looks_wiped = loss);
    }

    /// Why nothing may be written: the journal is gone with everything else, and an entry of it alone would be a fork.
    pub fn journal_lost(&self) -> Option<String> {
        self.with_troubles(|troubles| {
            troubles.looks_wiped.as_ref().filter(|loss| loss.of_journal).map(|loss| loss.reason.clone())
        })
    }

    pub fn set_adopting(&self, progress: Option<String>) {
        self.with_troubles(|troubles| troubles.adopting = progress);
    }

    /// What keeps this replica from being ready, and what is wrong though it serves.
    pub fn troubles(&self) -> (Vec<String>, Vec<String>) {
        self.with_troubles(|troubles| {
            let not_ready = troubles.halted.iter().chain(&troubles.adopting).cloned().collect();
            let lost = troubles.looks_wiped.as_ref().map(|loss| &loss.reason);
            let degraded = troubles.failing.iter().chain(lost).cloned().collect();
            (not_ready, degraded)
        })
    }

    fn with_troubles<T>(&self, look: impl FnOnce(&mut Troubles) -> T) -> T {
        look(&mut self.troubles.lock().unwrap_or_else(PoisonError::into_inner))
    }
}
