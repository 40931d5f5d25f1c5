//! Following the journal to its end.

use futures_util::future::join_all;
use storage::StorageError;
use tokio::time::Instant;

use super::{Engine, in_time};
use crate::journal;
use crate::state::{ApplyError, Touched};

/// Entries asked for at once at most, when a replica is far behind.
const WIDEST_LOOK: u64 = 32;

/// Why the journal cannot be followed.
#[derive(Debug, thiserror::Error)]
pub(crate) enum FollowError {
    #[error(transparent)]
    Storage(#[from] StorageError),
    #[error(transparent)]
    Apply(#[from] ApplyError),
    #[error("{0}")]
    Halted(String),
}

impl Engine {
    /// Applies every entry that is there now. What could be applied before a failure stays applied.
    pub(super) async fn follow(&mut self) -> Result<(), FollowError> {
        if let Some(reason) = self.shared.halted() {
            return Err(FollowError::Halted(reason));
        }
        let began = Instant::now();
        let mut state = (*self.state).clone();
        let mut touched = Touched::default();
        let result = self.catch_up(&mut state, &mut touched).await;
        if state.sequence > self.state.sequence {
            self.move_to(state, touched).await;
            self.write_snapshot_if_due();
        }
        match &result {
            Ok(()) => self.shared.checked(began),
            // no later look will find another history: somebody has to repair it
            Err(FollowError::Apply(error)) => self.shared.halt(error.to_string()),
            Err(FollowError::Storage(StorageError::Corrupt(reason))) => self.shared.halt(reason.clone()),
            Err(error) => self.shared.failed(&error.to_string()),
        }
        result
    }

    async fn catch_up(&mut self, state: &mut crate::State, touched: &mut Touched) -> Result<(), FollowError> {
        let mut look = 1;
        loop {
            let next = state.sequence + 1;
            let reads = (next..next + look).map(|sequence| in_time(journal::read(&*self.store, sequence)));
            for read in join_all(reads).await {
                let Some((entry, bytes)) = read? else { return Ok(()) };
                *state = state.follow(&entry, self.level, touched)?;
                self.backlog.add(bytes.len());
            }
            // one entry is the rule; the further behind, the more at once
            look = (look * 2).min(WIDEST_LOOK);
        }
    }
}
