//! The journal up to a sequence, compacted: a state as lines of JSON, compressed with zstd.
//!
//! The first line says what it is, the last how many facts stand between and what all lines before hash to. A
//! repository's facts follow the line that names it. Equal states give equal bytes.

mod decode;
mod stored;

#[cfg(test)]
mod tests;

use std::borrow::Cow;
use std::io::Write;
use std::sync::Arc;

use chart::Digest;
use chart::oci::{ContentDigest, RegistryName, Tag};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256};
use uuid::Uuid;

use crate::change::StoredObject;
use crate::state::{ContentLine, ObjectSince};
use crate::{FileFacts, PushedManifest, RepositoryPath, State, Trashed, Version};

pub use decode::{SnapshotError, decode};
pub(crate) use stored::{newest, newest_state, write};

/// The form of the file. Facts of later journal levels do not change it.
const FORMAT: u32 = 1;

/// The default of zstd: a hundred thousand versions take half a second and a tenth of their text.
const COMPRESSION: i32 = 3;

#[derive(Serialize, Deserialize)]
struct Header {
    format: u32,
    storage: Uuid,
    sequence: u64,
    entry: Uuid,
    at: Timestamp,
    level: u32,
    adopted: bool,
}

/// One line between the first and the last.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Fact<'a> {
    Repository { path: Cow<'a, RepositoryPath>, changed: Timestamp },
    Version(Arc<Version>),
    File(Cow<'a, str>, Arc<FileFacts>),
    Trashed(Arc<Trashed>),
    Content(ContentLine),
    Blob(Cow<'a, RegistryName>, ContentDigest, Timestamp),
    Manifest(Cow<'a, RegistryName>, ContentDigest, Arc<PushedManifest>),
    Tag(Cow<'a, RegistryName>, Cow<'a, Tag>, ContentDigest),
    Unreferenced(ObjectSince),
    Discarded(ObjectSince),
}

/// The kinds of [`Fact`] as they are written.
const KINDS: &[&str] =
    &["repository", "version", "file", "trashed", "content", "blob", "manifest", "tag", "unreferenced", "discarded"];

/// The last line begins like this; no fact does.
const END: &[u8] = b"{\"facts\":";

#[derive(Serialize, Deserialize)]
struct End {
    facts: u64,
    sha256: Digest,
}

/// The snapshot of a state, to be read by [`decode`]. Takes seconds for a large state: not for an async task.
pub fn encode(state: &State) -> Vec<u8> {
    let mut lines = Lines::new();
    let State { storage, sequence, entry, at, level, adopted, repositories, registry, unreferenced, discarded } = state;
    let (storage, sequence, entry, at, level, adopted) = (*storage, *sequence, *entry, *at, *level, *adopted);
    lines.write(&Header { format: FORMAT, storage, sequence, entry, at, level, adopted });
    for (path, repository) in repositories {
        lines.fact(&Fact::Repository { path: Cow::Borrowed(path), changed: repository.changed });
        for version in repository.charts.values().flat_map(|chart| &chart.versions) {
            lines.fact(&Fact::Version(version.clone()));
        }
        for (file, facts) in &repository.files {
            lines.fact(&Fact::File(Cow::Borrowed(file), facts.clone()));
        }
        for trashed in repository.trash.values() {
            lines.fact(&Fact::Trashed(trashed.clone()));
        }
    }
    for (digest, StoredObject { key, size }) in registry.objects() {
        lines.fact(&Fact::Content(ContentLine { digest: *digest, key: key.clone(), size: *size }));
    }
    for ((name, digest), since) in &registry.blobs {
        lines.fact(&Fact::Blob(Cow::Borrowed(name), *digest, *since));
    }
    for ((name, digest), manifest) in &registry.manifests {
        lines.fact(&Fact::Manifest(Cow::Borrowed(name), *digest, manifest.clone()));
    }
    for ((name, tag), digest) in &registry.tags {
        lines.fact(&Fact::Tag(Cow::Borrowed(name), Cow::Borrowed(tag), *digest));
    }
    for (key, at) in unreferenced {
        lines.fact(&Fact::Unreferenced(ObjectSince { key: key.clone(), at: *at }));
    }
    for (key, at) in discarded {
        lines.fact(&Fact::Discarded(ObjectSince { key: key.clone(), at: *at }));
    }
    lines.finish()
}

struct Lines {
    file: zstd::Encoder<'static, Vec<u8>>,
    hash: Sha256,
    facts: u64,
}

/// Why no step of writing can fail.
const IN_MEMORY: &str = "values with text keys have a JSON form, and memory takes all bytes";

impl Lines {
    fn new() -> Self {
        let file = zstd::Encoder::new(Vec::new(), COMPRESSION).expect("the compression level is one of zstd's own");
        Self { file, hash: Sha256::new(), facts: 0 }
    }

    fn write(&mut self, line: &impl Serialize) {
        let mut text = serde_json::to_vec(line).expect(IN_MEMORY);
        text.push(b'\n');
        self.hash.update(&text);
        self.file.write_all(&text).expect(IN_MEMORY);
    }

    fn fact(&mut self, fact: &Fact<'_>) {
        self.facts += 1;
        self.write(fact);
    }

    fn finish(mut self) -> Vec<u8> {
        let sha256 = Digest::from_bytes(self.hash.clone().finalize().into());
        let facts = self.facts;
        self.write(&End { facts, sha256 });
        self.file.finish().expect(IN_MEMORY)
    }
}
