//! What exists: the journal of changes in the storage, and the state that results from it.
//!
//! A [`Catalogue`] is one replica's view of one storage. Every change is committed by creating the next numbered
//! journal object; that is the only coordination between replicas. Reads are answered from an immutable [`View`]
//! in memory. SQLite keeps the state between two starts and can be lost at any time.

mod backup;
mod blocking;
mod catalogue;
mod change;
mod clock;
mod collect;
pub mod database;
mod embedded;
mod engine;
mod export;
mod format;
mod hand_back;
mod handed_back;
#[cfg(test)]
mod history;
mod inventory;
mod journal;
pub mod layout;
mod level;
mod load;
mod observer;
mod options;
mod outcome;
mod pieces;
mod publish;
mod published;
mod reconcile;
mod registry;
mod remove;
mod replay;
mod replica;
mod repository_path;
mod scrub;
mod sessions;
mod shared;
pub mod snapshot;
mod spool;
mod start;
mod state;
mod upkeep;
mod upload;
mod view;

pub use backup::{BackupError, BackupReport, Damage, Progress, refuse_unfinished, restore_backup};
pub use catalogue::Catalogue;
pub use change::{
    Change, Entry, LEVEL, ManifestPut, PackagePublished, ProvenanceFile, StoredFile, StoredObject, Traces,
};
pub use clock::{Clock, SystemClock};
pub use collect::{Collectable, Dispensable};
pub use embedded::Embedded;
pub use export::ExportReport;
pub use hand_back::HandBackReport;
pub use inventory::{Item, Role};
pub use level::LevelReport;
pub use observer::{Observer, Proposed};
pub use options::{Freshness, IndexOptions, NewId, Options, PackageUrls, PublishIndexes};
pub use outcome::{
    CommitError, FreshView, LoadError, OpenError, PublishOutcome, ReconcileReport, Reconciled, Stale, Status,
};
pub use registry::{ManifestStored, PutManifest, RegistryError};
pub use replay::{Replayed, replay};
pub use repository_path::{RepositoryPath, RepositoryPathError};
pub use scrub::{Repair, ScrubReport, Withdrawal};
pub use sessions::{DigestAlgorithm, UploadBody, UploadError, UploadLimits, UploadRange, UploadSession};
pub use spool::Spooled;
pub use start::storage_id;
pub use state::{
    Accepted, ApplyError, BlobSource, Chart, FileFacts, FoundBlob, FoundManifest, Made, MadeManifest,
    ManifestPublication, ManifestSource, PackageLocation, Proposal, ProvenanceFacts, Publication, PushedManifest,
    REGISTRY_LEVEL, Referrer, Refusal, Registry, Replaced, Repository, SignedBlob, State, StoredContent, Touched,
    Trashed, Version, VersionOfManifest,
};
pub use upload::{Terms, Upload};
pub use view::{ChangedRegion, Region, RegionKey, RepositoryView, StoredRegions, View};
