use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use chart::{Package, Provenance};
use storage::ObjectStore;

use crate::{Options, PackageLocation, RepositoryPath, View};

/// One replica's view of what exists on one storage, and its hand in changing it. Cheap to clone.
#[derive(Clone)]
pub struct Catalogue;

/// Why a catalogue cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpenError {
    /// The storage failed.
    #[error(transparent)]
    Storage(#[from] storage::StorageError),
    /// The SQLite file's folder cannot be used.
    #[error("the catalogue folder {folder}: {reason}")]
    Database {
        /// The folder.
        folder: String,
        /// One sentence.
        reason: String,
    },
    /// The storage holds something that this program does not understand.
    #[error("{0}")]
    Format(String),
}

/// Why a change did not happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum CommitError {
    /// The version, or the file, exists already.
    #[error("it exists already")]
    Exists,
    /// The file name belongs to another chart and version (`foo` 1.0.0-2.0.0 against `foo-1.0.0` 2.0.0).
    #[error("the file name {file} belongs to {name} {version}")]
    FileNameTaken {
        /// The file name.
        file: String,
        /// The chart that has it.
        name: String,
        /// The version that has it.
        version: String,
    },
    /// No such version.
    #[error("there is no such version")]
    NotFound,
    /// Name and version make no object name (too long).
    #[error("{0}")]
    Name(String),
    /// The storage failed or did not answer in time. It may have happened all the same.
    #[error("the storage is unavailable: {0}")]
    Unavailable(String),
}

/// What publishing did.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum PublishOutcome {
    /// The version is new.
    Created,
    /// It has other bytes now.
    Replaced,
}

/// Reads cannot be answered as fresh as was asked for, nor from a recent enough state.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("the storage cannot be asked: {0}")]
pub struct Stale(pub String);

/// Why a file's bytes cannot be had.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum LoadError {
    /// The storage failed, or the bytes are not those that were published.
    #[error("{0}")]
    Unavailable(String),
}

/// How a replica is.
#[derive(Debug, Clone, Default)]
pub struct Status {
    /// Why it must not get requests yet, or any more; empty if it is ready.
    pub not_ready: Vec<String>,
    /// What is wrong though it serves.
    pub degraded: Vec<String>,
    /// The last entry applied.
    pub sequence: u64,
}

/// What a reconcile found and did.
#[derive(Debug, Clone, Default)]
pub struct ReconcileReport {
    /// Packages taken in: repository and file.
    pub adopted: Vec<(RepositoryPath, String)>,
    /// Versions whose file is gone.
    pub missing: Vec<(RepositoryPath, String)>,
    /// Versions whose file came back.
    pub found: Vec<(RepositoryPath, String)>,
    /// Files that are no version: repository, file, reason.
    pub unreadable: Vec<(RepositoryPath, String, String)>,
    /// The storage looks wiped: nothing was changed, and why.
    pub looks_wiped: Option<String>,
}

/// A view, and whether it may be older than was asked for.
#[derive(Debug, Clone)]
pub struct FreshView {
    /// What reads are answered from.
    pub view: Arc<View>,
    /// The storage could not be asked; the age of the view.
    pub stale: Option<Duration>,
}

impl Catalogue {
    /// Opens the storage: creates `format.json` if there is none, loads the state, follows the journal, adopts what
    /// lies in the storage. Background work stops when the last clone is dropped.
    ///
    /// # Errors
    /// If the storage or the database folder cannot be used.
    pub async fn open(_store: Arc<dyn ObjectStore>, _options: Options) -> Result<Self, OpenError> {
        todo!()
    }

    /// What was last known, without asking.
    pub fn view(&self) -> Arc<View> {
        todo!()
    }

    /// A view as fresh as [`Options::freshness`] promises.
    ///
    /// # Errors
    /// If the storage could not be asked for longer than [`Options::stale_while_down`].
    pub async fn fresh(&self) -> Result<FreshView, Stale> {
        todo!()
    }

    /// A view that includes everything committed anywhere before this call. Every 404 asks here first.
    ///
    /// # Errors
    /// As [`Catalogue::fresh`].
    pub async fn checked(&self) -> Result<FreshView, Stale> {
        todo!()
    }

    /// Publishes a package, with the provenance that came along. Returns when it is durable and visible.
    ///
    /// # Errors
    /// [`CommitError`] by meaning. After anything but `Unavailable` nothing of it is visible.
    pub async fn publish(
        &self,
        _repository: &RepositoryPath,
        _package: &Package,
        _provenance: Option<(&Provenance, Bytes)>,
        _overwrite: bool,
    ) -> Result<PublishOutcome, CommitError> {
        todo!()
    }

    /// Publishes a provenance alone; its package may come later.
    ///
    /// # Errors
    /// As [`Catalogue::publish`].
    pub async fn publish_provenance(
        &self,
        _repository: &RepositoryPath,
        _provenance: &Provenance,
        _bytes: Bytes,
        _overwrite: bool,
    ) -> Result<(), CommitError> {
        todo!()
    }

    /// Removes one version.
    ///
    /// # Errors
    /// `NotFound` if there is no such version.
    pub async fn remove(&self, _repository: &RepositoryPath, _name: &str, _version: &str) -> Result<(), CommitError> {
        todo!()
    }

    /// Removes all versions of a chart, in one commit. Returns how many.
    ///
    /// # Errors
    /// `NotFound` if there is no such chart.
    pub async fn remove_chart(&self, _repository: &RepositoryPath, _name: &str) -> Result<usize, CommitError> {
        todo!()
    }

    /// Brings the newest removed version of this name and version back from the trash.
    ///
    /// # Errors
    /// `NotFound` if the trash has none; `Exists` if it was published again.
    pub async fn restore(&self, _repository: &RepositoryPath, _name: &str, _version: &str) -> Result<(), CommitError> {
        todo!()
    }

    /// The bytes of a file, verified against their digest before the first is returned.
    ///
    /// # Errors
    /// `Unavailable`, never "not found": the state says that it exists.
    pub async fn load(&self, _location: &PackageLocation) -> Result<Bytes, LoadError> {
        todo!()
    }

    /// Compares the storage with the state now. With `accept_loss` packages that are gone are believed to be gone,
    /// even if that is most of them.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn reconcile(&self, _accept_loss: bool) -> Result<ReconcileReport, CommitError> {
        todo!()
    }

    /// How this replica is.
    pub fn status(&self) -> Status {
        todo!()
    }

    /// Finishes what was begun, writes what is waiting to the database, and stops.
    pub async fn close(&self) {
        todo!()
    }
}
