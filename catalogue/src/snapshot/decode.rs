//! Reads a snapshot.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read};
use std::sync::Arc;

use chart::ChartName;
use serde::Deserialize;
use serde_json::value::RawValue;
use sha2::{Digest as _, Sha256};

use super::{END, End, FORMAT, Fact, Header, KINDS};
use crate::change::StoredObject;
use crate::state::{ContentLine, ObjectSince};
use crate::{Chart, Repository, State, Version};

/// Bytes of a line. The longest are facts of file names, with 70 bytes for every package that a name ever had.
pub(super) const LINE_SIZE: u64 = 64 << 20;
/// Bytes of all lines: a hundred thousand versions have 0.1 GB, and what has forty times as many finds no memory.
const TEXT_SIZE: u64 = 4 << 30;
/// The largest window of zstd's ordinary levels, as a power of two.
const WINDOW: u32 = 27;

/// Why a snapshot cannot be used. The journal has everything that was in it.
#[derive(Debug, thiserror::Error)]
pub enum SnapshotError {
    /// It is cut off, or not compressed with zstd.
    #[error("the snapshot cannot be decompressed: {0}")]
    Compression(#[from] std::io::Error),
    /// A newer program wrote another kind of file.
    #[error("the snapshot has format {found}, this program knows {FORMAT}")]
    Format {
        /// The format met.
        found: u32,
    },
    /// A newer program wrote it.
    #[error("the snapshot is of level {level}, this program knows {known}")]
    Level {
        /// The level met.
        level: u32,
        /// The newest level that the program knows.
        known: u32,
    },
    /// A fact that the level does not have.
    #[error("line {line} of the snapshot holds {kind:?}, which level {level} does not know")]
    Kind {
        /// Counted from 1.
        line: u64,
        /// The kind met.
        kind: String,
        /// The level of the snapshot.
        level: u32,
    },
    /// A line that is not what stands there.
    #[error("line {line} of the snapshot cannot be read: {reason}")]
    Line {
        /// Counted from 1.
        line: u64,
        /// One sentence.
        reason: String,
    },
    /// A line is longer than any fact.
    #[error("a line of the snapshot is longer than {LINE_SIZE} bytes")]
    LineSize,
    /// It ends early, goes on too long, or its last line tells of other facts than those before it.
    #[error("the snapshot is damaged: it does not hold what its last line tells of")]
    Damaged,
}

/// The state of a snapshot. Takes seconds for a large one: not for an async task. Memory is bounded by the state that
/// comes out and one line, not by what the bytes claim to expand to.
///
/// # Errors
/// [`SnapshotError`]; nothing of a damaged snapshot is used.
pub fn decode(bytes: &[u8], known: u32) -> Result<State, SnapshotError> {
    let mut text = zstd::Decoder::with_buffer(bytes)?.single_frame();
    text.window_log_max(WINDOW)?;
    let mut lines = Lines { text: BufReader::new(text.take(TEXT_SIZE)), line: Vec::new(), number: 0 };
    let mut hash = Sha256::new();

    hash.update(lines.next()?);
    let Header { format, storage, sequence, entry, at, level, adopted } = lines.read()?;
    if format != FORMAT {
        return Err(SnapshotError::Format { found: format });
    }
    if level > known {
        return Err(SnapshotError::Level { level, known });
    }
    let state = State { sequence, entry, at, level, adopted, ..State::empty(storage) };
    let mut building = Building { state, repository: None };
    let mut facts = 0;
    while !lines.next()?.starts_with(END) {
        hash.update(&lines.line);
        let fact = lines.read_fact(level)?;
        building.add(fact).map_err(|reason| lines.fault(reason))?;
        facts += 1;
    }
    let end: End = lines.read()?;
    let whole = end.facts == facts && end.sha256.as_bytes()[..] == hash.finalize()[..] && !lines.is_more()?;
    let after = lines.text.into_inner().into_inner().finish();
    if !whole || !after.is_empty() {
        return Err(SnapshotError::Damaged);
    }
    building.end_repository();
    Ok(building.state)
}

struct Lines<R> {
    text: R,
    line: Vec<u8>,
    number: u64,
}

impl<R: BufRead> Lines<R> {
    fn next(&mut self) -> Result<&[u8], SnapshotError> {
        self.line.clear();
        self.number += 1;
        (&mut self.text).take(LINE_SIZE).read_until(b'\n', &mut self.line)?;
        match self.line.last() {
            Some(b'\n') => Ok(&self.line),
            // the text ends without its last line, or one of the limits cut it
            Some(_) if self.line.len() as u64 == LINE_SIZE => Err(SnapshotError::LineSize),
            _ => Err(SnapshotError::Damaged),
        }
    }

