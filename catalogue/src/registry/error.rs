use chart::oci::ContentDigest;

use crate::engine::ProposeError;
use crate::outcome::{CommitError, LoadError};
use crate::state::Refusal;

/// Why something did not happen in the registry, by meaning.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum RegistryError {
    /// There is no such manifest, or no such tag.
    #[error("there is no such manifest")]
    ManifestUnknown,
    /// The name has no such blob.
    #[error("there is no such blob")]
    BlobUnknown,
    /// What was pushed is no manifest, or no chart though it says so. One sentence for people.
    #[error("{0}")]
    ManifestInvalid(String),
    /// The manifest does not have the digest that it was pushed by.
    #[error("the manifest does not have the digest {0}")]
    ManifestDigest(ContentDigest),
    /// The manifest refers to a blob or a manifest that the name does not have.
    #[error("the manifest refers to {0}, which is not there")]
    ReferenceUnknown(ContentDigest),
    /// The version exists with other bytes, and may not be replaced. One sentence for people.
    #[error("{0}")]
    Exists(String),
    /// It is not allowed, whoever asks: a rule, a limit, or a setting. One sentence for people.
    #[error("{0}")]
    Denied(String),
    /// The storage is of before the registry. One sentence for people, with the command that changes it.
    #[error("{0}")]
    Level(String),
    /// The storage failed or did not answer in time. It may have happened all the same.
    #[error("the storage is unavailable: {0}")]
    Unavailable(String),
}

/// What a proposer makes of a refusal that it cannot say more about.
impl From<Refusal> for RegistryError {
    fn from(refusal: Refusal) -> Self {
        let sentence = refusal.to_string();
        match refusal {
            Refusal::NotFound => Self::ManifestUnknown,
            Refusal::ReferenceUnknown(digest) => Self::ReferenceUnknown(digest),
            Refusal::Exists | Refusal::FileNameTaken { .. } | Refusal::TagTaken(_) | Refusal::TagOfVersion(_) => {
                Self::Exists(sentence)
            }
            Refusal::Full => Self::Denied(sentence),
            Refusal::Level => Self::Level(sentence),
            Refusal::PlaceUsed | Refusal::TooOld | Refusal::InUse | Refusal::BeingRemoved | Refusal::LevelRaised => {
                Self::Unavailable(sentence)
            }
        }
    }
}

impl From<ProposeError> for RegistryError {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::Unavailable(reason) => Self::Unavailable(reason),
            ProposeError::Refused(refusal) => refusal.into(),
        }
    }
}

impl From<CommitError> for RegistryError {
    fn from(error: CommitError) -> Self {
        match error {
            CommitError::Exists | CommitError::FileNameTaken { .. } | CommitError::TagTaken(_) => {
                Self::Exists(error.to_string())
            }
            CommitError::Full | CommitError::Name(_) | CommitError::Embedded => Self::Denied(error.to_string()),
            CommitError::NotFound => Self::ManifestUnknown,
            CommitError::Unavailable(reason) => Self::Unavailable(reason),
        }
    }
}

impl From<LoadError> for RegistryError {
    fn from(error: LoadError) -> Self {
        Self::Unavailable(error.to_string())
    }
}
