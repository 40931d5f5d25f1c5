//! Random histories for tests: entries that have everything a journal can have, and the states they lead to.

use std::sync::Arc;

use chart::oci::{ContentDigest, RegistryName, Tag};
use chart::{ChartName, ChartVersion, Digest};
use jiff::{SignedDuration, Timestamp};
use proptest::prelude::*;
use serde_json::value::RawValue;
use uuid::Uuid;

use crate::change::{ManifestPut, PackagePublished, ProvenanceFile, StoredFile, StoredObject, Traces};
use crate::{Change, Entry, PushedManifest, RepositoryPath, State, Touched, VersionOfManifest, layout};

/// What a change is about, as small numbers: many of them meet.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Choice {
    kind: u8,
    repository: usize,
    chart: usize,
    version: usize,
    bytes: u8,
    odd: bool,
}

/// One entry of a history: the state after it, and what it touched.
#[derive(Debug, Clone)]
pub(crate) struct Moment {
    pub(crate) state: Arc<State>,
    pub(crate) touched: Touched,
}

const REPOSITORIES: &[&str] = &["", "team", "team/plätze \"und\" mehr", "-"];
const CHARTS: &[&str] = &["redis", "Redis", "redis-1.0.0", "日本語 \u{1}\u{7f}'\"\\", "%", "a"];
const VERSIONS: &[&str] =
    &["1.0.0", "1.0.0+a", "1.0.0+b", "v1.0", "2.0.0-rc.1", "2.0.0-rc.10", "2.0.0", "0.0.1", "18446744073709551615.0.0"];

pub(crate) fn storage() -> Uuid {
    Uuid::from_u128(7)
}

/// Up to so many entries of a few changes each.
pub(crate) fn choices(entries: usize) -> impl Strategy<Value = Vec<Vec<Choice>>> {
    let choice = (0..21_u8, 0..REPOSITORIES.len(), 0..CHARTS.len(), 0..VERSIONS.len(), 0..4_u8, any::<bool>());
    let choice = choice.prop_map(|(kind, repository, chart, version, bytes, odd)| Choice {
        kind,
        repository,
        chart,
        version,
        bytes,
        odd,
    });
    prop::collection::vec(prop::collection::vec(choice, 1..6), 1..entries)
}

/// The states that the choices lead to, one entry after another.
pub(crate) fn history(choices: &[Vec<Choice>]) -> Vec<Moment> {
    let mut state = Arc::new(State::empty(storage()));
    let entry = |choices: &Vec<Choice>| {
        let sequence = state.sequence + 1;
        let changes = choices.iter().flat_map(|choice| choice.change(&state)).collect();
        let at = if sequence == 1 { "2026-11-25T12:00:00.000000001Z".parse().unwrap() } else { later(state.at) };
        let (id, writer) = (Uuid::from_u128(u128::from(sequence) << 64 | 1), Uuid::from_u128(9));
        let mut touched = Touched::default();
        let next = state.apply(&Entry { sequence, id, previous: state.entry, writer, at, changes }, &mut touched);
        state = Arc::new(next.unwrap());
        Moment { state: state.clone(), touched }
    };
    choices.iter().map(entry).collect()
}

/// By more than a week, so that what is forgotten with time is forgotten in some histories.
fn later(at: Timestamp) -> Timestamp {
    at + SignedDuration::new(9 * 24 * 3600, 123_456_789)
}