    fn is_more(&mut self) -> Result<bool, SnapshotError> {
        Ok(!self.text.fill_buf()?.is_empty())
    }

    fn read<'a, T: Deserialize<'a>>(&'a self) -> Result<T, SnapshotError> {
        serde_json::from_slice(&self.line).map_err(|error| self.fault(error))
    }

    fn read_fact(&self, level: u32) -> Result<Fact<'_>, SnapshotError> {
        self.read().map_err(|error| {
            let kinds: Result<BTreeMap<String, &RawValue>, _> = serde_json::from_slice(&self.line);
            let unknown = kinds.ok().and_then(|kinds| kinds.into_keys().find(|kind| !KINDS.contains(&kind.as_str())));
            match unknown {
                Some(kind) => SnapshotError::Kind { line: self.number, kind, level },
                None => error,
            }
        })
    }

    fn fault(&self, reason: impl ToString) -> SnapshotError {
        SnapshotError::Line { line: self.number, reason: reason.to_string() }
    }
}

struct Building {
    state: State,
    repository: Option<(Repository, Charts)>,
}

type Charts = BTreeMap<ChartName, Vec<Arc<Version>>>;

impl Building {
    fn add(&mut self, fact: Fact<'_>) -> Result<(), &'static str> {
        let repository = self.repository.as_mut().ok_or("it belongs to no repository");
        match fact {
            Fact::Repository { path, changed } => {
                self.end_repository();
                self.repository = Some((Repository::empty(path.into_owned(), changed), Charts::new()));
            }
            Fact::Version(version) => repository?.1.entry(version.name.clone()).or_default().push(version),
            Fact::File(file, facts) => drop(repository?.0.files.insert(file.as_ref().into(), facts)),
            Fact::Trashed(trashed) => {
                let key = (trashed.version.file.clone(), trashed.removed_at);
                repository?.0.trash.insert(key, trashed);
            }
            Fact::Content(ContentLine { digest, key, size }) => {
                self.state.registry.load_content(digest, StoredObject { key, size });
            }
            Fact::Blob(name, digest, since) => {
                let loaded = self.state.registry.load_blob(name.into_owned(), digest, since);
                return loaded.then_some(()).ok_or("its content is not there");
            }
            Fact::Manifest(name, digest, manifest) => {
                let loaded = self.state.registry.load_manifest(&name, digest, manifest);
                return loaded.then_some(()).ok_or("its content is not there");
            }
            Fact::Tag(name, tag, digest) => self.state.registry.set_tag(&name, &tag, digest),
            Fact::Unreferenced(ObjectSince { key, at }) => drop(self.state.unreferenced.insert(key, at)),
            Fact::Discarded(ObjectSince { key, at }) => drop(self.state.discarded.insert(key, at)),
        }
        Ok(())
    }

    fn end_repository(&mut self) {
        if let Some((mut repository, mut charts)) = self.repository.take() {
            for version in charts.values_mut().flatten().filter(|version| version.made.is_nothing()) {
                // a snapshot of before the registry
                let provenance = repository.file(&version.file).and_then(|facts| facts.provenance.clone());
                Arc::make_mut(version).renew_made(provenance.as_ref(), |_| false);
            }
            let facts = |version: &Version| repository.files.get(&version.file);
            let charts = charts.into_iter().map(|(name, versions)| (name, Arc::new(Chart::of(versions, facts))));
            repository.charts = charts.collect();
            self.state.add_repository(Arc::new(repository));
        }
    }
}
