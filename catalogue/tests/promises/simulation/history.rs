//! What really happened: the journal as it lies in the storage, followed entry by entry and judged by its own rules.

use std::collections::{BTreeMap, BTreeSet};
use std::num::NonZeroUsize;
use std::sync::{Arc, Mutex};

use bytes::Bytes;
use catalogue::{Change, Entry, PackagePublished, Repository, State, StoredFile, Touched, Version, layout};
use chart::Digest;
use chart::oci::ContentDigest;
use futures_util::{FutureExt, TryStreamExt};
use jiff::SignedDuration;
use storage::memory::MemoryStore;
use storage::{Key, Listed, ObjectStore, Prefix};
use uuid::Uuid;

use super::corpus::Coordinates;
use super::profile::Profile;
use super::requests::{Answer, Deeds, Requests, Wish};

pub type Shared = Arc<Mutex<History>>;

pub struct History {
    pub store: MemoryStore,
    trash_window: SignedDuration,
    /// Versions that an upload leaves of a chart.
    versions_per_chart: usize,
    /// Clocks went astray: what is due is no longer known.
    pub clocks_jumped: bool,
    /// `states[n]` is the state after entry n.
    pub states: Vec<State>,
    pub requests: Requests,
    pub deeds: Deeds,
    /// Keys that hands wrote or deleted: what lies there is theirs to answer for.
    pub touched_by_hand: BTreeSet<Key>,
    /// Keys that replicas deleted.
    deleted: BTreeSet<Key>,
    /// Keys that publications named.
    named: BTreeSet<Key>,
    /// Flat packages that may lie about though nothing refers to them.
    pub left: BTreeSet<Key>,
    /// Objects whose bytes were found right, by ETag.
    verified: BTreeMap<Key, String>,
    pub faults: Vec<String>,
    /// For the one who has to understand a fault.
    pub story: Vec<String>,
}

impl History {
    pub fn new(store: MemoryStore, storage: Uuid, profile: &Profile) -> Self {
        Self {
            store,
            trash_window: SignedDuration::try_from(profile.trash_window).expect("it is a week at most"),
            versions_per_chart: profile.versions_per_chart.map_or(usize::MAX, NonZeroUsize::get),
            clocks_jumped: false,
            states: vec![State::empty(storage)],
            requests: Requests::default(),
            deeds: Deeds::default(),
            touched_by_hand: BTreeSet::new(),
            deleted: BTreeSet::new(),
            named: BTreeSet::new(),
            left: BTreeSet::new(),
            verified: BTreeMap::new(),
            faults: Vec::new(),
            story: Vec::new(),
        }
    }

    /// The newest state.
    pub fn state(&self) -> &State {
        self.states.last().expect("the empty state is always there")
    }

    /// Reads what was added to the journal.
    pub fn follow(&mut self) {
        while let Some(bytes) = self.read(&layout::journal(self.state().sequence + 1)) {
            let entry: Entry = serde_json::from_slice(&bytes).unwrap();
            let before = self.state().clone();
            match before.apply(&entry, &mut Touched::default()) {
                Ok(after) => {
                    let changes: Vec<_> = entry.changes.iter().map(brief).collect();
                    self.tell(format!("    entry {}: {}", entry.sequence, changes.join("; ")));
                    self.judge(&before, &entry);
                    self.judge_limit(&before, &entry);
                    self.check_content(&after);
                    self.states.push(after);
                }
                Err(error) => return self.fault(format!("entry {}: {error}", entry.sequence)),
            }
        }
    }

    pub fn fault(&mut self, fault: String) {
        self.faults.push(fault);
    }

    pub fn tell(&mut self, line: String) {
        self.story.push(line);
    }

    /// The object's bytes, past every wrapper.
    pub fn read(&self, key: &Key) -> Option<Bytes> {
        let object = self.store.get(key, None).now_or_never().expect("memory does not wait");
        object.ok().map(|object| object.bytes)
    }

    /// Everything that lies in the storage.
    pub fn keys(&self) -> Vec<Key> {
        let all: Vec<_> = self.store.list(&Prefix::root()).try_collect().now_or_never().unwrap().unwrap();
        let key = |listed| match listed {
            Listed::Object(key, _) => Some(key),
            Listed::Folder(_) => None,
        };
        all.into_iter().filter_map(key).collect()
    }

