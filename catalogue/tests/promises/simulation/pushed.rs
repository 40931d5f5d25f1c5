//! What clients of the registry asked for and were told, and what that allows to be in the journal.

use std::collections::BTreeSet;

use catalogue::{Change, Entry, RepositoryPath, State, Touched, layout};
use chart::Digest;
use chart::oci::{ContentDigest, Reference, RegistryName, Tag};
use jiff::SignedDuration;
use storage::Key;
use uuid::Uuid;

use super::corpus::Coordinates;
use super::history::History;
use super::requests::{Answer, Counts, Request, Wish};

/// After which what nothing needs may be let go.
const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// What a client of the registry wants.
#[derive(Debug, Clone)]
pub enum Push {
    Blob {
        name: RegistryName,
        digest: ContentDigest,
    },
    Manifest {
        name: RegistryName,
        digest: ContentDigest,
        tags: Vec<Tag>,
        /// That it brings for its chart's version.
        provenance: Option<Digest>,
    },
    /// A tag, or a manifest with its tags.
    Delete {
        name: RegistryName,
        reference: Reference,
    },
    DeleteBlob {
        name: RegistryName,
        digest: ContentDigest,
    },
}

/// What the journal tells of the registry, counted: what nobody wants is let go by replicas, and not counted.
#[derive(Debug, Default)]
pub struct Pushed {
    blobs: Counts<(RegistryName, ContentDigest)>,
    manifests: Counts<(RegistryName, ContentDigest)>,
    tags: Counts<(RegistryName, Tag, ContentDigest)>,
    blobs_deleted: Counts<(RegistryName, ContentDigest)>,
    manifests_deleted: Counts<(RegistryName, ContentDigest)>,
    tags_deleted: Counts<(RegistryName, Tag)>,
    /// Names that were those of charts: files of versions go with these.
    charts: BTreeSet<RegistryName>,
}

/// The chart that a name would be.
pub fn chart_of(name: &RegistryName, version: impl ToString) -> Coordinates {
    let (path, chart) = name.split();
    Coordinates::of(&RepositoryPath::parse(path).unwrap(), chart, version)
}

impl Push {
    fn name(&self) -> &RegistryName {
        match self {
            Self::Blob { name, .. }
            | Self::Manifest { name, .. }
            | Self::Delete { name, .. }
            | Self::DeleteBlob { name, .. } => name,
        }
    }

    /// It has happened, and nothing has happened to it since.
    fn is_so(&self, state: &State) -> bool {
        match self {
            Self::Blob { name, digest } => state.find_blob(name, *digest).is_some(),
            Self::Manifest { name, digest, tags, .. } => {
                let references = tags.iter().cloned().map(Reference::Tag).chain([Reference::Digest(*digest)]);
                let found = references.map(|reference| state.find_manifest(name, &reference));
                found.into_iter().all(|found| found.is_some_and(|found| found.digest == *digest))
            }
            Self::Delete { name, reference } => state.find_manifest(name, reference).is_none(),
            Self::DeleteBlob { name, digest } => !state.registry.blobs.contains_key(&(name.clone(), *digest)),
        }
    }

    /// The version, or some version of the chart, that this may delete.
    pub fn removes(&self) -> Option<Coordinates> {
        let Self::Delete { name, reference } = self else { return None };
        Some(match reference {
            Reference::Tag(tag) => chart_of(name, tag.version()?),
            Reference::Digest(_) => chart_of(name, ""),
        })
    }
}

impl History {
    /// What a client was told is so, or was since it asked.
    pub fn hold_answer(&mut self, request: usize) {
        let Request { wish: Wish::Push(push), answer: Answer::Done, began, .. } = &self.requests.all[request] else {
            return;
        };
        if !self.states[*began..].iter().any(|state| push.is_so(state)) {
            let fault = format!("request {request} is said to be done and never was: {push:?}");
            self.fault(fault);
        }
    }

