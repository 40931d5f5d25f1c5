use std::collections::HashMap;
use std::sync::{Arc, PoisonError};

use bytes::Bytes;
use futures_util::TryStreamExt;
use serde::{Deserialize, Serialize};
use storage::{Key, Listed, ObjectStore, Prefix, Result, StorageError};
use tokio::time::{Instant, sleep};
use uuid::Uuid;

use super::{Shared, Turn};

const FOLDER: &str = ".chandlery/heartbeats/";

/// What a heartbeat says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Beat {
    /// Above zero: its replica writes, or is about to. The highest wins.
    claim: u64,
    /// It writes.
    writes: bool,
    /// Another one each time.
    count: u64,
}

/// Another replica's heartbeat.
#[derive(Clone, Copy)]
struct Other {
    beat: Beat,
    /// When it was last seen to be another one than before; at first, when it was seen.
    moved: Instant,
    has_moved: bool,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Phase {
    Waiting,
    /// Has claimed, and gives others the time to say so too.
    Claiming,
    Writing,
}

/// The task that keeps the heartbeat and watches the others'.
pub(super) struct Keeper {
    store: Arc<dyn ObjectStore>,
    shared: Arc<Shared>,
    key: String,
    beat: Beat,
    phase: Phase,
    others: HashMap<String, Other>,
}

impl Keeper {
    pub(super) fn new(store: Arc<dyn ObjectStore>, shared: Arc<Shared>) -> Self {
        let key = format!("{FOLDER}{}", Uuid::new_v4());
        let beat = Beat { claim: 0, writes: false, count: 0 };
        Self { store, shared, key, beat, phase: Phase::Waiting, others: HashMap::new() }
    }

    pub(super) async fn run(mut self) {
        let shared = Arc::clone(&self.shared);
        let mut is_failing = false;
        loop {
            match self.step().await {
                Ok(()) => is_failing = false,
                Err(error) if is_failing => tracing::debug!(%error, "the heartbeat fails"),
                Err(error) => {
                    is_failing = true;
                    tracing::warn!(%error, "the heartbeat fails: nothing is written until it is there again");
                }
            }
            tokio::select! {
                () = sleep(shared.interval) => {}
                () = shared.stop.notified() => break,
            }
        }
        self.shared.turn.send_replace(Turn::Theirs);
        if let Ok(key) = Key::new(&self.key)
            && let Err(error) = self.store.delete(&key).await
        {
            tracing::warn!(%error, "the heartbeat stays: another replica waits until it has stood still for long");
        }
        self.shared.stopped.send_replace(true);
    }

    async fn step(&mut self) -> Result<()> {
        let began = Instant::now();
        self.watch().await?;
        self.decide();
        self.tell().await?;
        if began.elapsed() > self.shared.interval && self.phase == Phase::Claiming {
            // others may have decided before they could see it
            (self.phase, self.beat.claim) = (Phase::Waiting, 0);
        }
        *self.shared.looked.lock().unwrap_or_else(PoisonError::into_inner) = began;
        if self.phase == Phase::Writing && self.turn_to(Turn::Ours) {
            tracing::info!("This replica writes to the storage from now on");
        }
        Ok(())
    }

    /// True if it was another's before.
    fn turn_to(&self, turn: Turn) -> bool {
        self.shared.turn.send_if_modified(|now| std::mem::replace(now, turn) != turn)
    }

    /// Looks at every other heartbeat.
    async fn watch(&mut self) -> Result<()> {
        let folder = Prefix::new(FOLDER).map_err(|error| StorageError::Unavailable(error.to_string()))?;
        let lines: Vec<Listed> = self.store.list(&folder).try_collect().await?;
        let mut others = HashMap::new();
        for line in lines {
            let Listed::Object(key, _) = line else { continue };
            if key.as_str() == self.key {
                continue;
            }
            let bytes = match self.store.get(&key, None).await {
                Ok(object) => object.bytes,
                Err(StorageError::NotFound(_)) => continue, // it was given up just now
                Err(error) => return Err(error),
            };
            let Ok(beat) = serde_json::from_slice::<Beat>(&bytes) else { continue };
            let seen = self.others.get(key.as_str()).copied();
            let other = match seen {
                Some(seen) if seen.beat == beat => seen,
                seen => Other { beat, moved: Instant::now(), has_moved: seen.is_some() },
            };
            others.insert(key.to_string(), other);
        }
        self.others = others;
        Ok(())
    }

    fn decide(&mut self) {
        let patience = self.shared.patience();
        let (claim, own) = (self.beat.claim, &self.key);
        let goes_first = |(key, other): (&String, &Other)| {
            other.beat.claim > claim || other.beat.claim == claim && claim > 0 && key < own
        };
        let claims = || self.others.values().filter(|other| other.beat.claim > 0);
        let is_alive = |other: &Other| other.moved.elapsed() < patience;
        let highest = claims().map(|other| other.beat.claim).max().unwrap_or(0);
        match self.phase {
            Phase::Waiting if claims().any(is_alive) => {
                if claims().any(|other| other.has_moved && is_alive(other)) && self.turn_to(Turn::Theirs) {
                    tracing::info!("Another replica writes to the storage: this one only reads");
                }
            }
            Phase::Waiting => (self.phase, self.beat.claim) = (Phase::Claiming, highest + 1),
            Phase::Claiming => {
                let is_taken = claims().any(|other| other.beat.writes && is_alive(other));
                (self.phase, self.beat.claim) = match is_taken || self.others.iter().any(goes_first) {
                    true => (Phase::Waiting, 0),
                    false => (Phase::Writing, claim),
                };
            }
            Phase::Writing if self.others.iter().any(goes_first) => {
                self.turn_to(Turn::Theirs);
                tracing::warn!("Another replica has begun to write to the storage: this one stops");
                (self.phase, self.beat.claim) = (Phase::Waiting, 0);
            }
            Phase::Writing => {}
        }
        self.beat.writes = self.phase == Phase::Writing;
    }

    async fn tell(&mut self) -> Result<()> {
        self.beat.count += 1;
        let bytes = serde_json::to_vec(&self.beat).map_err(|error| StorageError::Unavailable(error.to_string()))?;
        let key = Key::new(&self.key).map_err(|error| StorageError::Unavailable(error.to_string()))?;
        self.store.put(&key, Bytes::from(bytes)).await.map(drop)?;
        if self.phase == Phase::Writing {
            self.tidy().await;
        }
        Ok(())
    }

    /// Removes what replicas left that are gone for long.
    async fn tidy(&self) {
        let patience = self.shared.patience();
        for (key, _) in self.others.iter().filter(|(_, other)| other.moved.elapsed() > patience * 2) {
            if let Ok(key) = Key::new(key) {
                let _ = self.store.delete(&key).await; // it is tried again
            }
        }
    }
}