    /// Hands were where only replicas write.
    pub fn touched_objects(&self) -> bool {
        self.touched_by_hand.iter().any(layout::is_object)
    }

    /// A client asks for something.
    pub fn begin(&mut self, life: u64, wish: Wish) -> usize {
        self.follow();
        let request = self.requests.begin(life, wish.clone(), self.states.len() - 1);
        self.tell(format!("request {request}: {wish:?}"));
        request
    }

    /// A client is told something.
    pub fn end(&mut self, request: usize, answer: Answer) {
        self.follow();
        self.tell(format!("    request {request} is answered: {answer:?}"));
        self.requests.end(request, answer);
        self.hold_answer(request);
    }

    /// A replica is about to delete an object.
    pub fn about_to_delete(&mut self, key: &Key) {
        self.follow();
        if self.state().registry.content_of(key).is_some() {
            self.fault(format!("{key} is deleted and the registry refers to it"));
        }
        if let Some(session) = self.open_session_of(key) {
            self.fault(format!("{key} is deleted and the session {session} begins with it"));
        }
        self.tell(format!("    {key} is deleted"));
        self.deleted.insert(key.clone());
        self.verified.remove(key);
        let state = self.state().clone();
        let bytes = self.read(key).map(|bytes| Digest::of(&bytes));
        for (path, repository) in &state.repositories {
            // what a hand took away, and an upload wrote again before it was refused, is the upload's
            let others = self.touched_by_hand.contains(key) && bytes.is_some() && bytes != listed_as(repository, key);
            if refers_to(repository, key) && !others {
                self.fault(format!("{key} is deleted and repository {path:?} refers to it"));
            }
            let waits = |file: &StoredFile| &file.key == key;
            for trashed in repository.trash.values() {
                if self.touched_by_hand.contains(key) {
                    break;
                }
                let file = &*trashed.version.file;
                let provenance = trashed.provenance.as_ref().filter(|provenance| waits(&provenance.stored));
                let name = match provenance {
                    Some(_) => format!("{file}{}", layout::PROVENANCE_SUFFIX),
                    None if waits(&trashed.version.package) => file.to_owned(),
                    None => continue,
                };
                let in_trash = layout::trash(trashed.removed_at, path, &name).unwrap();
                if !layout::is_flat(key) || self.read(&in_trash).is_none() {
                    self.fault(format!("{key} is deleted and the trash of {path:?} refers to it"));
                }
            }
        }
    }

    /// A replica is about to write an object whether or not it is there.
    pub fn about_to_replace(&mut self, key: &Key) {
        let is_pulse = key.as_str().starts_with(layout::uploads_folder().as_str()) && key.file_name() == "pulse.json";
        if *key != layout::clock() && !is_pulse {
            self.fault(format!("{key} is replaced"));
        }
    }

    /// The object has these bytes, unless a hand was at it.
    pub fn expect_bytes(&mut self, key: &Key, digest: impl Into<ContentDigest>, what: &str) {
        let digest = digest.into();
        if self.touched_by_hand.contains(key) {
            return;
        }
        let meta = self.store.head(key).now_or_never().expect("memory does not wait").ok();
        if let Some(meta) = &meta
            && self.verified.get(key) == Some(&meta.etag)
        {
            return;
        }
        match (meta, self.read(key)) {
            (Some(meta), Some(bytes)) if digest.matches(&bytes) => {
                self.verified.insert(key.clone(), meta.etag);
            }
            (_, Some(_)) => self.fault(format!("{what}: {key} has other bytes than {digest}")),
            (_, None) => self.fault(format!("{what}: {key} is gone")),
        }
    }

