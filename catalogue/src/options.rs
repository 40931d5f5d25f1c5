use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use chart::Limits;
use chart::index::Format;
use uuid::Uuid;

use crate::{Clock, Embedded, LEVEL, Observer, SystemClock, UploadLimits};

/// How old the state may be when a read is answered.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Freshness {
    /// A read waits for a check of the journal that began after the read did.
    Strict,
    /// A read is answered at once if the last check is not older than this.
    Within(Duration),
}

/// Where indexes say that packages are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PackageUrls {
    /// Where a server gives them out.
    #[default]
    Served,
    /// At their keys in the storage, relative to the index at its own.
    Keys,
    /// Beside the index, under their file names.
    Files,
}

/// When an index of each repository is written into the storage, for when no server runs.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PublishIndexes {
    /// Files of that name are somebody else's.
    #[default]
    Never,
    /// When a reconcile finds one that is not the current one.
    AtReconcile,
    /// Then, at the start, and after each commit of this replica that changes it.
    Always,
}

/// What the rendered index depends on besides the state.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct IndexOptions {
    /// The text under `index.yaml`.
    pub format: Format,
    /// Absolute base of package URLs, with the context path, without a slash at the end; relative URLs if absent.
    pub chart_url: Option<String>,
    /// The context path, for `serverInfo`; empty if there is none.
    pub context_path: String,
    /// Name the content in every package URL, because versions may be overwritten.
    pub urls_by_digest: bool,
    /// Where packages are; other than where a server gives them out, the two before have no meaning.
    pub package_urls: PackageUrls,
}

/// Where new identifiers come from.
pub type NewId = Arc<dyn Fn() -> Uuid + Send + Sync>;

/// How a replica runs.
#[derive(Clone)]
pub struct Options {
    /// The folder of the SQLite file; `None` keeps nothing between two starts.
    pub database: Option<PathBuf>,
    /// How old an answer may be.
    pub freshness: Freshness,
    /// How long reads are answered from the last state when the storage cannot be asked.
    pub stale_while_down: Duration,
    /// How often the journal is followed in the background; zero for never (tests ask by themselves).
    pub follow_interval: Duration,
    /// How often the storage is reconciled; zero for never.
    pub reconcile_interval: Duration,
    /// Compare the storage with the state before every [`crate::Catalogue::fresh`] view.
    pub reconcile_on_read: bool,
    /// How long removed and replaced packages are kept.
    pub trash_window: Duration,
    /// How the index is rendered.
    pub index: IndexOptions,
    /// Whether the storage has indexes too.
    pub publish_indexes: PublishIndexes,
    /// A repository that the program brings along.
    pub embedded: Option<Arc<Embedded>>,
    /// What uploads of blobs may be.
    pub uploads: UploadLimits,
    /// For packages that are found in the storage.
    pub limits: Limits,
    /// The newest journal level that this replica knows: a storage of a higher one is not opened, and one that is raised
    /// beyond it is not followed. Nobody but tests sets it.
    pub level: u32,
    /// Names that nothing ever had, for objects and entries. Tests repeat them.
    pub new_id: NewId,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Told how far a first adoption is: packages read, packages found.
    pub progress: Option<Arc<dyn Fn(u64, u64) + Send + Sync>>,
    /// Hears of changes.
    pub observer: Option<Arc<dyn Observer>>,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            database: None,
            freshness: Freshness::Within(Duration::from_secs(1)),
            stale_while_down: Duration::from_secs(300),
            follow_interval: Duration::from_secs(1),
            reconcile_interval: Duration::from_secs(300),
            reconcile_on_read: false,
            trash_window: Duration::from_secs(7 * 24 * 3600),
            index: IndexOptions::default(),
            publish_indexes: PublishIndexes::default(),
            embedded: None,
            uploads: UploadLimits::default(),
            limits: Limits::default(),
            level: LEVEL,
            new_id: Arc::new(Uuid::new_v4),
            clock: Arc::new(SystemClock),
            progress: None,
            observer: None,
        }
    }
}
