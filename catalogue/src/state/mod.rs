//! What results from the journal: an immutable value that the next entry turns into the next one.
//!
//! Everything is shared with the state before but what an entry changed, so a copy costs nothing and an entry costs
//! what it changes.

mod apply;
mod check;
mod listing;
mod places;
mod proposal;
mod publication;
mod registry;
mod repair;
mod versions;

use std::sync::Arc;

use chart::{ChartName, ChartVersion, Digest};
use imbl::OrdMap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Key;
use uuid::Uuid;

use crate::change::{ProvenanceFile, StoredFile, Traces, key_text};
use crate::{RepositoryPath, layout};

pub use apply::{ApplyError, Touched};
pub use proposal::{Accepted, Proposal, Publication, Refusal};
pub use registry::{
    BlobSource, FoundBlob, FoundManifest, Made, MadeManifest, ManifestPublication, ManifestSource, PushedManifest,
    REGISTRY_LEVEL, Referrer, Registry, SignedBlob, StoredContent, VersionOfManifest,
};
pub(crate) use registry::{ContentLine, merged, registry_name};
pub use versions::Chart;

/// What exists after the entry with number `sequence`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct State {
    /// The storage that the journal belongs to.
    pub storage: Uuid,
    /// The last entry applied; 0 if none.
    pub sequence: u64,
    /// Its id; nil if none.
    pub entry: Uuid,
    /// Its time.
    pub at: Timestamp,
    /// The journal level in force.
    pub level: u32,
    /// True once everything that lay in the storage at first is in the catalogue.
    pub adopted: bool,
    /// By path.
    pub repositories: OrdMap<RepositoryPath, Arc<Repository>>,
    /// What clients pushed to the registry.
    pub registry: Registry,
    /// Objects below `objects/` that nothing refers to since the time given.
    pub unreferenced: OrdMap<Key, Timestamp>,
    /// Objects that no change may name any more, since the time given.
    pub discarded: OrdMap<Key, Timestamp>,
}

/// One Helm repository.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repository {
    /// Its path.
    pub path: RepositoryPath,
    /// When its index changed last.
    pub changed: Timestamp,
    /// By name.
    pub charts: OrdMap<ChartName, Arc<Chart>>,
    /// What is known of each package file name, for ever.
    pub files: OrdMap<Arc<str>, Arc<FileFacts>>,
    /// Removed versions, by file name and the sequence of the removal.
    pub trash: OrdMap<(Arc<str>, u64), Arc<Trashed>>,
}

/// A version that exists.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Version {
    /// Its chart.
    pub name: ChartName,
    /// The version.
    pub version: ChartVersion,
    /// Its file name.
    pub file: Arc<str>,
    /// Its bytes.
    #[serde(flatten)]
    pub package: StoredFile,
    /// When it was published.
    pub created: Timestamp,
    /// The canonical JSON of its metadata.
    pub metadata: Arc<str>,
    /// It has had other bytes before: URLs name the content.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub replaced: bool,
    /// The manifests made of it, for the registry.
    #[serde(default)]
    pub made: Made,
}

/// What is known of a package file name in a repository.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct FileFacts {
    /// The flat place has been used: nothing is ever written there again.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub flat_used: bool,
    /// The flat place of the provenance has been used.
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub flat_provenance_used: bool,
    /// Every digest that this file ever had.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub digests: Vec<Digest>,
    /// The version that this file holds now, if it is listed.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub listed: Option<(ChartName, ChartVersion)>,
    /// The version whose bytes cannot be found.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub missing: Option<Arc<Version>>,
    /// Why the file in the flat place is no version.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub unreadable: Option<String>,
    /// What the storage told of the file in the flat place when it was read; none if that was taken away since.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub traces: Option<Traces>,
    /// The provenance of this file name.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub provenance: Option<ProvenanceFacts>,
    /// Packages that were replaced and are still served by their digest.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub replaced: Vec<Replaced>,
}

/// A provenance as the state has it.
pub type ProvenanceFacts = ProvenanceFile;

/// A package that was replaced by another one.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Replaced {
    /// Its bytes.
    #[serde(flatten)]
    pub package: StoredFile,
    /// When.
    pub at: Timestamp,
    /// The version that it was: its manifests are found by their digests as long as the package is.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<Arc<Version>>,
}

/// A removed version that can still be restored.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trashed {
    /// As it was.
    pub version: Version,
    /// Its provenance.
    pub provenance: Option<ProvenanceFacts>,
    /// The sequence of its removal.
    pub removed_at: u64,
    /// The time of its removal.
    pub at: Timestamp,
}

/// Where a package's bytes are and what they must be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PackageLocation {
    /// The object.
    pub key: Key,
    /// What its bytes must hash to.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
}

impl From<&StoredFile> for PackageLocation {
    fn from(file: &StoredFile) -> Self {
        Self { key: file.key.clone(), digest: file.digest, size: file.size }
    }
}

