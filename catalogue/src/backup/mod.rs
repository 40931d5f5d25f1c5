//! Copying a storage to another one while it is served: a state at one sequence, with everything that it refers to.
//!
//! Keys are never used twice, so what a copy has need not be copied again, and a later state is copied beside an earlier
//! one without touching it. A marker says that a copy is not whole; no server opens it until it is. What the later state
//! no longer needs is deleted last. So a copy that crashes is finished by doing it again, and the state copied before
//! can be restored meanwhile.

mod copying;
mod history;
mod marker;

use std::sync::Arc;

use jiff::Timestamp;
use serde::Serialize;
use storage::{ObjectStore, StorageError};
use uuid::Uuid;

use crate::inventory::Role;
use crate::outcome::{CommitError, OpenError};
use crate::replay::{Replayed, replay};
use crate::replica::Replica;
use crate::{RepositoryPath, layout};

use copying::Copying;
use marker::{Finished, Marker};

pub use marker::refuse_unfinished;

/// How often the copy moves on to a newer state because something of the older one was removed meanwhile.
const PASSES: usize = 10;

/// Told how far a copy is: files looked at, files in all.
pub type Progress = Arc<dyn Fn(u64, u64) + Send + Sync>;

/// What was copied.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct BackupReport {
    /// The id of the storage that was copied.
    pub source: Uuid,
    /// The id that the copy has.
    pub storage: Uuid,
    /// The last entry of the state that was copied.
    pub sequence: u64,
    /// Versions in that state.
    pub versions: usize,
    /// Packages and provenances copied now.
    pub copied: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Packages and provenances that were there already.
    pub present: u64,
    /// Journal entries copied now.
    pub entries: u64,
    /// Objects deleted from the copy because the state no longer needs them.
    pub deleted: u64,
    /// Files that could not be copied: their bytes are gone or are not those that were published.
    pub damaged: Vec<Damage>,
}

/// A file whose bytes cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Damage {
    /// Its repository.
    pub repository: RepositoryPath,
    /// The file's name.
    pub file: String,
    /// Why it is needed.
    pub role: Role,
    /// One sentence.
    pub reason: String,
}

/// Why there is no whole copy. What was copied is not copied again by the next attempt.
#[derive(Debug, thiserror::Error)]
pub enum BackupError {
    /// Where is copied from.
    #[error("cannot read what is to be copied: {0}")]
    Source(StorageError),
    /// Where is copied to.
    #[error("cannot write the copy: {0}")]
    Target(StorageError),
    /// One of them cannot be used.
    #[error(transparent)]
    Open(#[from] OpenError),
    /// One of them is not what it should be.
    #[error("{0}")]
    Refused(String),
}

impl From<CommitError> for BackupError {
    fn from(error: CommitError) -> Self {
        Self::Source(StorageError::Unavailable(error.to_string()))
    }
}

impl Replica {
    /// See [`crate::Catalogue::backup`].
    pub async fn backup(&self, to: Arc<dyn ObjectStore>, progress: Progress) -> Result<BackupReport, BackupError> {
        let mut state = self.current().await?.state.clone();
        let before = Marker::read(&*to).await?;
        match &before {
            None => history::refuse_used(&*to, "is no backup of this storage").await?,
            Some(marker) if (marker.source, marker.id) == (state.storage, state.storage) => {}
            Some(marker) => {
                let source = marker.source;
                return Err(BackupError::Refused(format!("it holds a copy of another storage, {source}")));
            }
        }
        history::refuse_other(&*self.store, &*to, &state).await?;
        let run = (self.options.new_id)();
        let finished = before.and_then(|marker| marker.finished);
        let marker = Marker::new(state.storage, state.storage, run, finished);
        marker.write(&*to).await.map_err(BackupError::Target)?;

        let mut copying = Copying::begin(self.store.clone(), to.clone(), progress).await?;
        let mut passes = 1;
        let damaged = loop {
            let gone = copying.copy(&state).await?;
            let now = self.current().await?.state.clone();
            // what was removed meanwhile is not damaged: the newer state says where it is, or does not need it
            if gone.is_empty() || gone.iter().all(|(item, _)| now.needs(item)) {
                break gone;
            }
            if passes == PASSES {
                let reason = "packages are removed faster than they can be copied: try again";
                return Err(BackupError::Refused(reason.to_owned()));
            }
            passes += 1;
            state = now;
        };
        let finished = Finished { sequence: state.sequence, at: self.options.clock.now() };
        let marker = Marker { whole: true, finished: Some(finished), ..marker };
        copying.finish(&state, marker, damaged).await
    }
}

/// Copies a backup, or any storage that nobody writes to, into an empty storage, which gets an id of its own. Whoever is
/// still on the old storage, and every catalogue made for it, then cannot be mistaken for one of the new.
///
/// Interrupted, it goes on where it was when it is called again.
///
/// # Errors
/// If `from` holds no whole state, `to` is not empty, or one of them fails.
pub async fn restore_backup(
    from: Arc<dyn ObjectStore>,
    to: Arc<dyn ObjectStore>,
    progress: Progress,
) -> Result<BackupReport, BackupError> {
    let until = match Marker::read(&*from).await? {
        Some(Marker { whole: false, finished: None, .. }) => {
            let reason = "the backup was never finished: run `chandlery backup` again";
            return Err(BackupError::Refused(reason.to_owned()));
        }
        // an unfinished later one lies beside it; a server on the backup may have gone on
        Some(Marker { whole: false, finished, .. }) => finished.map(|finished| finished.sequence),
        Some(_) | None => None,
    };
    let Some(Replayed { mut state, .. }) = replay(&from, until).await? else {
        let key = layout::format();
        return Err(BackupError::Refused(format!("there is no {key}: it is neither a backup nor a storage")));
    };
    let source = state.storage;
    let begun = match Marker::read(&*to).await? {
        None => {
            history::refuse_used(&*to, "is not empty").await?;
            Marker::new(source, Uuid::new_v4(), Uuid::new_v4(), None)
        }
        Some(marker) if !marker.whole && marker.source == source && marker.id != source => {
            Marker { run: Uuid::new_v4(), ..marker }
        }
        Some(_) => return Err(BackupError::Refused("the storage to restore into is not empty".to_owned())),
    };
    state.storage = begun.id;
    history::refuse_other(&*from, &*to, &state).await?;
    begun.write(&*to).await.map_err(BackupError::Target)?;
    let mut copying = Copying::begin(from, to.clone(), progress).await?;
    let damaged = copying.copy(&state).await?;
    let finished = Finished { sequence: state.sequence, at: Timestamp::now() };
    let report = copying.finish(&state, Marker { whole: true, finished: Some(finished), ..begun }, damaged).await?;
    // it is a storage like any other from now on
    to.delete(&layout::backup()).await.map_err(BackupError::Target)?;
    Ok(report)
}