    /// Notes and judges a change of the registry. `first` is what the entry meets, `before` what this change of it meets.
    pub fn judge_push(&mut self, first: &State, before: &State, entry: &Entry, n: usize) {
        let so_far = Entry { changes: entry.changes[..=n].to_vec(), ..entry.clone() };
        let after = first.apply(&so_far, &mut Touched::default()).expect("a part of what was applied");
        let pushed = &mut self.deeds.pushed;
        match &entry.changes[n] {
            Change::BlobAdded { name, digest, object } => {
                *pushed.blobs.entry((name.clone(), *digest)).or_default() += 1;
                self.judge_key(&object.key);
            }
            Change::BlobLinked { name, digest } => {
                *pushed.blobs.entry((name.clone(), *digest)).or_default() += 1;
            }
            Change::BlobUnlinked { name, digest } => {
                let since = before.registry.blobs.get(&(name.clone(), *digest)).copied();
                let idle = since.is_some_and(|since| entry.at.duration_since(since) > GRACE);
                let is_let_go = idle && !before.registry.is_needed(name, *digest);
                // a file of a version is served from its place
                if !is_let_go && after.find_blob(name, *digest).is_none() {
                    *pushed.blobs_deleted.entry((name.clone(), *digest)).or_default() += 1;
                }
            }
            Change::ManifestPut(put) => {
                *pushed.manifests.entry((put.name.clone(), put.digest)).or_default() += 1;
                if let Some(object) = &put.object {
                    self.judge_key(&object.key);
                }
            }
            Change::ManifestRemoved { name, digest } => {
                let manifest = before.registry.manifests.get(&(name.clone(), *digest));
                let is_let_go = manifest.is_some_and(|manifest| {
                    let idle = entry.at.duration_since(manifest.pushed) > GRACE;
                    idle && manifest.is_chart && manifest.version.is_none() && !before.registry.is_tagged(name, *digest)
                });
                if !is_let_go {
                    *pushed.manifests_deleted.entry((name.clone(), *digest)).or_default() += 1;
                }
            }
            Change::TagSet { name, tag, digest } => {
                *pushed.tags.entry((name.clone(), tag.clone(), *digest)).or_default() += 1;
            }
            Change::TagRemoved { name, tag } => {
                *pushed.tags_deleted.entry((name.clone(), tag.clone())).or_default() += 1;
            }
            _ => {}
        }
    }

    /// A blob that a client was told is there may be gone: not by a collection.
    pub fn may_be_gone(&self, of: &RegistryName, blob: ContentDigest) -> bool {
        let is_chart = self.deeds.pushed.charts.contains(of);
        self.clocks_jumped || is_chart || self.requests.may_delete_blob(of, blob)
    }

    /// The session, not ended yet, whose first bytes are in the object.
    pub fn open_session_of(&self, key: &Key) -> Option<Uuid> {
        if !layout::is_object(key) {
            return None;
        }
        let folder = layout::uploads_folder();
        let is_open = |id: &Uuid| {
            let begins_with = self.read(&layout::session_record(*id, 0)).is_some_and(|record| {
                let record: serde_json::Value = serde_json::from_slice(&record).unwrap();
                record["key"] == key.as_str()
            });
            let is_there = |key| self.read(&key).is_some();
            begins_with && is_there(layout::session(*id)) && !is_there(layout::session_end(*id))
        };
        let keys = self.keys();
        let ids: BTreeSet<_> = (keys.iter().map(Key::as_str))
            .filter(|key| key.starts_with(folder.as_str()))
            .filter_map(layout::session_id)
            .collect();
        ids.into_iter().find(is_open)
    }

