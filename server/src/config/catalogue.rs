use std::path::PathBuf;
use std::time::Duration;

use catalogue::Freshness;

use super::{Kind, Setting, SettingError, Values, duration};

pub(super) const SETTINGS: &[&Setting] =
    &[&CATALOGUE, &READ_FRESHNESS, &STALE_WHILE_DOWN, &CACHE_INTERVAL, &ALWAYS_REGENERATE, &TRASH_WINDOW];

const CATALOGUE: Setting = Setting::new(
    "catalogue",
    Kind::Text,
    "Folder of the catalogue's SQLite file, on a local disk; without it, one in the user's cache folder.",
)
.key("catalogue");
const READ_FRESHNESS: Setting = Setting::new(
    "read-freshness",
    Kind::Text,
    "How old an answer may be: strict, or a duration; without it, 1s on a local disk and strict elsewhere.",
)
.key("readfreshness");
const STALE_WHILE_DOWN: Setting = Setting::new(
    "stale-while-down",
    Kind::Duration,
    "How long reads are answered from the last state when the storage cannot be asked.",
)
.key("stalewhiledown")
.default("5m");
const CACHE_INTERVAL: Setting = Setting::new(
    "cache-interval",
    Kind::Duration,
    "How often the storage is searched for files placed, changed or removed by hand; 0 for never.",
)
.key("cacheinterval")
.default("5m");
const ALWAYS_REGENERATE: Setting = Setting::new(
    "always-regenerate-chart-index",
    Kind::Boolean,
    "Search the storage before every answer too, which costs a listing each time.",
)
.key("always-regenerate-chart-index")
.default("false");
const TRASH_WINDOW: Setting = Setting::new(
    "trash-window",
    Kind::Duration,
    "How long deleted and replaced packages can be restored; 0 deletes at once.",
)
.key("trashwindow")
.default("168h");

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
    /// Every read compares the storage with the catalogue first.
    pub reconcile_on_read: bool,
    /// How long removed and replaced packages are kept.
    pub trash_window: Duration,
}

impl Catalogue {
    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let freshness = match values.text(&READ_FRESHNESS) {
            None => None,
            Some(word) if word.eq_ignore_ascii_case("strict") => Some(Freshness::Strict),
            Some(text) => match duration::parse(text) {
                Some(Duration::ZERO) => Some(Freshness::Strict),
                Some(age) => Some(Freshness::Within(age)),
                None => {
                    let reason = format!("expected strict, or a duration such as 1s, not {text:?}");
                    return Err(values.fault(&READ_FRESHNESS, &reason));
                }
            },
        };
        Ok(Self {
            folder: values.text(&CATALOGUE).map(PathBuf::from),
            freshness,
            stale_while_down: values.duration(&STALE_WHILE_DOWN),
            reconcile_interval: values.duration(&CACHE_INTERVAL),
            reconcile_on_read: values.boolean(&ALWAYS_REGENERATE),
            trash_window: values.duration(&TRASH_WINDOW),
        })
    }
}

impl Default for Catalogue {
    fn default() -> Self {
        Self {
            folder: None,
            freshness: None,
            stale_while_down: Duration::from_secs(300),
            reconcile_interval: Duration::from_secs(300),
            reconcile_on_read: false,
            trash_window: Duration::from_secs(7 * 24 * 3600),
        }
    }
}
