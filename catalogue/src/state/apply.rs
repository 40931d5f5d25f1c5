//! What an entry does to the state.

use std::cmp::Ordering;
use std::collections::BTreeSet;
use std::sync::Arc;

use chart::oci::{ContentDigest, RegistryName, Tag};
use chart::{ChartName, ChartVersion};
use jiff::{SignedDuration, Timestamp};
use storage::Key;

use super::{FileFacts, Repository, State, Trashed, Version};
use crate::change::StoredFile;
use crate::{Change, Entry, RepositoryPath, layout};

/// A proposal older than a day is refused and a discarded object deleted after a day, so a mark this old says
/// nothing any more.
const DISCARD_MARK_LIFETIME: SignedDuration = SignedDuration::from_hours(30 * 24);

/// What an entry, or a run of entries, touched: whoever keeps a copy of the state writes these again, or deletes
/// what the state no longer has.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Charts whose index entries changed.
    pub charts: BTreeSet<(RepositoryPath, ChartName)>,
    /// Versions: repository, chart, version text.
    pub versions: BTreeSet<(RepositoryPath, String, String)>,
    /// Facts of file names: repository, package file name.
    pub files: BTreeSet<(RepositoryPath, Arc<str>)>,
    /// The trash: repository, package file name, sequence of the removal.
    pub trash: BTreeSet<(RepositoryPath, Arc<str>, u64)>,
    /// Objects that became, or are no longer, unreferenced or discarded.
    pub objects: BTreeSet<Key>,
    /// Manifests that clients pushed: name, digest.
    pub manifests: BTreeSet<(RegistryName, ContentDigest)>,
    /// Tags that clients set.
    pub tags: BTreeSet<(RegistryName, Tag)>,
    /// Blobs of names.
    pub blobs: BTreeSet<(RegistryName, ContentDigest)>,
    /// Content that became stored, or is no longer.
    pub contents: BTreeSet<ContentDigest>,
}

impl Touched {
    /// Repositories of which anything changed.
    pub(crate) fn stirred(&self) -> BTreeSet<&RepositoryPath> {
        let versions = self.versions.iter().map(|(repository, ..)| repository);
        let files = self.files.iter().map(|(repository, _)| repository);
        versions.chain(files).chain(self.trash.iter().map(|(repository, ..)| repository)).collect()
    }

    /// Repositories whose index changed.
    pub(crate) fn repositories(&self) -> BTreeSet<RepositoryPath> {
        self.charts.iter().map(|(repository, _)| repository.clone()).collect()
    }
}

/// Why an entry cannot follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// The entry follows another one than the last one here: two histories in one storage.
    #[error("the journal has forked at entry {sequence}: restore the storage from one history")]
    Fork {
        /// Of the entry.
        sequence: u64,
    },
    /// Written by a newer version of this program.
    #[error("the storage is at level {level} and this program knows level {known}: it needs a newer program")]
    Level {
        /// The level met.
        level: u32,
        /// The newest level that this replica knows.
        known: u32,
    },
}

impl State {
    /// The state after an entry of whatever level, as a replica that knows the level has it.
    ///
    /// # Errors
    /// If the entry does not follow this state, or raises the journal to a level beyond the one that is known.
    pub fn follow(&self, entry: &Entry, known: u32, touched: &mut Touched) -> Result<Self, ApplyError> {
        match entry.raised_level() {
            Some(level) if level > known => Err(ApplyError::Level { level, known }),
            _ => self.apply(entry, touched),
        }
    }

    /// The state after the entry, and what it touched.
    ///
    /// # Errors
    /// If the entry cannot follow this state.
    pub fn apply(&self, entry: &Entry, touched: &mut Touched) -> Result<Self, ApplyError> {
        if entry.sequence != self.sequence + 1 || entry.previous != self.entry {
            return Err(ApplyError::Fork { sequence: entry.sequence });
        }
        let mut next = self.clone();
        next.sequence = entry.sequence;
        next.entry = entry.id;
        next.at = entry.at;
        for change in &entry.changes {
            next.apply_change(change, touched)?;
        }
        Ok(next)
    }

