//! The settings: one small struct per concern, and one table of every setting's names.
//!
//! A setting is declared once, beside the struct it ends up in. [`SETTINGS`] lists them all; the command line, the
//! environment, the configuration file, `check-config` and the documentation are made from that table. Sources in
//! order: flag, environment, file, default.

mod catalogue;
mod duration;
mod file;
mod index;
mod listen;
mod log;
mod packages;
mod repository;
mod setting;
mod show;
mod storage;
mod upload;
mod values;

pub use self::catalogue::Catalogue;
pub use self::index::Index;
pub use self::listen::Listen;
pub use self::log::Log;
pub use self::packages::Packages;
pub use self::repository::{Depth, Repository};
pub use self::setting::{Kind, Setting, Value};
pub use self::show::{in_force, markdown};
pub use self::storage::Storage;
pub use self::upload::Upload;
pub use self::values::{Given, SettingError, Source, Values};

/// The configuration file itself.
pub const CONFIG: Setting =
    Setting::new("config", Kind::Text, "Read settings from this file (YAML or JSON).").short('c');

/// Every setting there is, in the order in which help and documentation show them.
pub const SETTINGS: &[&Setting] = &[
    &CONFIG,
    &listen::HOST,
    &listen::PORT,
    &repository::CONTEXT_PATH,
    &storage::STORAGE,
    &storage::LOCAL_ROOTDIR,
    &repository::DEPTH,
    &repository::DEPTH_DYNAMIC,
    &repository::ALLOW_OVERWRITE,
    &repository::DISABLE_FORCE_OVERWRITE,
    &repository::DISABLE_API,
    &repository::DISABLE_DELETE,
    &index::CHART_URL,
    &index::INDEX_FORMAT,
    &index::JSON_INDEX,
    &upload::MAX_UPLOAD_SIZE,
    &upload::CHART_FIELD,
    &upload::PROVENANCE_FIELD,
    &upload::MAX_UNPACKED_SIZE,
    &upload::MAX_FILE_SIZE,
    &upload::MAX_ENTRIES,
    &upload::MAX_RATIO,
    &upload::MAX_PATH_LENGTH,
    &upload::MAX_SUBCHART_DEPTH,
    &upload::MAX_METADATA_SIZE,
    &catalogue::CATALOGUE,
    &catalogue::READ_FRESHNESS,
    &catalogue::STALE_WHILE_DOWN,
    &catalogue::CACHE_INTERVAL,
    &catalogue::TRASH_WINDOW,
    &packages::CACHE_SIZE,
    &listen::MAX_CONNECTIONS,
    &listen::HEADER_READ_TIMEOUT,
    &listen::READ_TIMEOUT,
    &listen::WRITE_TIMEOUT,
    &listen::KEEP_ALIVE_TIMEOUT,
    &listen::SHUTDOWN_TIMEOUT,
    &log::DEBUG,
    &log::LOG_JSON,
    &log::LOG_HEALTH,
    &log::LOG_LATENCY_INTEGER,
];

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

impl Settings {
    /// Reads every concern from the values in force.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn from_values(values: &Values) -> Result<Self, Vec<SettingError>> {
        let mut settings = Self {
            log: Log::from_values(values),
            packages: Packages::from_values(values),
            upload: Upload::from_values(values),
            ..Self::default()
        };
        let faults: Vec<SettingError> = [
            Listen::from_values(values).map(|listen| settings.listen = listen).err(),
            Storage::from_values(values).map(|storage| settings.storage = storage).err(),
            Repository::from_values(values).map(|repository| settings.repository = repository).err(),
            Index::from_values(values).map(|index| settings.index = index).err(),
            Catalogue::from_values(values).map(|catalogue| settings.catalogue = catalogue).err(),
        ]
        .into_iter()
        .flatten()
        .collect();
        if faults.is_empty() { Ok(settings) } else { Err(faults) }
    }
}

#[cfg(test)]
mod tests;