    fn judge(&mut self, before: &State, entry: &Entry) {
        for (n, change) in entry.changes.iter().enumerate() {
            let so_far = Entry { changes: entry.changes[..n].to_vec(), ..entry.clone() };
            let state = before.apply(&so_far, &mut Touched::default()).expect("a part of what was applied");
            match change {
                Change::PackagePublished(published) => {
                    self.judge_published(&state, published);
                }
                Change::ProvenancePublished { provenance, .. } => {
                    self.deeds.provenances.insert(provenance.stored.digest);
                    self.judge_key(&provenance.stored.key);
                }
                Change::PackageRemoved { repository, name, version } => {
                    let at = Coordinates::of(repository, name, version);
                    match self.is_pushed_out(&state, &entry.changes[..n], &at) {
                        Some(true) => *self.deeds.pushed_out.entry(at.clone()).or_default() += 1,
                        Some(false) => {}
                        None => *self.deeds.perhaps_pushed_out.entry(at.clone()).or_default() += 1,
                    }
                    *self.deeds.removed.entry(at).or_default() += 1;
                }
                Change::FileRefused { repository, file, .. } | Change::FileUnreadable { repository, file, .. } => {
                    self.left.extend(layout::flat(repository, file).ok());
                }
                Change::PackageMissing { repository, file } => {
                    let version = state.repository(repository).and_then(|r| r.version_of_file(file)).cloned();
                    if version.is_none_or(|version| !self.touched_by_hand.contains(&version.package.key)) {
                        self.fault(format!("{file} is said to be missing and nobody took it away"));
                    }
                }
                Change::TrashEmptied { repository, file, removed_at } => {
                    let key = (file.as_str().into(), *removed_at);
                    let trashed = state.repository(repository).and_then(|r| r.trash.get(&key)).cloned();
                    let ended = trashed.is_some_and(|t| entry.at.duration_since(t.at) >= self.trash_window);
                    let restored = n.checked_sub(1).map(|n| &entry.changes[n]);
                    let restored =
                        matches!(restored, Some(Change::PackagePublished(p)) if p.file == *file && is_restored(p));
                    if !ended && !restored && !self.clocks_jumped {
                        self.fault(format!("{file} left the trash before its time"));
                    }
                }
                Change::ReplacedDropped { repository, file, digest } => {
                    let facts = state.repository(repository).and_then(|r| r.file(file)).cloned();
                    let facts = facts.unwrap_or_default();
                    let mut dropped = facts.replaced.iter().filter(|old| old.package.digest == *digest);
                    if !self.clocks_jumped && dropped.all(|old| entry.at.duration_since(old.at) < self.trash_window) {
                        self.fault(format!("{digest} of {file} is dropped before its time"));
                    }
                }
                Change::ObjectDiscarded { key } if state.is_referenced(key) => {
                    self.fault(format!("{key} is discarded and something refers to it"));
                }
                _ => self.judge_push(before, &state, entry, n),
            }
        }
    }

    /// An upload removes the lowest versions but its own, as long as there are too many. If a reconcile was faster and took
    /// its package in, the removals are all that its entry has, and look like a client's: then nobody knows.
    fn is_pushed_out(&self, state: &State, before: &[Change], at: &Coordinates) -> Option<bool> {
        let uploads = before.iter().rev().skip_while(|change| matches!(change, Change::PackageRemoved { .. }));
        // the packages of a form stand side by side, each of another chart
        let own = uploads.take(2).find_map(|change| match change {
            Change::PackagePublished(published) if published.name.as_str() == at.name => Some(&published.version),
            _ => None,
        });
        let chart = state.repository(&at.repository).and_then(|repository| repository.chart(&at.name));
        let Some(chart) = chart.filter(|chart| chart.versions.len() > self.versions_per_chart) else {
            return Some(false);
        };
        let mut lowest = chart.versions.iter().rev();
        match own {
            Some(own) => {
                let lowest = lowest.find(|version| version.version != *own);
                Some(lowest.is_some_and(|lowest| lowest.version.as_str() == at.version))
            }
            None if lowest.take(2).any(|lowest| lowest.version.as_str() == at.version) => None,
            None => Some(false),
        }
    }

