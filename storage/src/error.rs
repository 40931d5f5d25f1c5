use crate::Key;

/// The result of a storage call.
pub type Result<T, E = StorageError> = std::result::Result<T, E>;

/// What went wrong, by meaning: a caller decides by the variant and never by the text.
///
/// A failure is never read as "absent": only [`StorageError::NotFound`] says that an object is not there.
#[derive(Debug, Clone, thiserror::Error)]
pub enum StorageError {
    /// No object has this key.
    #[error("no object {0}")]
    NotFound(Key),
    /// An object has this key already.
    #[error("object {0} exists already")]
    AlreadyExists(Key),
    /// The storage did not answer, or not in time; the call may have had its effect. Worth another try.
    #[error("the storage is unavailable: {0}")]
    Unavailable(String),
    /// The storage refuses the call: read-only, no permission, bad credentials.
    #[error("the storage refuses: {0}")]
    Denied(String),
    /// The backend cannot do this at all (for example no hard links).
    #[error("the storage cannot do this: {0}")]
    Unsupported(String),
    /// What came back is not what was stored (short body, a folder where an object should be).
    #[error("the storage is corrupt: {0}")]
    Corrupt(String),
}

impl StorageError {
    /// True if the object is known to be absent.
    pub fn is_not_found(&self) -> bool {
        matches!(self, Self::NotFound(_))
    }

    /// True if the key is known to be taken.
    pub fn is_already_exists(&self) -> bool {
        matches!(self, Self::AlreadyExists(_))
    }
}
