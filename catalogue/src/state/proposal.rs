//! What someone wants to happen, as it is put to the state before it becomes changes.

use chart::Digest;
use chart::oci::{ContentDigest, Reference, RegistryName, Tag};
use storage::Key;

use super::registry::ManifestPublication;
use crate::change::{PackagePublished, ProvenanceFile, StoredFile, StoredObject, Traces};
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
    /// Give content of the registry whose bytes were spoilt or lost another place with the same bytes; or take it from all
    /// names that have it, if there is none.
    RepairContent {
        /// Of the content.
        digest: ContentDigest,
        /// Where the bytes should be: another commit may have replaced them meanwhile.
        from: Key,
        /// Where they are.
        to: Option<StoredObject>,
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
    /// Give a name of the registry a blob that was stored.
    PutBlob {
        /// The name.
        name: RegistryName,
        /// Of the blob.
        digest: ContentDigest,
        /// Where it was stored. Not used if it is stored already.
        object: StoredObject,
    },
    /// Give a name of the registry a blob of another name, which lies in an object of its own.
    LinkBlob {
        /// The name.
        name: RegistryName,
        /// Of the blob.
        digest: ContentDigest,
        /// The other name.
        from: RegistryName,
    },
    /// Take a blob from a name of the registry.
    UnlinkBlob {
        /// The name.
        name: RegistryName,
        /// Of the blob.
        digest: ContentDigest,
    },
    /// Give a name of the registry a manifest, with what it brings.
    PutManifest(Box<ManifestPublication>),
    /// Delete a manifest with its tags, a tag alone, or the version that either stands for.
    DeleteManifest {
        /// The name.
        name: RegistryName,
        /// What to delete.
        reference: Reference,
    },
    /// Take from a name of the registry what nothing has needed for a day.
    LetGo {
        /// The name.
        name: RegistryName,
        /// Of the blob or the manifest.
        digest: ContentDigest,
        /// It is a manifest.
        is_manifest: bool,
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
    /// There is no registry at the journal's level.
    #[error("the storage is of before the registry: run `chandlery upgrade-storage` once all replicas are new enough")]
    Level,
    /// The version's tag in the registry stands for something that is no chart.
    #[error("the tag {0} stands for an artifact in the registry")]
    TagTaken(Tag),
    /// The tag reads as a version of a chart, and would stand for something else.
    #[error("the tag {0} stands for the chart's version of that name, and for nothing else")]
    TagOfVersion(Tag),
    /// A manifest refers to something that its name does not have.
    #[error("{0} is not there")]
    ReferenceUnknown(ContentDigest),
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
            Self::PutManifest(put) => {
                /// A digest in JSON, the longer kind.
                const DIGEST: usize = 140;
                let manifest = &put.manifest;
                let annotations = manifest.annotations.iter().map(|(key, value)| key.len() + value.len() + 8);
                let packages = put.publication.iter().flat_map(|publication| &publication.packages);
                annotations.sum::<usize>()
                    + (manifest.blobs.len() + manifest.manifests.len()) * DIGEST
                    + packages.map(|package| package.metadata.get().len()).sum::<usize>()
                    + (put.tags.len() + 2) * FRAME
            }
            Self::Adopt { published, .. } => published.metadata.get().len() + FRAME,
            _ => FRAME,
        }
    }
}
