use std::path::PathBuf;
use std::time::Duration;

use catalogue::Freshness;

/// How the catalogue is kept.
#[derive(Debug, Clone, PartialEq)]
pub struct Catalogue {
    /// The folder of the SQLite file; if absent, one is chosen by the storage's id.
    pub folder: Option<PathBuf>,
    /// How old an answer may be; if absent, by the kind of storage.
    pub freshness: Option<Freshness>,
    /// How long reads are answered from the last state when the storage cannot be asked.
    pub stale_while_down: Duration,
    /// How often the storage is compared with the catalogue; zero for never.
    pub reconcile_interval: Duration,
    /// How long removed and replaced packages are kept.
    pub trash_window: Duration,
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            folder: None,
            freshness: None,
            stale_while_down: Duration::from_secs(300),
            reconcile_interval: Duration::from_secs(300),
            trash_window: Duration::from_secs(7 * 24 * 3600),
        }
    }
}