    /// One change, at the time and sequence that the state has been moved to.
    pub(crate) fn apply_change(&mut self, change: &Change, touched: &mut Touched) -> Result<(), ApplyError> {
        match change {
            Change::PackagePublished(published) => self.publish(published, touched),
            Change::FileRefused { repository, file, digest } => {
                let package = file.strip_suffix(layout::PROVENANCE_SUFFIX);
                let listed = self.repository(repository).and_then(|r| r.version_of_file(file));
                let held = listed.is_some_and(|version| layout::is_flat(&version.package.key));
                self.change_facts(repository, package.unwrap_or(file), touched, |facts| match package {
                    Some(_) => {
                        facts.flat_provenance_used = true;
                        facts.provenance.take_if(|provenance| layout::is_flat(&provenance.stored.key));
                    }
                    None => {
                        facts.flat_used = true;
                        facts.traces.take_if(|_| !held);
                        facts.remember(*digest);
                    }
                });
                if let Some(package) = package {
                    self.renew_manifest(repository, package, None, touched);
                }
            }
            Change::ProvenancePublished { repository, file, provenance } => {
                self.refer_to(&provenance.stored, touched);
                let old = self.change_facts(repository, file, touched, |facts| {
                    facts.flat_provenance_used |= layout::is_flat(&provenance.stored.key);
                    facts.provenance.replace(provenance.clone())
                });
                self.renew_manifest(repository, file, old.map(|old| old.stored), touched);
            }
            Change::PackageRemoved { repository, name, version } => {
                if let Some(version) = self.unlist(repository, name, version.as_str(), touched) {
                    self.remove_manifests_of(repository, &version, touched);
                    let provenance = self.change_facts(repository, &version.file, touched, |facts| {
                        facts.traces.take_if(|_| layout::is_flat(&version.package.key));
                        facts.provenance.take()
                    });
                    let trashed =
                        Trashed { version: (*version).clone(), provenance, removed_at: self.sequence, at: self.at };
                    let key = (version.file.clone(), self.sequence);
                    touched.trash.insert((repository.clone(), key.0.clone(), key.1));
                    self.change(repository, |r| r.trash.insert(key, Arc::new(trashed)));
                }
            }
            Change::PackageMissing { repository, file } => {
                let listed = self.repository(repository).and_then(|r| r.version_of_file(file)).cloned();
                if let Some(version) = listed {
                    self.unlist(repository, &version.name, version.version.as_str(), touched);
                    self.change_facts(repository, file, touched, |facts| {
                        facts.traces.take_if(|_| layout::is_flat(&version.package.key));
                        facts.missing = Some(version);
                    });
                }
            }
            Change::PackageFound { repository, file } => {
                let missing = self.change_facts(repository, file, touched, |facts| {
                    facts.unreadable = None;
                    facts.missing.take()
                });
                if let Some(version) = missing {
                    self.list(repository, version, touched);
                }
            }
            Change::FileUnreadable { repository, file, reason, traces } => {
                self.change_facts(repository, file, touched, |facts| {
                    facts.unreadable = Some(reason.clone());
                    facts.traces = Some(traces.clone());
                });
            }
            Change::TrashEmptied { repository, file, removed_at } => {
                let key: (Arc<str>, u64) = (file.as_str().into(), *removed_at);
                touched.trash.insert((repository.clone(), key.0.clone(), key.1));
                if let Some(trashed) = self.change(repository, |r| r.trash.remove(&key)) {
                    self.let_version_go(&trashed.version, touched);
                    self.let_go(trashed.provenance.as_ref().map(|p| p.stored.clone()), touched);
                }
            }
            Change::ReplacedDropped { repository, file, digest } => {
                let dropped = self.change_facts(repository, file, touched, |facts| {
                    let at = facts.replaced.iter().position(|old| old.package.digest == *digest);
                    at.map(|at| facts.replaced.remove(at))
                });
                let before = dropped.as_ref().and_then(|old| old.version.clone());
                self.let_go(dropped.map(|old| old.package), touched);
                if let Some(before) = before {
                    self.settle_tags_of_made(repository, &before, touched);
                }
                let version = self.repository(repository).and_then(|r| r.version_of_file(file)).cloned();
                if let Some(version) = version {
                    self.settle_manifests_of(repository, &version, touched);
                }
            }
            Change::ObjectDiscarded { key } => {
                touched.objects.insert(key.clone());
                self.unreferenced.remove(key);
                self.discarded.insert(key.clone(), self.at);
                self.forget_old_discards(touched);
            }
            Change::AdoptionFinished => self.adopted = true,
            Change::LevelRaised { level } => self.level = *level,
            Change::BlobAdded { .. }
            | Change::BlobLinked { .. }
            | Change::BlobUnlinked { .. }
            | Change::ManifestPut(_)
            | Change::ManifestRemoved { .. }
            | Change::TagSet { .. }
            | Change::TagRemoved { .. } => self.apply_registry_change(change, touched),
        }
        Ok(())
    }

