use std::path::PathBuf;
use std::time::Duration;

use super::{Kind, Setting, SettingError, Values};

pub(super) const SETTINGS: &[&Setting] =
    &[&REGISTRY, &CONTENT, &MAX_MANIFEST_SIZE, &MAX_BLOB_SIZE, &MAX_UPLOADS, &UPLOAD_TIMEOUT, &TOKEN_KEY_FILE];

const REGISTRY: Setting = Setting::new(
    "registry",
    Kind::Boolean,
    "Serve the same charts as an OCI registry below /v2/; false answers 404 there, as ChartMuseum does.",
)
.key("registry")
.variable_named("REGISTRY_ENABLED") // REGISTRY is set for other purposes in many places
.default("true");
const CONTENT: Setting = Setting::new(
    "registry-content",
    Kind::Choice(&["charts", "all"]),
    "What may be pushed there: all, or only charts and what refers to them (signatures, for example).",
)
.key("registrycontent")
.default("all");
const MAX_MANIFEST_SIZE: Setting =
    Setting::new("registry-max-manifest-size", Kind::Size, "Largest manifest that may be pushed, in bytes.")
        .key("registrymaxmanifestsize")
        .default("4Mi");
const MAX_BLOB_SIZE: Setting =
    Setting::new("registry-max-blob-size", Kind::Size, "Largest blob that may be pushed, in bytes.")
        .key("registrymaxblobsize")
        .default("10Gi");
const MAX_UPLOADS: Setting = Setting::new(
    "registry-max-uploads",
    Kind::Integer(1, 100_000),
    "Most uploads of blobs that may be unfinished at a time.",
)
.key("registrymaxuploads")
.default("1000");
const UPLOAD_TIMEOUT: Setting = Setting::new(
    "registry-upload-timeout",
    Kind::Duration,
    "An unfinished upload of a blob in which nothing happens for so long is given up; at least 1m.",
)
.key("registryuploadtimeout")
.default("1h");
const TOKEN_KEY_FILE: Setting = Setting::new(
    "token-key-file",
    Kind::Text,
    "File of 32 bytes or more that sign the tokens of the registry; without it their key comes from the password of basic-auth.",
)
.key("tokenkeyfile");

/// Uploads say that they live more often than this.
const SHORTEST_TIMEOUT: Duration = Duration::from_secs(60);

/// What may be pushed to the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum RegistryContent {
    /// Anything.
    #[default]
    All,
    /// Charts, and what refers to them.
    Charts,
}

/// The OCI registry.
#[derive(Debug, Clone, PartialEq)]
pub struct Registry {
    /// There is one.
    pub enabled: bool,
    /// What may be pushed.
    pub content: RegistryContent,
    /// Largest manifest, in bytes.
    pub manifest_size: u64,
    /// Largest blob, in bytes.
    pub blob_size: u64,
    /// Most unfinished uploads at a time.
    pub uploads: usize,
    /// How long an unfinished upload may rest.
    pub upload_timeout: Duration,
    /// The file of what signs tokens.
    pub token_key: Option<PathBuf>,
}

impl Registry {
    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let upload_timeout = values.duration(&UPLOAD_TIMEOUT);
        if upload_timeout < SHORTEST_TIMEOUT {
            return Err(values.fault(&UPLOAD_TIMEOUT, "expected at least 1m"));
        }
        Ok(Self {
            enabled: values.boolean(&REGISTRY),
            content: match values.text(&CONTENT) {
                Some("charts") => RegistryContent::Charts,
                _ => RegistryContent::All,
            },
            manifest_size: values.integer(&MAX_MANIFEST_SIZE),
            blob_size: values.integer(&MAX_BLOB_SIZE),
            uploads: usize::try_from(values.integer(&MAX_UPLOADS)).unwrap_or(usize::MAX),
            upload_timeout,
            token_key: values.text(&TOKEN_KEY_FILE).map(PathBuf::from),
        })
    }
}

impl Default for Registry {
    fn default() -> Self {
        Self {
            enabled: true,
            content: RegistryContent::All,
            manifest_size: 4 * 1024 * 1024,
            blob_size: 10 * 1024 * 1024 * 1024,
            uploads: 1000,
            upload_timeout: Duration::from_secs(3600),
            token_key: None,
        }
    }
}
