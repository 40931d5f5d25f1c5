//! The vocabulary of the system: what can happen, as it is written into the journal.

use chart::oci::{ContentDigest, RegistryName, Tag};
use chart::{ChartName, ChartVersion, Digest};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::value::RawValue;
use storage::Key;
use uuid::Uuid;

use crate::RepositoryPath;
use crate::state::PushedManifest;

/// The newest journal level that this program knows. A replica writes the level in force and refuses a higher one.
pub const LEVEL: u32 = 2;

/// One object of the journal.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct Entry {
    /// Its number; the first is 1.
    pub sequence: u64,
    /// Its own name.
    pub id: Uuid,
    /// The `id` of the entry before it; nil for the first.
    pub previous: Uuid,
    /// The replica that wrote it.
    pub writer: Uuid,
    /// The later of the writer's clock and the previous entry's `at` plus one nanosecond.
    pub at: Timestamp,
    /// What happened, in order.
    pub changes: Vec<Change>,
}

impl Entry {
    /// The level that the journal has after this entry, if it raises it. No change stands behind it in its entry: a
    /// replica that does not know the level must be able to read the entry that says so.
    pub fn raised_level(&self) -> Option<u32> {
        match self.changes.last() {
            Some(Change::LevelRaised { level }) => Some(*level),
            _ => None,
        }
    }
}

/// An object that holds a file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredFile {
    /// Where.
    #[serde(with = "key_text")]
    pub key: Key,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
}

/// An object that holds a blob or a manifest of the registry, whose digest is told beside it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct StoredObject {
    /// Where.
    #[serde(with = "key_text")]
    pub key: Key,
    /// Length in bytes.
    pub size: u64,
}

/// What a listing told of a file when it was read: while it is the same, the file is not read again.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Traces {
    /// Length in bytes.
    pub size: u64,
    /// By the storage's clock.
    pub modified: Timestamp,
    /// Opaque.
    pub etag: String,
}

/// One fact.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Change {
    /// A version exists from now on with these bytes: published, overwritten, adopted or restored.
    PackagePublished(Box<PackagePublished>),
    /// An upload wrote this flat file, a package or a provenance, and was refused: it is never adopted, and if it is a
    /// provenance that was adopted, the package has none any more.
    FileRefused {
        /// The repository of the file.
        repository: RepositoryPath,
        /// The file's name.
        file: String,
        /// Of the refused bytes.
        digest: Digest,
    },
    /// A file name has this provenance from now on.
    ProvenancePublished {
        /// The repository of the file.
        repository: RepositoryPath,
        /// The package's file name (without `.prov`).
        file: String,
        /// The provenance file.
        provenance: ProvenanceFile,
    },
    /// A version is gone. It can be restored while it is in the trash.
    PackageRemoved {
        /// Its repository.
        repository: RepositoryPath,
        /// Its chart.
        name: ChartName,
        /// The version.
        version: ChartVersion,
    },
    /// A version's file cannot be found. It is not listed until its bytes return.
    PackageMissing {
        /// Its repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
    },
    /// The bytes of a version that was missing, or spoilt in its place, are right again.
    PackageFound {
        /// Its repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
    },
    /// A file in the storage is no version, and why. It is read again when its traces change.
    FileUnreadable {
        /// Its repository.
        repository: RepositoryPath,
        /// The file's name.
        file: String,
        /// One sentence for people.
        reason: String,
        /// What the listing told of it.
        traces: Traces,
    },
    /// A removed version has left the trash for good.
    TrashEmptied {
        /// Its repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
        /// The sequence of its removal.
        removed_at: u64,
    },
    /// A replaced package is no longer served.
    ReplacedDropped {
        /// Its repository.
        repository: RepositoryPath,
        /// The package's file name.
        file: String,
        /// Of the replaced bytes; of several with this digest the one replaced first.
        digest: Digest,
    },
    /// An unreferenced object will be deleted a day from now; no change may name it any more.
    ObjectDiscarded {
        /// The object.
        #[serde(with = "key_text")]
        key: Key,
    },
    /// A name of the registry has this blob from now on, which nothing had before. From level 2 on, as all that follow.
    BlobAdded {
        /// The name.
        name: RegistryName,
        /// Of the blob.
        digest: ContentDigest,
        /// Where it is.
        object: StoredObject,
    },
    /// A name of the registry has, from now on or again, this blob, which something else has too.
    BlobLinked {
        /// The name.
        name: RegistryName,
        /// Of the blob.
        digest: ContentDigest,
    },
    /// A name of the registry has this blob no more.
    BlobUnlinked {
        /// The name.
        name: RegistryName,
        /// Of the blob.
        digest: ContentDigest,
    },
    /// A name of the registry has this manifest from now on.
    ManifestPut(Box<ManifestPut>),
    /// A name of the registry has this manifest no more, nor the tags that stood for it.
    ManifestRemoved {
        /// The name.
        name: RegistryName,
        /// Of the manifest.
        digest: ContentDigest,
    },
    /// A tag stands for this manifest from now on.
    TagSet {
        /// The name.
        name: RegistryName,
        /// The tag.
        tag: Tag,
        /// Of the manifest.
        digest: ContentDigest,
    },
    /// A tag is no more.
    TagRemoved {
        /// The name.
        name: RegistryName,
        /// The tag.
        tag: Tag,
    },
    /// Everything that lay in the storage before is in the catalogue.
    AdoptionFinished,
    /// Replicas write this level from the next entry on.
    LevelRaised {
        /// The new level.
        level: u32,
    },
}

/// A version and its bytes.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub struct PackagePublished {
    /// Its repository.
    pub repository: RepositoryPath,
    /// Its chart.
    pub name: ChartName,
    /// The version.
    pub version: ChartVersion,
    /// Its file name: `<name>-<version>.tgz`, or whatever the adopted file is called.
    pub file: String,
    /// Its bytes.
    pub package: StoredFile,
    /// What the storage told of the file in the flat place, if these are its bytes: adopted there, or from there.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub traces: Option<Traces>,
    /// The canonical JSON of its metadata, copied into indexes as it is.
    pub metadata: Box<RawValue>,
    /// When it was published, if not at the entry's own time (adopted or restored).
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub created: Option<Timestamp>,
    /// A provenance that came along.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provenance: Option<ProvenanceFile>,
}

/// A manifest that a client pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ManifestPut {
    /// The name in the registry.
    pub name: RegistryName,
    /// Of its bytes.
    pub digest: ContentDigest,
    /// Where it is, if nothing had this content before.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub object: Option<StoredObject>,
    /// What is known of it.
    pub manifest: PushedManifest,
}

/// A provenance file and what it signs.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ProvenanceFile {
    /// Its bytes.
    #[serde(flatten)]
    pub stored: StoredFile,
    /// The package digest it vouches for, if it names one.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub vouches: Option<Digest>,
}

/// A key as its text.
pub(crate) mod key_text {
    use serde::{Deserialize, Deserializer, Serializer, de};
    use storage::Key;

    pub fn serialize<S: Serializer>(key: &Key, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(key.as_str())
    }

    pub fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Key, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Key::new(text).map_err(de::Error::custom)
    }
}
