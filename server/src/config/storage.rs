use std::path::PathBuf;

/// Where bytes live.
#[derive(Debug, Clone, PartialEq)]
pub enum Storage {
    /// In a folder.
    Local {
        /// The folder; made if it is missing.
        root: PathBuf,
    },
}

impl Default for Storage {
    fn default() -> Self {
        Self::Local { root: PathBuf::from("./charts") }
    }
}
