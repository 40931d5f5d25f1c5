//! Comparing the storage with the state before a read, for those who place files by hand and want to see them at once.

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use tokio::sync::Mutex;

use crate::replica::Replica;

/// One comparison at a time: whoever asks while it runs shares the next one.
#[derive(Default)]
pub(super) struct Turns {
    turn: Arc<Mutex<()>>,
    begun: AtomicU64,
}

impl Replica {
    /// Waits for a comparison that begins after this call. One that fails is for the read to find out: it asks the same
    /// storage.
    pub async fn reconcile_before_read(self: &Arc<Self>) {
        let turns = &self.memory.turns;
        let asked = turns.begun.load(Ordering::Acquire);
        let turn = Arc::clone(&turns.turn).lock_owned().await;
        if turns.begun.load(Ordering::Acquire) > asked {
            return; // somebody else's began meanwhile, and has ended
        }
        turns.begun.fetch_add(1, Ordering::AcqRel);
        let replica = Arc::clone(self);
        // to its end, even if the reader goes away
        let compared = tokio::spawn(async move {
            let outcome = replica.reconcile(false).await;
            drop(turn);
            outcome
        });
        match compared.await {
            Ok(Ok(report)) => report.log_adopted(),
            Ok(Err(error)) => tracing::warn!(%error, "the storage could not be reconciled"),
            Err(error) => tracing::error!(%error, "the storage could not be reconciled"),
        }
    }
}
