//! The settings: one small struct per concern, and one table of every setting's names.
//!
//! A setting is declared once, beside the struct it ends up in. [`SETTINGS`] lists them all; the command line, the
//! environment, the configuration file, `check-config` and the documentation are made from that table. Sources in
//! order: flag, environment, file, default.

mod amazon;
mod auth;
mod catalogue;
mod duration;
mod file;
mod index;
mod listen;
mod log;
mod metrics;
mod notices;
mod packages;
mod registry;
mod repository;
mod secret;
mod setting;
mod show;
mod storage;
mod tls;
mod unneeded;
mod unsupported;
mod upload;
mod values;
mod web;

pub use self::amazon::{Amazon, Redirect};
pub use self::auth::{Auth, AuthMethod, Bearer};
pub use self::catalogue::Catalogue;
pub use self::index::Index;
pub use self::listen::Listen;
pub use self::log::Log;
pub use self::metrics::Metrics;
pub use self::notices::Notice;
pub use self::packages::Packages;
pub use self::registry::{Registry, RegistryContent};
pub use self::repository::{Depth, OWN_SEGMENT, Repository};
pub use self::secret::Secret;
pub use self::setting::{Kind, Setting, Standing, Value};
pub use self::show::{in_force, markdown};
pub use self::storage::Storage;
pub use self::tls::{Tls, TlsFiles};
pub use self::upload::Upload;
pub use self::values::{Given, SettingError, Source, Values};
pub use self::web::{AllowedOrigins, Web};

/// The configuration file itself.
pub const CONFIG: Setting =
    Setting::new("config", Kind::Text, "Read settings from this file (YAML or JSON).").short('c');

/// A title for people, and the settings of one concern.
pub type Concern = (&'static str, &'static [&'static Setting]);

/// Every setting there is by concern, in the order in which help and documentation show them. A concern's file lists its
/// own.
pub const CONCERNS: &[Concern] = &[
    ("General", &[&CONFIG]),
    ("Listening", listen::SETTINGS),
    ("Encryption", tls::SETTINGS),
    ("Storage", storage::SETTINGS),
    ("Repositories", repository::SETTINGS),
    ("Index", index::SETTINGS),
    ("Uploads", upload::SETTINGS),
    ("Registry", registry::SETTINGS),
    ("Access", auth::SETTINGS),
    ("Catalogue", catalogue::SETTINGS),
    ("Memory", packages::SETTINGS),
    ("Web", web::SETTINGS),
    ("Metrics", metrics::SETTINGS),
    ("Log", log::SETTINGS),
    ("Taken from ChartMuseum, without effect", unneeded::SETTINGS),
    ("Of storages that are not supported", unsupported::SETTINGS),
];

/// Every setting there is.
pub const SETTINGS: &[&Setting] = &joined::<{ count() }>();

const fn count() -> usize {
    let (mut count, mut concern) = (0, 0);
    while concern < CONCERNS.len() {
        count += CONCERNS[concern].1.len();
        concern += 1;
    }
    count
}

const fn joined<const COUNT: usize>() -> [&'static Setting; COUNT] {
    let mut all = [&CONFIG; COUNT];
    let (mut at, mut concern) = (0, 0);
    while concern < CONCERNS.len() {
        let settings = CONCERNS[concern].1;
        let mut next = 0;
        while next < settings.len() {
            all[at] = settings[next];
            (at, next) = (at + 1, next + 1);
        }
        concern += 1;
    }
    all
}

/// Everything that can be set. `Default` is what a server without any setting runs with.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Settings {
    /// Where and how requests are accepted.
    pub listen: Listen,
    /// Whether and how connections are encrypted.
    pub tls: Tls,
    /// Where bytes live.
    pub storage: Storage,
    /// What the repositories allow.
    pub repository: Repository,
    /// What an upload may be.
    pub upload: Upload,
    /// How `index.yaml` is written.
    pub index: Index,
    /// The OCI registry.
    pub registry: Registry,
    /// Who may use the server.
    pub auth: Auth,
    /// How the catalogue is kept.
    pub catalogue: Catalogue,
    /// How packages are kept in memory.
    pub packages: Packages,
    /// What browsers and other sites get.
    pub web: Web,
    /// What is counted for whom.
    pub metrics: Metrics,
    /// What is logged, and how.
    pub log: Log,
    /// What was set in vain.
    pub notices: Vec<Notice>,
}

impl Settings {
    /// Reads every concern from the values in force.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn from_values(values: &Values) -> Result<Self, Vec<SettingError>> {
        let mut settings = Self {
            log: Log::from_values(values),
            metrics: Metrics::from_values(values),
            packages: Packages::from_values(values),
            upload: Upload::from_values(values),
            notices: notices::notices(values),
            ..Self::default()
        };
        let faults: Vec<SettingError> = [
            Listen::from_values(values).map(|listen| settings.listen = listen).err(),
            Tls::from_values(values).map(|tls| settings.tls = tls).err(),
            Storage::from_values(values).map(|storage| settings.storage = storage).err(),
            Repository::from_values(values).map(|repository| settings.repository = repository).err(),
            Index::from_values(values).map(|index| settings.index = index).err(),
            Registry::from_values(values).map(|registry| settings.registry = registry).err(),
            Web::from_values(values).map(|web| settings.web = web).err(),
            Auth::from_values(values).map(|auth| settings.auth = auth).err(),
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
