//! A place for every connection that is served, and a few more for those that only ask how the server is.

use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, OnceLock};
use std::time::Duration;

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

/// Connections without a seat that are accepted: enough for every probe, and for a look at who else comes.
const STANDING: usize = 64;
/// How long a request waits for a seat before it is told to come back later.
const PATIENCE: Duration = Duration::from_secs(10);

/// The seats of a server.
#[derive(Debug)]
pub(super) struct Seats {
    free: Arc<Semaphore>,
    /// Seats, and standing places.
    room: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
}

impl Seats {
    pub(super) fn new(count: usize) -> Self {
        let semaphore = |count: usize| Arc::new(Semaphore::new(count.min(Semaphore::MAX_PERMITS)));
        Self { free: semaphore(count), room: semaphore(count.saturating_add(STANDING)), waiting: Arc::default() }
    }

    /// True if somebody waits for a seat, or nobody more can be let in.
    pub(super) fn are_wanted(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) > 0 || self.is_full()
    }

    /// True if nobody more can be let in.
    pub(super) fn is_full(&self) -> bool {
        self.room.available_permits() == 0
    }

    /// Waits until one more connection may be accepted.
    pub(super) async fn enter(&self) -> OwnedSemaphorePermit {
        Arc::clone(&self.room).acquire_owned().await.expect("the semaphore is never closed")
    }

    /// The place of a connection that was accepted, with a seat if one is free.
    pub(super) fn sit(&self, room: OwnedSemaphorePermit) -> Seat {
        let taken = match Arc::clone(&self.free).try_acquire_owned() {
            Ok(seat) => OnceLock::from(seat),
            Err(_) => OnceLock::new(),
        };
        Seat { taken, free: Arc::clone(&self.free), waiting: Arc::clone(&self.waiting), _room: room }
    }
}

/// The place of one connection.
#[derive(Debug)]
pub(crate) struct Seat {
    taken: OnceLock<OwnedSemaphorePermit>,
    free: Arc<Semaphore>,
    waiting: Arc<AtomicUsize>,
    _room: OwnedSemaphorePermit,
}

impl Seat {
    pub(crate) fn is_taken(&self) -> bool {
        self.taken.get().is_some()
    }

    /// Waits for a seat, in turn; false if none becomes free in time.
    pub(crate) async fn take(&self) -> bool {
        let _waiting = Waiting::new(&self.waiting);
        match tokio::time::timeout(PATIENCE, Arc::clone(&self.free).acquire_owned()).await {
            Ok(Ok(seat)) => {
                let _ = self.taken.set(seat); // another stream of the connection was faster: then this one is given back
                true
            }
            _ => self.is_taken(),
        }
    }
}

struct Waiting<'a>(&'a AtomicUsize);

impl<'a> Waiting<'a> {
    fn new(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Waiting<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
