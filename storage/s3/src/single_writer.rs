//! One writer on a store that cannot keep two apart.
//!
//! Every replica keeps a heartbeat: an object of its own that it writes again and again. The one that writes has a
//! *claim* in it, a number. A replica that sees no claim moving for long enough, by its own clock, claims with a higher
//! number, waits once, and writes if nobody was faster; a replica that sees a higher claim than its own stops. A process
//! that was paused for long does not write before it has looked again. Nothing can fence the call it was paused in.

mod gated;
mod keeper;

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use storage::{ObjectStore, Result, StorageError};
use tokio::sync::{Notify, watch};
use tokio::time::Instant;

use gated::Gated;
use keeper::Keeper;

/// Heartbeats that a writer may miss before another replica takes over.
const STILL: u32 = 6;

/// Whose turn it is to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Turn {
    /// Not known yet: another replica may be there or gone.
    Unknown,
    /// Another replica's.
    Theirs,
    /// Ours.
    Ours,
}

/// A replica's part in taking turns. Its store refuses to write while it is another's turn.
#[derive(Debug, Clone)]
pub struct SingleWriter {
    shared: Arc<Shared>,
    store: Arc<Gated>,
}

#[derive(Debug)]
struct Shared {
    turn: watch::Sender<Turn>,
    /// When the last look at the others began that went well.
    looked: Mutex<Instant>,
    interval: Duration,
    /// Told to stop; then that it has.
    stop: Notify,
    stopped: watch::Sender<bool>,
}

impl Shared {
    /// How long a heartbeat stands still before its replica is taken to be gone.
    fn patience(&self) -> Duration {
        self.interval * STILL
    }

    fn looked(&self) -> Instant {
        *self.looked.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Whether this replica may write now. Half the patience: the others wait for all of it.
    fn check(&self) -> Result<()> {
        if *self.turn.borrow() != Turn::Ours {
            return Err(StorageError::Unavailable("another replica writes to this storage".to_owned()));
        }
        if self.looked().elapsed() > self.patience() / 2 {
            return Err(StorageError::Unavailable("whether another replica writes is not known".to_owned()));
        }
        Ok(())
    }
}

impl SingleWriter {
    /// Begins to keep a heartbeat in the store, at this interval.
    pub fn begin(inner: Arc<dyn ObjectStore>, interval: Duration) -> Self {
        let shared = Arc::new(Shared {
            turn: watch::Sender::new(Turn::Unknown),
            looked: Mutex::new(Instant::now()),
            interval,
            stop: Notify::new(),
            stopped: watch::Sender::new(false),
        });
        tokio::spawn(Keeper::new(Arc::clone(&inner), Arc::clone(&shared)).run());
        let gate = Arc::clone(&shared);
        let store = Arc::new(Gated::new(inner, Arc::new(move || gate.check())));
        Self { shared, store }
    }

    /// The store, which writes in this replica's turn only.
    pub fn store(&self) -> Arc<dyn ObjectStore> {
        self.store.clone()
    }

    /// Whose turn it is.
    pub fn turn(&self) -> Turn {
        *self.shared.turn.borrow()
    }

    /// Waits until that is known.
    pub async fn decided(&self) -> Turn {
        let mut turns = self.shared.turn.subscribe();
        // the sender lives as long as this value
        turns.wait_for(|turn| *turn != Turn::Unknown).await.map_or(Turn::Unknown, |turn| *turn)
    }

    /// Waits until the turn may be another's.
    pub async fn pause(&self) {
        tokio::time::sleep(self.shared.interval).await;
    }

    /// Gives the turn away, so that nobody has to wait for it. Nothing can be written after it.
    pub async fn release(&self) {
        self.shared.stop.notify_one();
        let _ = self.shared.stopped.subscribe().wait_for(|stopped| *stopped).await;
    }
}

/// A store that answers every write with this refusal.
pub fn read_only(inner: Arc<dyn ObjectStore>, reason: String) -> Arc<dyn ObjectStore> {
    Arc::new(Gated::new(inner, Arc::new(move || Err(StorageError::Denied(reason.clone())))))
}

#[cfg(test)]
mod tests;
