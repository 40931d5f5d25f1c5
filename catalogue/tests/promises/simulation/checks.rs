//! The invariants, looked at from outside after every step.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use catalogue::{Catalogue, IndexOptions, RepositoryPath, State, StoredRegions, View, layout};
use chart::Digest;
use chart::index::Document;

use super::history::History;

/// What a repository's documents must be.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Rendered {
    etag: String,
    index: Digest,
    listing: Digest,
}

/// The documents of each state that a replica showed, rendered from nothing.
#[derive(Default)]
pub struct Canonical {
    documents: BTreeMap<u64, BTreeMap<RepositoryPath, Rendered>>,
}

impl History {
    /// Everything that can be said without asking a replica.
    pub fn check(&mut self) {
        self.follow();
        let faults = self.requests.judge(&self.deeds);
        self.faults.extend(faults);
        let state = self.state().clone();
        for (digest, object) in state.registry.objects() {
            self.expect_bytes(&object.key, *digest, "content of the registry");
        }
        let provenances = self.requests.possible_provenances();
        for (path, repository) in &state.repositories {
            let mut files = BTreeSet::new();
            let mut texts = BTreeSet::new();
            for version in repository.charts.values().flat_map(|chart| &chart.versions) {
                let what = format!("{path}:{} {}", version.name, version.version);
                if !texts.insert((&version.name, version.version.as_str())) || !files.insert(&version.file) {
                    self.fault(format!("{what} exists twice"));
                }
                self.expect_bytes(&version.package.key, version.package.digest, &what);
            }
            for (file, facts) in &repository.files {
                for old in &facts.replaced {
                    self.expect_bytes(&old.package.key, old.package.digest, "replaced");
                }
                if let Some(provenance) = &facts.provenance {
                    let digest = provenance.stored.digest;
                    self.expect_bytes(&provenance.stored.key, digest, "provenance");
                    if !provenances.contains(&digest) {
                        self.fault(format!("{file} has a provenance that was refused"));
                    }
                }
            }
            for trashed in repository.trash.values() {
                let key = &trashed.version.package.key;
                let in_trash = layout::trash(trashed.removed_at, path, &trashed.version.file).unwrap();
                let place = if self.read(&in_trash).is_some() { in_trash } else { key.clone() };
                if !self.touched_by_hand.contains(key) {
                    self.expect_bytes(&place, trashed.version.package.digest, "removed");
                }
            }
        }
    }

    /// A replica shows the state that its sequence says, and its documents.
    pub fn check_replica(&mut self, replica: &Catalogue, name: &str, canonical: &mut Canonical) {
        let view = replica.view();
        let shown = &view.state;
        let sequence = usize::try_from(shown.sequence).unwrap();
        let Some(state) = self.states.get(sequence).cloned() else {
            return self.fault(format!("{name} shows entry {sequence}, which is not in the journal"));
        };
        if **shown != state {
            self.fault(format!("{name} has another state at entry {sequence}:\n{shown:?}\nnot\n{state:?}"));
        }
        if !state.adopted {
            return;
        }
        self.check_shown(&view, name);
        for (path, expected) in canonical.of(&state) {
            let Some(repository) = view.repository(path) else {
                self.fault(format!("{name} does not show repository {path:?}"));
                continue;
            };
            if Rendered::of(repository.index(), repository.listing()) != *expected {
                self.fault(format!("{name} shows another index of {path:?} at entry {sequence}"));
            }
        }
    }
}

impl Canonical {
    fn of(&mut self, state: &State) -> &BTreeMap<RepositoryPath, Rendered> {
        self.documents.entry(state.sequence).or_insert_with(|| {
            let view = render(state);
            let of = |path: &RepositoryPath| {
                let repository = view.repository(path).unwrap();
                (path.clone(), Rendered::of(repository.index(), repository.listing()))
            };
            state.repositories.keys().map(of).collect()
        })
    }
}

impl Rendered {
    fn of(index: &Document, listing: &Document) -> Self {
        Self { etag: index.etag.clone(), index: digest(index), listing: digest(listing) }
    }
}

/// A state's view, rendered from nothing.
pub fn render(state: &State) -> View {
    View::render(Arc::new(state.clone()), Arc::new(IndexOptions::default()), StoredRegions::new())
}

/// The document's text.
pub fn text(document: &Document) -> Vec<u8> {
    document.identity.frames.iter().flat_map(|frame| frame.iter().copied()).collect()
}

fn digest(document: &Document) -> Digest {
    Digest::of(&text(document))
}

/// An index says exactly what the state has.
pub fn index_tells(state: &State) -> Vec<String> {
    let mut faults = Vec::new();
    let view = render(state);
    for (path, repository) in &state.repositories {
        let index: serde_json::Value = serde_json::from_slice(&text(view.repository(path).unwrap().index())).unwrap();
        let entries = index["entries"].as_object().unwrap();
        let told: Vec<_> = (entries.iter())
            .flat_map(|(name, entries)| entries.as_array().unwrap().iter().map(move |entry| (name.as_str(), entry)))
            .map(|(name, entry)| {
                (name, entry["version"].as_str().unwrap(), entry["digest"].as_str().unwrap().to_owned())
            })
            .collect();
        let has: Vec<_> = (repository.charts.iter())
            .flat_map(|(name, chart)| chart.versions.iter().map(move |version| (name.as_str(), version)))
            .map(|(name, version)| (name, version.version.as_str(), version.package.digest.to_string()))
            .collect();
        if told != has {
            faults.push(format!("the index of {path:?} tells {told:?}, the state has {has:?}"));
        }
    }
    faults
}
