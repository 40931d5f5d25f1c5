use std::fmt::Display;
use std::time::Duration;

use catalogue::OpenError;
use storage::StorageError;
use tokio::time::{Instant, sleep};

use super::{Adoption, OpeningError, SharedStore};

/// Everything is started at once after a power cut, and networks fail: a store that does not answer may be there in a moment. One
/// that is not there by then is somebody's to look after, who sees it sooner if the server ends.
const PATIENCE: Duration = Duration::from_mins(5);
/// Before it is asked again; its own timeouts come before that.
const PAUSE: Duration = Duration::from_secs(1);

/// How long a start waits for a store that does not answer. What is wrong for good is told at once.
pub(super) struct Patience {
    end: Instant,
}

impl Patience {
    pub fn begin() -> Self {
        Self { end: Instant::now() + PATIENCE }
    }

    /// Waits a moment if the storage may be opened then.
    pub async fn with_opening(&self, error: &OpeningError, adoption: &Adoption) -> bool {
        matches!(error, OpeningError::Unanswered { .. }) && self.wait(error, adoption).await
    }

    /// Waits a moment if the catalogue may be opened then.
    pub async fn with_catalogue(&self, error: &OpenError, storage: &SharedStore, adoption: &Adoption) -> bool {
        match error {
            OpenError::Storage(error) if storage.may_write_later(error).await => true,
            OpenError::Storage(error @ StorageError::Unavailable(_)) if storage.is_bucket() => {
                self.wait(error, adoption).await
            }
            _ => false,
        }
    }

    async fn wait(&self, reason: &(dyn Display + Sync), adoption: &Adoption) -> bool {
        if Instant::now() >= self.end {
            return false;
        }
        tracing::warn!(%reason, "The storage does not answer: waiting for it");
        adoption.wait_for_storage();
        sleep(PAUSE).await;
        true
    }
}