    /// No upload leaves more versions of its chart than it may, but for those that it brought.
    fn judge_limit(&mut self, before: &State, entry: &Entry) {
        for (n, change) in entry.changes.iter().enumerate() {
            let Change::PackagePublished(published) = change else { continue };
            let by_client =
                published.created.is_none() && layout::is_flat(&published.package.key) == published.traces.is_some();
            let rest = &entry.changes[n + 1..];
            let others = rest.iter().take_while(|change| matches!(change, Change::PackagePublished(_))).count();
            let removals = rest[others..].iter().take_while(|change| matches!(change, Change::PackageRemoved { .. }));
            let end = n + 1 + others + removals.count();
            let so_far = Entry { changes: entry.changes[..end].to_vec(), ..entry.clone() };
            let state = before.apply(&so_far, &mut Touched::default()).expect("a part of what was applied");
            let chart = state.repository(&published.repository).and_then(|r| r.chart(published.name.as_str())).cloned();
            let count = chart.map_or(0, |chart| chart.versions.len());
            if by_client && others == 0 && count > self.versions_per_chart {
                let name = &published.name;
                self.fault(format!("an upload leaves {count} versions of {name}, {} may be", self.versions_per_chart));
            }
        }
    }

    fn judge_published(&mut self, state: &State, published: &PackagePublished) {
        let PackagePublished { repository, name, version, file, package, provenance, .. } = published;
        let at = Coordinates::of(repository, name, version);
        if !self.named.insert(package.key.clone()) {
            self.fault(format!("{} is published a second time", package.key));
        }
        self.judge_key(&package.key);
        if let Some(provenance) = provenance {
            self.deeds.provenances.insert(provenance.stored.digest);
            self.judge_key(&provenance.stored.key);
        }
        let existing = state.repository(repository).and_then(|r| r.version(at.name.as_str(), at.version.as_str()));
        let placed = self.deeds.placed.contains_key(&(at.clone(), package.digest));
        // a hand took the bytes away, and a late upload wrote its own there
        let tampered = self.deeds.tampered.contains(&at);
        if existing.is_some() && !placed && !tampered && !self.requests.may_overwrite(&at, package.digest) {
            self.fault(format!("{at:?} is overwritten and nobody wanted that"));
        }
        self.left.extend(existing.map(|existing| existing.package.key.clone()));
        if !layout::is_flat(&package.key) && published.traces.is_some() {
            // a copy: what was copied stays
            self.left.extend(layout::flat(repository, file).ok());
        }
        let other = state.repository(repository).and_then(|r| r.version_of_file(file));
        if other.is_some_and(|other| (&other.name, &other.version) != (name, version)) {
            self.fault(format!("{at:?} takes the file name of another version"));
        }
        if is_restored(published) {
            *self.deeds.restored.entry(at).or_default() += 1;
        } else {
            *self.deeds.published.entry((at, package.digest)).or_default() += 1;
        }
    }

    pub fn judge_key(&mut self, key: &Key) {
        if self.deleted.contains(key) {
            self.fault(format!("{key} was deleted by a replica and is named after that"));
        }
    }
}

/// Only a restored version keeps its time and was not found in the storage.
fn is_restored(published: &PackagePublished) -> bool {
    published.created.is_some() && published.traces.is_none()
}

/// Something that is listed, served or waits for its bytes refers to the object; the trash apart.
fn refers_to(repository: &Repository, key: &Key) -> bool {
    let of_version = |version: &Version| {
        &version.package.key == key || version.made.provenances().any(|provenance| &provenance.key == key)
    };
    let listed = repository.charts.values().flat_map(|chart| &chart.versions).any(|version| of_version(version));
    let facts = repository.files.values().any(|facts| {
        facts.provenance.as_ref().is_some_and(|provenance| &provenance.stored.key == key)
            || facts.missing.as_ref().is_some_and(|version| of_version(version))
            || facts.replaced.iter().any(|old| &old.package.key == key)
    });
    listed || facts
}

/// The digest of the listed version whose bytes are there.
fn listed_as(repository: &Repository, key: &Key) -> Option<Digest> {
    let mut listed = repository.charts.values().flat_map(|chart| &chart.versions);
    listed.find(|version| &version.package.key == key).map(|version| version.package.digest)
}

fn brief(change: &Change) -> String {
    match change {
        Change::PackagePublished(published) => {
            let PackagePublished { repository, name, version, package, provenance, .. } = &**published;
            let signed = if provenance.is_some() { " signed" } else { "" };
            format!("published {repository}:{name} {version} {:.8}{signed} at {}", package.digest, package.key)
        }
        other => format!("{other:?}"),
    }
}
