//! When a snapshot is due, and writing it beside the engine's own work.

use std::sync::Arc;

use storage::{ObjectStore, StorageError};

use super::Engine;
use crate::blocking::blocking;
use crate::start::newest_snapshots;
use crate::{State, layout, snapshot};

/// Entries after which a snapshot is due.
const ENTRIES: u64 = 1000;
/// Bytes of journal after which a snapshot is due.
const BYTES: usize = 16 * 1024 * 1024;
/// Older snapshots are deleted; the second newest stays for a replica that is just reading it.
const KEPT: usize = 2;

/// Journal that no snapshot holds yet.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Backlog {
    entries: u64,
    bytes: usize,
}

impl Backlog {
    pub fn add(&mut self, bytes: usize) {
        self.entries += 1;
        self.bytes += bytes;
    }

    fn is_due(self) -> bool {
        self.entries >= ENTRIES || self.bytes >= BYTES
    }
}

impl Engine {
    pub(super) fn write_snapshot_if_due(&mut self) {
        if !self.backlog.is_due() {
            return;
        }
        self.backlog = Backlog::default();
        let (store, state) = (self.store.clone(), self.state.clone());
        tokio::spawn(async move {
            // a snapshot that fails is missed by nobody: the next one holds more
            if let Err(error) = write_snapshot(&*store, state).await {
                tracing::warn!(%error, "a snapshot could not be written");
            }
        });
    }
}

/// Writes a snapshot of the state and deletes those that it makes superfluous. Losing the race is fine.
pub(crate) async fn write_snapshot(store: &dyn ObjectStore, state: Arc<State>) -> Result<(), StorageError> {
    let key = layout::snapshot(state.sequence);
    let bytes = blocking(move || snapshot::encode(&state)).await;
    let bytes = bytes.map_err(|error| StorageError::Unavailable(error.to_string()))?;
    match store.create(&key, bytes.into()).await {
        Ok(()) | Err(StorageError::AlreadyExists(_)) => {}
        Err(error) => return Err(error),
    }
    for old in newest_snapshots(store).await?.into_iter().skip(KEPT) {
        store.delete(&layout::snapshot(old)).await?;
    }
    Ok(())
}
