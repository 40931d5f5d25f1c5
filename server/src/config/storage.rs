use std::path::PathBuf;

use super::{Amazon, Kind, Setting, SettingError, Values, amazon};

const STORAGE: Setting =
    Setting::new("storage", Kind::Choice(&["local", "amazon"]), "Where packages are kept: local or amazon (S3).")
        .key("storage.backend")
        .default("local");
const LOCAL_ROOTDIR: Setting =
    Setting::new("storage-local-rootdir", Kind::Text, "Folder of --storage=local; made if it is missing.")
        .key("storage.local.rootdir")
        .default("./charts");

pub(super) const SETTINGS: &[&Setting] = &[
    &STORAGE,
    &LOCAL_ROOTDIR,
    &amazon::BUCKET,
    &amazon::PREFIX,
    &amazon::REGION,
    &amazon::ENDPOINT,
    &amazon::ENCRYPTION,
    &amazon::ENCRYPTION_KEY,
    &amazon::PATH_STYLE,
    &amazon::CA_FILE,
    &amazon::CHECKSUMS,
    &amazon::CONNECT_TIMEOUT,
    &amazon::ATTEMPT_TIMEOUT,
    &amazon::OPERATION_TIMEOUT,
    &amazon::RETRIES,
    &amazon::PART_SIZE,
    &amazon::HEARTBEAT,
    &amazon::REDIRECT,
    &amazon::REDIRECT_EXPIRY,
    &amazon::REDIRECT_ENDPOINT,
];

/// Where bytes live.
#[derive(Debug, Clone, PartialEq)]
pub enum Storage {
    /// In a folder.
    Local {
        /// The folder; made if it is missing.
        root: PathBuf,
    },
    /// In a bucket of S3 or of a store that speaks its protocol.
    Amazon(Box<Amazon>),
}

impl Storage {
    /// The storage that a command's argument names: a folder, or `s3://bucket/prefix`, in the store of this storage if
    /// it is one, else in the one that the environment names for every program that uses S3.
    ///
    /// # Errors
    /// Why it names none.
    pub fn named(&self, text: &str) -> Result<Self, String> {
        let bucket = match text.split_once("://") {
            _ if text.is_empty() => return Err("it is empty".to_owned()),
            None => return Ok(Self::Local { root: PathBuf::from(text) }),
            Some(("s3", bucket)) => bucket.trim_end_matches('/'),
            Some((scheme, _)) => {
                return Err(format!("{scheme}:// is no kind of storage; name a folder or s3://bucket/prefix"));
            }
        };
        let (bucket, prefix) = bucket.split_once('/').unwrap_or((bucket, ""));
        if bucket.is_empty() {
            return Err("it names no bucket".to_owned());
        }
        let mut amazon = match self {
            Self::Amazon(own) => own.clone(),
            Self::Local { .. } => Box::new(Amazon::of_environment(|variable| std::env::var(variable).ok())),
        };
        (amazon.options.bucket, amazon.options.prefix) = (bucket.to_owned(), prefix.to_owned());
        Ok(Self::Amazon(amazon))
    }

    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        if values.text(&STORAGE) == Some("amazon") {
            return Amazon::from_values(values).map(|amazon| Self::Amazon(Box::new(amazon)));
        }
        if values.boolean(&amazon::REDIRECT) {
            return Err(values.fault(&amazon::REDIRECT, "a folder gives out no addresses: it needs --storage=amazon"));
        }
        let root = values.text(&LOCAL_ROOTDIR).ok_or_else(|| values.fault(&LOCAL_ROOTDIR, "it is empty"))?;
        Ok(Self::Local { root: PathBuf::from(root) })
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self::Local { root: PathBuf::from("./charts") }
    }
}
