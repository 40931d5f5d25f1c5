//! What someone wants to happen, as it is put to the state before it becomes changes.

use chart::Digest;
use storage::Key;

use crate::change::{PackagePublished, ProvenanceFile, StoredFile, Traces};
use crate::{Change, RepositoryPath, Terms};

/// One wish. It is checked against the state that it would follow, and again if another replica was faster.
#[derive(Debug, Clone)]
pub enum Proposal {
    /// Make versions and provenances exist whose bytes are stored already.
    Publish(Box<Publication>),
    /// Take a file that was found in the storage into the catalogue, as a version.
    Adopt {
        /// What would be published.
        published: Box<PackagePublished>,
        /// The bytes of its version that it replaces: another commit may have changed them since the file was judged.
        replaces: Option<Key>,
    },
    /// Give a package file name, which has none, a provenance that was found in the storage.
    AdoptProvenance {
        /// The repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
        /// What was found.
        provenance: ProvenanceFile,
    },
    /// Forget a flat file that an upload wrote and that was refused, so that it can be deleted.
    RefuseFile {
        /// The repository.
        repository: RepositoryPath,
        /// The file's name, of a package or a provenance.
        file: String,
        /// Where it lies.
        key: Key,
        /// Of its bytes.
        digest: Digest,
    },
    /// Remove a version, or all versions of a chart.
    Remove {
        /// The repository.
        repository: RepositoryPath,
        /// The chart.
        name: String,
        /// The version's text; all if absent.
        version: Option<String>,
    },
    /// Bring a removed version back, with bytes that were copied from the trash to a fresh place.
    Restore {
        /// The repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
        /// Which removal.
        removed_at: u64,
        /// The copy of the package.
        package: StoredFile,
        /// The copy of the provenance.
        provenance: Option<StoredFile>,
    },
    /// Give a version, or a provenance, whose bytes were spoilt or lost another place with the same bytes.
    Repair {
        /// The repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
        /// Where the bytes should be: another commit may have replaced them meanwhile.
        from: Key,
        /// Where they are.
        to: StoredFile,
    },
    /// A version's file cannot be found.
    Missing {
        /// The repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
        /// The bytes that cannot be found: another commit may have replaced them meanwhile.
        key: Key,
    },
    /// The file of a version that was missing or spoilt is right again.
    Found {
        /// The repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
    },
    /// A flat file is no version.
    Unreadable {
        /// The repository.
        repository: RepositoryPath,
        /// The file's name.
        file: String,
        /// Why, in one sentence.
        reason: String,
        /// What the listing told of it.
        traces: Traces,
    },
    /// Let a removed version go for good.
    EmptyTrash {
        /// The repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
        /// Which removal.
        removed_at: u64,
    },
    /// Stop serving a replaced package.
    DropReplaced {
        /// The repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
        /// The replaced bytes. Others may have the same digest and not be due yet.
        package: StoredFile,
    },
    /// Declare an object unusable, to be deleted a day later.
    Discard {
        /// The object.
        key: Key,
    },
    /// Everything that lay in the storage is in the catalogue.
    FinishAdoption,
    /// Write a higher level from now on.
    RaiseLevel {
        /// The level.
        level: u32,
    },
}

/// What one upload makes exist: all of it, or nothing.
#[derive(Debug, Clone)]
pub struct Publication {
    /// The repository of all of it.
    pub repository: RepositoryPath,
    /// Versions, each with the provenance that came along.
    pub packages: Vec<PackagePublished>,
    /// Provenances of other packages, each with its package's file name.
    pub provenances: Vec<(String, ProvenanceFile)>,
    /// What it may do.
    pub terms: Terms,
}

/// What an accepted proposal becomes. No changes: what it wants is so already.
#[derive(Debug, Clone, Default)]
pub struct Accepted {
    /// In order.
    pub changes: Vec<Change>,
    /// A version that existed has other bytes now.
    pub replaced: bool,
}

/// Why a proposal cannot happen.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The version, or the file, exists.
    #[error("it exists already")]
    Exists,
    /// The file name belongs to another version.
    #[error("the file name {file} belongs to {name} {version}")]
    FileNameTaken {
        /// The file name.
        file: String,
        /// The chart that has it.
        name: String,
        /// The version that has it.
        version: String,
    },
    /// The repository has as many files as it may have.
    #[error("the repository is full")]
    Full,
    /// There is no such thing.
    #[error("there is no such version")]
    NotFound,
    /// The place has been used before, or must not be used any more: try again with a fresh one.
    #[error("the place has been used before")]
    PlaceUsed,
    /// The entry that is being made removes the same file already: try again with the next one.
    #[error("it is being removed")]
    BeingRemoved,
    /// The entry that is being made raises the journal's level, and ends with that: try again with the next one.
    #[error("the level is being raised")]
    LevelRaised,
    /// It waited longer than a day: objects that it names may be gone.
    #[error("it is older than a day")]
    TooOld,
    /// Something refers to what was to be let go.
    #[error("it is in use")]
    InUse,
}

impl Proposal {
    /// About how many bytes it adds to an entry.
    pub(crate) fn weight(&self) -> usize {
        /// Names, keys, digests and punctuation.
        const FRAME: usize = 512;
        match self {
            Self::Publish(publication) => {
                let packages = publication.packages.iter().map(|package| package.metadata.get().len() + FRAME);
                packages.sum::<usize>() + publication.provenances.len() * FRAME
            }
            Self::Adopt { published, .. } => published.metadata.get().len() + FRAME,
            _ => FRAME,
        }
    }
}