impl Choice {
    fn change(self, state: &State) -> Option<Change> {
        let repository = RepositoryPath::parse(REPOSITORIES[self.repository]).unwrap();
        let name = ChartName::parse(CHARTS[self.chart]).unwrap();
        let version = ChartVersion::parse(VERSIONS[self.version]).unwrap();
        let file = format!("{name}-{version}.tgz");
        let known = state.repository(&repository);
        let digest = self.digest();
        Some(match self.kind {
            0..4 => Change::PackagePublished(Box::new(PackagePublished {
                metadata: self.metadata(),
                package: self.stored(&repository, &file),
                traces: self.odd.then(|| self.traces(state)),
                // Go's zero time, as careless index files have it
                created: self.odd.then(|| "0001-01-01T00:00:00Z".parse().unwrap()),
                provenance: (self.bytes == 3).then(|| self.provenance(&repository, &file)),
                repository,
                name,
                version,
                file,
            })),
            4 => Change::FileRefused { repository, file, digest },
            5 => {
                let provenance = self.provenance(&repository, &file);
                Change::ProvenancePublished { repository, file, provenance }
            }
            6 | 7 => Change::PackageRemoved { repository, name, version },
            8 => Change::PackageMissing { repository, file },
            9 => Change::PackageFound { repository, file },
            10 => {
                let reason = format!("line 1:\n\t\"{file}\" \0");
                Change::FileUnreadable { repository, file, reason, traces: self.traces(state) }
            }
            11 => {
                let (file, removed_at) = known?.trash.keys().nth(self.bytes.into())?.clone();
                Change::TrashEmptied { repository, file: file.to_string(), removed_at }
            }
            12 => Change::ReplacedDropped { repository, file, digest },
            14 => Change::BlobAdded { name: self.name(), digest: self.content(), object: self.object() },
            15 => Change::BlobLinked { name: self.name(), digest: self.content() },
            16 => Change::BlobUnlinked { name: self.name(), digest: self.content() },
            17 => Change::ManifestPut(Box::new(self.manifest(state, version))),
            18 => Change::ManifestRemoved { name: self.name(), digest: self.content() },
            19 => Change::TagSet { name: self.name(), tag: self.tag(), digest: self.content() },
            20 => Change::TagRemoved { name: self.name(), tag: self.tag() },
            _ if self.odd => Change::AdoptionFinished,
            _ => Change::ObjectDiscarded { key: state.unreferenced.keys().nth(self.bytes.into())?.clone() },
        })
    }

    /// Most are names of charts.
    fn name(self) -> RegistryName {
        RegistryName::parse(["redis", "redis-1.0.0", "a", "team/redis", "team/a", "x/y/z"][self.chart]).unwrap()
    }

    /// Some is the manifest made of a version.
    fn content(self) -> ContentDigest {
        match self.bytes {
            0 => ContentDigest::Sha512([self.chart.try_into().unwrap(); 64]),
            bytes => ContentDigest::of(&[bytes, u8::from(self.odd)]),
        }
    }

    fn object(self) -> StoredObject {
        let id = u128::from(self.bytes) << 8 | u128::from(self.odd) << 4 | self.chart as u128;
        StoredObject { key: layout::fresh_content(Uuid::from_u128(id)), size: u64::from(self.bytes) }
    }

    fn tag(self) -> Tag {
        Tag::parse(["1.0.0", "1.0.0_a", "2.0.0", "latest", "_"][self.version % 5]).unwrap()
    }

    fn manifest(self, state: &State, version: ChartVersion) -> ManifestPut {
        let (name, digest) = (self.name(), self.content());
        let blobs: Vec<_> = state.registry.contents.keys().take(self.version % 3).copied().collect();
        let of = VersionOfManifest { version, package: self.digest() };
        let manifest = PushedManifest {
            media_type: "a/b+\"json\"".to_owned(),
            kind: self.odd.then(|| "é".to_owned()),
            subject: self.odd.then(|| ContentDigest::of(&[self.bytes])),
            annotations: self.odd.then(|| ("k\n".to_owned(), "\u{2028}".to_owned())).into_iter().collect(),
            manifests: blobs.iter().take(1).copied().collect(),
            blobs,
            pushed: state.at,
            is_chart: self.odd,
            version: self.odd.then_some(of),
        };
        let is_stored = state.registry.contents.contains_key(&digest);
        ManifestPut { name, digest, object: Some(self.object()).filter(|_| !is_stored), manifest }
    }

    fn digest(self) -> Digest {
        Digest::of(&[self.bytes])
    }

    /// Some bytes at the flat place, others at a place of their own.
    fn stored(self, repository: &RepositoryPath, file: &str) -> StoredFile {
        let key = match self.bytes {
            0 => layout::flat(repository, file),
            bytes => layout::fresh_object(Uuid::from_u128(bytes.into()), file),
        };
        StoredFile { key: key.unwrap(), digest: self.digest(), size: u64::from(self.bytes) << 40 }
    }

    fn provenance(self, repository: &RepositoryPath, file: &str) -> ProvenanceFile {
        let file = format!("{file}{}", layout::PROVENANCE_SUFFIX);
        ProvenanceFile { stored: self.stored(repository, &file), vouches: self.odd.then(|| self.digest()) }
    }

    fn traces(self, state: &State) -> Traces {
        Traces { size: self.bytes.into(), modified: state.at, etag: "\"é\"".to_owned() }
    }

    fn metadata(self) -> Box<RawValue> {
        let description = "\\\"quoted\\\" \\u0000 \u{2028} \u{10ffff} ".repeat(self.bytes.into());
        RawValue::from_string(format!(r#"{{"name":"{}","n":1.0,"description":"{description}"}}"#, self.chart)).unwrap()
    }
}
