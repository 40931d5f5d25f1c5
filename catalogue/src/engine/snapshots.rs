//! When a snapshot is due; it is written beside the engine's own work.

use super::Engine;
use crate::snapshot;

/// Entries after which a snapshot is due.
const ENTRIES: u64 = 1000;
/// Bytes of journal after which a snapshot is due.
const BYTES: usize = 16 * 1024 * 1024;

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
            if let Err(error) = snapshot::write(&*store, state).await {
                tracing::warn!(%error, "a snapshot could not be written");
            }
        });
    }
}