    /// What is in the registry is whole, and what two doors show is one thing.
    pub fn check_content(&mut self, state: &State) {
        let mut faults = Vec::new();
        let registry = &state.registry;
        for ((name, digest), manifest) in &registry.manifests {
            let is_listed = state.find_manifest(name, &Reference::Digest(*digest)).is_some();
            // one that was put by its digest alone may count on files of a version that is then removed
            let is_loose = manifest.is_chart && manifest.version.is_none();
            if !is_listed || is_loose {
                continue;
            }
            for blob in &manifest.blobs {
                if state.find_blob(name, *blob).is_none() && !self.requests.may_delete_blob(name, *blob) {
                    faults.push(format!("{name}@{digest} needs {blob}, which is gone"));
                }
            }
            for child in &manifest.manifests {
                let deleted = self.requests.may_delete(name, *child) || self.deeds.pushed.charts.contains(name);
                if state.find_manifest(name, &Reference::Digest(*child)).is_none() && !deleted {
                    faults.push(format!("{name}@{digest} lists {child}, which is gone"));
                }
            }
            if let Some(subject) = manifest.subject {
                let mut referrers = state.referrers(name, subject, None);
                if !referrers.any(|referrer| referrer.digest == *digest) {
                    faults.push(format!("{name}@{digest} is no referrer of {subject}"));
                }
            }
        }
        let pushed = registry.tags.keys().map(|(name, _)| name).collect::<BTreeSet<_>>();
        for name in pushed {
            for tag in state.tags(name, None, usize::MAX).into_iter().flatten() {
                if state.find_manifest(name, &Reference::Tag(tag.clone())).is_none() {
                    faults.push(format!("{name} has the tag {tag}, which stands for nothing"));
                }
            }
        }
        for (path, repository) in &state.repositories {
            for version in repository.charts.values().flat_map(|chart| &chart.versions) {
                let text = if path.is_root() { version.name.to_string() } else { format!("{path}/{}", version.name) };
                let (Ok(name), Some(tag)) = (RegistryName::parse(&text), Tag::of_version(&version.version)) else {
                    continue;
                };
                self.deeds.pushed.charts.insert(name.clone());
                let what = format!("{name}:{tag}");
                let Some(found) = state.find_manifest(&name, &Reference::Tag(tag.clone())) else {
                    faults.push(format!("{what} is a version and no tag"));
                    continue;
                };
                match registry.manifests.get(&(name.clone(), found.digest)) {
                    Some(pushed) => {
                        let of = pushed.version.as_ref();
                        if of.is_none_or(|of| of.package != version.package.digest || of.version != version.version) {
                            faults.push(format!("{what} stands for another package than the version's"));
                        }
                    }
                    None => {
                        let made = version.made.all().flat_map(|made| &made.provenance).map(|signed| signed.digest);
                        for named in made.chain([version.package.digest, version.made.config]) {
                            if state.find_blob(&name, named.into()).is_none() {
                                faults.push(format!("{what} names {named}, which is gone"));
                            }
                        }
                    }
                }
            }
        }
        self.faults.append(&mut faults);
    }
}

/// Holds what happened against what was asked.
pub fn judge(requests: &[Request], happened: &Pushed) -> Vec<String> {
    let mut asked = Pushed::default();
    for request in requests.iter().filter(|request| request.answer != Answer::Refused) {
        let Wish::Push(push) = &request.wish else { continue };
        let name = push.name().clone();
        match push {
            Push::Blob { digest, .. } => *asked.blobs.entry((name, *digest)).or_default() += 1,
            Push::Manifest { digest, tags, .. } => {
                *asked.manifests.entry((name.clone(), *digest)).or_default() += 1;
                for tag in tags {
                    *asked.tags.entry((name.clone(), tag.clone(), *digest)).or_default() += 1;
                }
            }
            Push::Delete { reference: Reference::Tag(tag), .. } => {
                *asked.tags_deleted.entry((name, tag.clone())).or_default() += 1;
            }
            Push::Delete { reference: Reference::Digest(digest), .. } => {
                *asked.manifests_deleted.entry((name, *digest)).or_default() += 1;
            }
            Push::DeleteBlob { digest, .. } => *asked.blobs_deleted.entry((name, *digest)).or_default() += 1,
        }
    }
    let mut faults = Vec::new();
    exceeds(&mut faults, "pushed as a blob", &happened.blobs, &asked.blobs);
    exceeds(&mut faults, "pushed as a manifest", &happened.manifests, &asked.manifests);
    exceeds(&mut faults, "tagged", &happened.tags, &asked.tags);
    exceeds(&mut faults, "deleted as a blob", &happened.blobs_deleted, &asked.blobs_deleted);
    exceeds(&mut faults, "deleted as a manifest", &happened.manifests_deleted, &asked.manifests_deleted);
    exceeds(&mut faults, "deleted as a tag", &happened.tags_deleted, &asked.tags_deleted);
    faults
}

fn exceeds<K: Ord + std::fmt::Debug>(faults: &mut Vec<String>, what: &str, happened: &Counts<K>, asked: &Counts<K>) {
    for (key, count) in happened {
        let asked = asked.get(key).copied().unwrap_or(0);
        if *count > asked {
            faults.push(format!("{key:?} was {what} {count} times, {asked} asked"));
        }
    }
}
