//! What a replica keeps between two starts: the state and the rendered pages, in one SQLite file.
//!
//! Nothing here is the truth, and nothing waits for it. A commit hands over what it changed ([`Database::record`]) and
//! goes on; one writer puts whatever has gathered into one transaction, together with the sequence that the state has
//! then. What was not written yet when the process ends is replayed from the journal. A file that fails or cannot be
//! read is removed: the next start takes a snapshot from the storage instead.

mod connection;
mod load;
mod network;
mod packed;
mod pending;
mod rows;
mod statements;
mod steps;
mod write;
mod writer;

#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;

use uuid::Uuid;

use crate::view::{ChangedRegion, StoredRegions};
use crate::{State, Touched};

pub use network::is_network_file_system;
use writer::Shared;

/// A handle on the file. Cheap to clone; what is waiting is written when the last clone is dropped.
#[derive(Debug, Clone)]
pub struct Database(Arc<Handle>);

#[derive(Debug)]
struct Handle(Arc<Shared>);

/// Why the file cannot be used.
#[derive(Debug, thiserror::Error)]
pub enum DatabaseError {
    /// SQLite cannot keep its promises there.
    #[error("{} is on a network file system; name a folder on a local disk with --catalogue", folder.display())]
    NetworkFileSystem {
        /// The folder.
        folder: PathBuf,
    },
    /// The folder cannot be made or written to.
    #[error("{}: {reason}", folder.display())]
    Folder {
        /// The folder.
        folder: PathBuf,
        /// By the operating system.
        reason: std::io::Error,
    },
    /// Each replica needs a file of its own.
    #[error("{} is in use by another process; name a folder of its own for this one with --catalogue", folder.display())]
    InUse {
        /// The folder.
        folder: PathBuf,
    },
    /// SQLite failed.
    #[error("the catalogue database failed: {0}")]
    Sqlite(#[from] sqlx::Error),
    /// The file is of another program version.
    #[error("the catalogue database has another schema: {0}")]
    Schema(#[from] sqlx::migrate::MigrateError),
    /// The file holds something that no catalogue has written.
    #[error("the catalogue database cannot be read: {reason}")]
    Unreadable {
        /// One sentence.
        reason: String,
    },
    /// It failed before, or is closed.
    #[error("the catalogue database is switched off: {reason}")]
    Off {
        /// Why.
        reason: String,
    },
}

fn unreadable(reason: impl std::fmt::Display) -> DatabaseError {
    DatabaseError::Unreadable { reason: reason.to_string() }
}

/// What the file held.
#[derive(Debug)]
pub struct Loaded {
    /// The state as last recorded.
    pub state: State,
    /// The rendered pages of that very state; none if they were rendered otherwise, and then [`Database::replace`] is to
    /// be called with new ones.
    pub regions: Option<StoredRegions>,
}

/// How far a file is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Recorded {
    /// The storage that it belongs to.
    pub storage: Uuid,
    /// The last entry that it holds.
    pub sequence: u64,
    /// That entry's id.
    pub entry: Uuid,
}

/// How far the file in the folder is; `None` if there is none or it is empty. A process may have it open.
///
/// # Errors
/// If it cannot be read.
pub async fn recorded(folder: &Path) -> Result<Option<Recorded>, DatabaseError> {
    match connection::Place::existing(folder) {
        Some(place) => load::recorded(&place).await,
        None => Ok(None),
    }
}

/// What an entry, or a run of entries, changed.
#[derive(Debug, Clone)]
pub struct Update {
    /// The state after it.
    pub state: Arc<State>,
    /// What it touched.
    pub touched: Touched,
    /// The regions that were rendered anew, or are no more.
    pub regions: Vec<ChangedRegion>,
}

impl Database {
    /// Opens or makes the file in the folder. A file that cannot be read, of another storage or of a newer schema is
    /// removed and made anew.
    ///
    /// # Errors
    /// If the folder lies on a network file system, cannot be written to, or is in use by another process.
    pub async fn open(folder: &Path, storage: Uuid) -> Result<Self, DatabaseError> {
        if is_network_file_system(folder) {
            return Err(DatabaseError::NetworkFileSystem { folder: folder.to_owned() });
        }
        let shared = Arc::new(Shared::open(folder, storage).await?);
        tokio::spawn(writer::run(shared.clone()));
        Ok(Self(Arc::new(Handle(shared))))
    }

    /// The state as last recorded, with its pages if they were rendered as the fingerprint says; `None` if nothing was
    /// recorded. To be asked before the first [`Database::record`].
    ///
    /// A file that cannot be read is made anew, and nothing was recorded then.
    ///
    /// # Errors
    /// If the file could not be made anew. The database is switched off then.
    pub async fn load(&self, fingerprint: &str) -> Result<Option<Loaded>, DatabaseError> {
        self.0.0.load(fingerprint).await
    }

    /// Notes what changed, to be written soon. Never waits and never fails; what was noted before and is not written yet
    /// becomes one with it, so that at most one state and one set of pages wait in memory.
    ///
    /// A file that holds no earlier state of the same journal is filled with the whole state.
    pub fn record(&self, update: Update) {
        self.0.0.record(update);
    }

    /// Notes a whole state and all its pages, to be written soon in place of everything before: after a snapshot was
    /// loaded, after the first adoption, or if pages are rendered otherwise than before. Never waits and never fails.
    pub fn replace(&self, state: Arc<State>, regions: Vec<ChangedRegion>, fingerprint: &str) {
        self.0.0.replace(state, regions, fingerprint);
    }

    /// Returns when everything noted before the call is written, or the database is switched off.
    pub async fn flush(&self) {
        self.0.0.flush().await;
    }

    /// Writes what is waiting and closes the file. Nothing is recorded after that.
    pub async fn close(&self) {
        self.0.0.close().await;
    }

    /// Why the database was switched off, if it failed. It is made anew at the next start.
    pub fn failure(&self) -> Option<String> {
        self.0.0.failure()
    }
}

impl Drop for Handle {
    fn drop(&mut self) {
        self.0.begin_closing();
    }
}
