use std::path::PathBuf;

use super::{Kind, Setting, SettingError, Values};

pub(super) const SETTINGS: &[&Setting] = &[&STORAGE, &LOCAL_ROOTDIR];

const STORAGE: Setting = Setting::new("storage", Kind::Choice(&["local"]), "Where packages are kept: local.")
    .key("storage.backend")
    .default("local");
const LOCAL_ROOTDIR: Setting =
    Setting::new("storage-local-rootdir", Kind::Text, "Folder of --storage=local; made if it is missing.")
        .key("storage.local.rootdir")
        .default("./charts");

/// Where bytes live.
#[derive(Debug, Clone, PartialEq)]
pub enum Storage {
    /// In a folder.
    Local {
        /// The folder; made if it is missing.
        root: PathBuf,
    },
}

impl Storage {
    /// The storage that a command's argument names: a folder.
    ///
    /// # Errors
    /// Why it names none.
    pub fn parse(text: &str) -> Result<Self, String> {
        match text.split_once("://") {
            _ if text.is_empty() => Err("it is empty".to_owned()),
            Some((scheme, _)) => Err(format!("{scheme}:// is no kind of storage that can be copied to; name a folder")),
            None => Ok(Self::Local { root: PathBuf::from(text) }),
        }
    }

    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let root = values.text(&LOCAL_ROOTDIR).ok_or_else(|| values.fault(&LOCAL_ROOTDIR, "it is empty"))?;
        Ok(Self::Local { root: PathBuf::from(root) })
    }
}

impl Default for Storage {
    fn default() -> Self {
        Self::Local { root: PathBuf::from("./charts") }
    }
}