impl State {
    /// Nothing yet, on this storage.
    pub fn empty(storage: Uuid) -> Self {
        Self {
            storage,
            sequence: 0,
            entry: Uuid::nil(),
            at: Timestamp::UNIX_EPOCH,
            level: 1,
            adopted: false,
            repositories: OrdMap::new(),
            registry: Registry::default(),
            unreferenced: OrdMap::new(),
            discarded: OrdMap::new(),
        }
    }

    /// The same with a repository that it did not have.
    pub(crate) fn add_repository(&mut self, repository: Arc<Repository>) {
        let names = repository.charts.keys().filter_map(|chart| registry_name(&repository.path, chart));
        names.for_each(|name| self.registry.know(name));
        self.repositories.insert(repository.path.clone(), repository);
    }

    /// The repository, if anything was ever stored in it.
    pub fn repository(&self, path: &RepositoryPath) -> Option<&Arc<Repository>> {
        self.repositories.get(path)
    }

    /// Versions in all repositories.
    pub fn version_count(&self) -> usize {
        self.repositories.values().map(|repository| repository.version_count()).sum()
    }

    /// Something that exists, can be restored or is still served refers to the object.
    pub fn is_referenced(&self, key: &Key) -> bool {
        self.registry.content_of(key).is_some()
            || self.repositories.values().any(|repository| repository.refers_to(key))
    }
}

impl Repository {
    pub(crate) fn empty(path: RepositoryPath, at: Timestamp) -> Self {
        Self { path, changed: at, charts: OrdMap::new(), files: OrdMap::new(), trash: OrdMap::new() }
    }

    /// The chart, if it has a version.
    pub fn chart(&self, name: &str) -> Option<&Arc<Chart>> {
        self.charts.get(name)
    }

    /// The version with exactly this text.
    pub fn version(&self, name: &str, version: &str) -> Option<&Arc<Version>> {
        self.chart(name)?.version(version)
    }

    /// What is known of the file name.
    pub fn file(&self, file: &str) -> Option<&Arc<FileFacts>> {
        self.files.get(file)
    }

    /// The version that the file name holds now.
    pub fn version_of_file(&self, file: &str) -> Option<&Arc<Version>> {
        let (name, version) = self.file(file)?.listed.as_ref()?;
        let chart = self.charts.get(name)?;
        chart.position(version).map(|position| &chart.versions[position])
    }

    /// Versions of all charts.
    pub fn version_count(&self) -> usize {
        self.charts.values().map(|chart| chart.versions.len()).sum()
    }

    /// Where the bytes of a package file are: those listed now, or with a digest those that had it.
    pub fn package(&self, file: &str, digest: Option<Digest>) -> Option<PackageLocation> {
        if let Some(version) = self.version_of_file(file)
            && digest.is_none_or(|digest| version.package.digest == digest)
        {
            return Some((&version.package).into());
        }
        let replaced = &self.file(file)?.replaced;
        Some((&replaced.iter().find(|old| Some(old.package.digest) == digest)?.package).into())
    }

    /// Where the bytes of a provenance are.
    pub fn provenance(&self, package_file: &str) -> Option<PackageLocation> {
        Some((&self.file(package_file)?.provenance.as_ref()?.stored).into())
    }

    /// Whether a removed version's provenance is these bytes, which are on their way from this key to the trash.
    pub(crate) fn removed_provenance(&self, key: &Key, digest: Digest) -> bool {
        let removed = |facts: &ProvenanceFacts| &facts.stored.key == key && facts.stored.digest == digest;
        self.trash.values().any(|trashed| trashed.provenance.as_ref().is_some_and(removed))
    }

    /// What was removed of a package file name, the oldest first.
    pub(crate) fn trashed_of(&self, file: &str) -> impl DoubleEndedIterator<Item = &Arc<Trashed>> {
        let file: Arc<str> = file.into();
        self.trash.range((file.clone(), 0)..=(file, u64::MAX)).map(|(_, trashed)| trashed)
    }

    pub(crate) fn refers_to(&self, key: &Key) -> bool {
        let provenance = |facts: &Option<ProvenanceFacts>| facts.as_ref().is_some_and(|p| &p.stored.key == key);
        let of_version = |version: &Version| {
            &version.package.key == key || version.made.provenances().any(|provenance| &provenance.key == key)
        };
        let in_trash = |trashed: &Arc<Trashed>| of_version(&trashed.version) || provenance(&trashed.provenance);
        // the object's file name is the last segment of every key that we make
        let file = key.file_name();
        let package_file = file.strip_suffix(layout::PROVENANCE_SUFFIX).unwrap_or(file);
        let by_file = self.files.get(package_file).is_some_and(|facts| {
            provenance(&facts.provenance)
                || facts.replaced.iter().any(|old| &old.package.key == key)
                || facts.missing.as_ref().is_some_and(|version| of_version(version))
        });
        by_file
            || self.version_of_file(package_file).is_some_and(|version| of_version(version))
            || self.trashed_of(package_file).any(in_trash)
    }
}

/// An object and since when, as stored.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ObjectSince {
    #[serde(with = "key_text")]
    pub key: Key,
    pub at: Timestamp,
}
