//! The settings, one struct per concern.

mod catalogue;
mod index;
mod listen;
mod log;
mod packages;
mod repository;
mod storage;
mod upload;

pub use self::catalogue::Catalogue;
pub use self::index::Index;
pub use self::listen::Listen;
pub use self::log::Log;
pub use self::packages::Packages;
pub use self::repository::{Depth, Repository};
pub use self::storage::Storage;
pub use self::upload::Upload;

/// Everything that can be set. `Default` is what a server without any setting runs with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Where and how requests are accepted.
    pub listen: Listen,
    /// Where bytes live.
    pub storage: Storage,
    /// What the repositories allow.
    pub repository: Repository,
    /// What an upload may be.
    pub upload: Upload,
    /// How `index.yaml` is written.
    pub index: Index,
    /// How the catalogue is kept.
    pub catalogue: Catalogue,
    /// How packages are kept in memory.
    pub packages: Packages,
    /// What is logged, and how.
    pub log: Log,
}
