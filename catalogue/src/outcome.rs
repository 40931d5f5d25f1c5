//! What the catalogue answers: outcomes and errors, by meaning.

use std::sync::Arc;
use std::time::Duration;

use chart::oci::Tag;
use jiff::Timestamp;

use crate::{RepositoryPath, View};

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
    /// The version's tag in the registry stands for something that is no chart.
    #[error("the tag {0} stands for an artifact in the registry")]
    TagTaken(Tag),
    /// The repository has as many files as [`crate::Terms::files_per_repository`] allows.
    #[error("the repository is full")]
    Full,
    /// No such version.
    #[error("there is no such version")]
    NotFound,
    /// The repository is part of the program: see [`crate::Embedded`].
    #[error("the repository is part of the program")]
    Embedded,
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

/// What a reconcile, or the first adoption, found and did.
#[derive(Debug, Clone, Default)]
pub struct ReconcileReport {
    /// Packages taken in: repository and file.
    pub adopted: Vec<(RepositoryPath, String)>,
    /// Provenances taken in: repository and file.
    pub provenances: Vec<(RepositoryPath, String)>,
    /// Versions whose file is gone.
    pub missing: Vec<(RepositoryPath, String)>,
    /// Versions whose file came back.
    pub found: Vec<(RepositoryPath, String)>,
    /// Files that are no version: repository, file, reason.
    pub unreadable: Vec<(RepositoryPath, String, String)>,
    /// Files that are neither packages nor provenances by their names, and folders that no repository can be: where, why.
    /// Of many only the first.
    pub ignored: Vec<(String, String)>,
    /// The storage looks wiped: nothing was changed, and why.
    pub looks_wiped: Option<String>,
}

/// A reconcile that ended.
#[derive(Debug, Clone)]
pub struct Reconciled {
    /// When it began.
    pub began: Timestamp,
    /// When it ended.
    pub ended: Timestamp,
    /// What it found and did.
    pub report: ReconcileReport,
}

/// A view, and whether it may be older than was asked for.
#[derive(Debug, Clone)]
pub struct FreshView {
    /// What reads are answered from.
    pub view: Arc<View>,
    /// The storage could not be asked; the age of the view.
    pub stale: Option<Duration>,
}