    /// Changes a repository, which begins to exist by that.
    pub(super) fn change<T>(&mut self, path: &RepositoryPath, change: impl FnOnce(&mut Repository) -> T) -> T {
        let at = self.at;
        let repository =
            self.repositories.entry(path.clone()).or_insert_with(|| Arc::new(Repository::empty(path.clone(), at)));
        change(Arc::make_mut(repository))
    }

    pub(super) fn change_facts<T>(
        &mut self,
        path: &RepositoryPath,
        file: &str,
        touched: &mut Touched,
        change: impl FnOnce(&mut FileFacts) -> T,
    ) -> T {
        let file: Arc<str> = file.into();
        touched.files.insert((path.clone(), file.clone()));
        self.change(path, |repository| {
            let facts = Arc::make_mut(repository.files.entry(file).or_default());
            let before: Vec<_> = facts.served().collect();
            let changed = change(facts);
            let listed = facts.listed.as_ref().filter(|_| !facts.served().eq(before));
            if let Some((name, version)) = listed
                && let Some(at) = repository.charts.get(name).and_then(|chart| chart.position(version))
                && let Some(chart) = repository.charts.get_mut(name)
            {
                Arc::make_mut(chart).settle(at, facts);
            }
            changed
        })
    }

    pub(super) fn refer_to(&mut self, file: &StoredFile, touched: &mut Touched) {
        self.refer_to_key(&file.key, touched);
    }

    pub(super) fn refer_to_key(&mut self, key: &Key, touched: &mut Touched) {
        if self.unreferenced.remove(key).is_some() {
            touched.objects.insert(key.clone());
        }
    }

    /// Nothing refers to the file any more. Flat files are not collected: people and ChartMuseum own them too.
    pub(super) fn let_go(&mut self, file: Option<StoredFile>, touched: &mut Touched) {
        if let Some(file) = file.filter(|file| !layout::is_flat(&file.key)) {
            self.let_key_go(file.key, touched);
        }
    }

    pub(super) fn let_key_go(&mut self, key: Key, touched: &mut Touched) {
        touched.objects.insert(key.clone());
        self.unreferenced.insert(key, self.at);
    }

    /// Nothing refers to the version any more.
    pub(super) fn let_version_go(&mut self, version: &Version, touched: &mut Touched) {
        self.let_go(Some(version.package.clone()), touched);
        for provenance in version.made.provenances() {
            // what was restored from the trash has them still
            if !self.is_referenced(&provenance.key) {
                self.let_go(Some(provenance.clone()), touched);
            }
        }
    }

    fn forget_old_discards(&mut self, touched: &mut Touched) {
        let now = self.at;
        let is_old = |since: &Timestamp| now.duration_since(*since) > DISCARD_MARK_LIFETIME;
        let old: Vec<Key> = self.discarded.iter().filter(|(_, since)| is_old(since)).map(|(k, _)| k.clone()).collect();
        for key in old {
            self.discarded.remove(&key);
            touched.objects.insert(key);
        }
    }
}

impl FileFacts {
    pub(super) fn remember(&mut self, digest: chart::Digest) {
        if !self.digests.contains(&digest) {
            self.digests.push(digest);
        }
    }
}

impl Version {
    /// The order of a chart's versions, oldest first: by precedence, then publish time, then text.
    pub(crate) fn cmp_age(&self, other: &Self) -> Ordering {
        self.cmp_age_of(&other.version, other.created)
    }

    pub(super) fn cmp_age_of(&self, version: &ChartVersion, created: Timestamp) -> Ordering {
        (self.version.cmp_precedence(version))
            .then(self.created.cmp(&created))
            .then_with(|| self.version.as_str().cmp(version.as_str()))
    }
}

impl Touched {
    pub(super) fn version(&mut self, path: &RepositoryPath, version: &Version) {
        self.charts.insert((path.clone(), version.name.clone()));
        self.versions.insert((path.clone(), version.name.to_string(), version.version.to_string()));
    }
}
