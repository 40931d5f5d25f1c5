//! The copy itself: packages first, then the journal, then what says that it is whole.

use std::collections::{HashMap, HashSet};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chart::oci::ContentDigest;
use futures_util::{StreamExt, TryStreamExt, stream};
use storage::{Key, Listed, ObjectStore, Prefix, StorageError};

use super::marker::Marker;
use super::{BackupError, BackupReport, Damage, Progress};
use crate::blocking::blocking;
use crate::format::format_file;
use crate::inventory::{Item, Role};
use crate::pieces::{PIECE, Pieces};
use crate::{RepositoryPath, State, layout, snapshot};

/// Objects whose bytes are in memory at the same time.
const SIDE_BY_SIDE: usize = 8;
/// How often a call is made before its failure is believed.
const ATTEMPTS: u32 = 4;
/// Before the second attempt; doubled before each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// Snapshots that stay in a copy.
const KEPT_SNAPSHOTS: usize = 2;

/// A copy under way.
pub(super) struct Copying {
    from: Arc<dyn ObjectStore>,
    to: Arc<dyn ObjectStore>,
    progress: Progress,
    /// What the copy holds, with lengths: as it was listed at the beginning, and what was added since.
    held: HashMap<Key, u64>,
    /// What the state that was copied last needs.
    needed: HashSet<Key>,
    /// What was not there before.
    added: HashSet<Key>,
    bytes: u64,
}

/// What became of one file.
enum Fate {
    Present(Key),
    Copied(Key, u64),
    Gone(String),
}

impl Copying {
    pub async fn begin(
        from: Arc<dyn ObjectStore>,
        to: Arc<dyn ObjectStore>,
        progress: Progress,
    ) -> Result<Self, BackupError> {
        let mut held = HashMap::new();
        {
            let mut listing = to.list(&Prefix::root());
            while let Some(listed) = listing.next().await {
                if let Listed::Object(key, meta) = listed.map_err(BackupError::Target)? {
                    held.insert(key, meta.size);
                }
            }
        }
        Ok(Self { from, to, progress, held, needed: HashSet::new(), added: HashSet::new(), bytes: 0 })
    }

    /// Copies everything that the state refers to. Returns what is not there to be copied, and why.
    pub async fn copy(&mut self, state: &State) -> Result<Vec<(Item, String)>, BackupError> {
        let items = state.inventory();
        let (total, done) = (items.len() as u64, AtomicU64::new(0));
        self.needed = HashSet::new();
        let this = &*self;
        let fates: Vec<_> = stream::iter(items)
            .map(|item| async {
                let fate = this.copy_one(&item).await?;
                (this.progress)(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                Ok::<_, BackupError>((item, fate))
            })
            .buffer_unordered(SIDE_BY_SIDE)
            .try_collect()
            .await?;
        let mut gone = Vec::new();
        for (item, fate) in fates {
            // that it is gone is what the state says of what is missing
            if let Some(reason) = self.note(fate).filter(|_| item.role != Role::Missing) {
                gone.push((item, reason));
            }
        }
        self.copy_unlisted(state).await?;
        Ok(gone)
    }

    /// Files that are no versions and are served by their names all the same. Nothing vouches for their bytes, so that one
    /// of the right length is left as it is.
    async fn copy_unlisted(&mut self, state: &State) -> Result<(), BackupError> {
        let this = &*self;
        let copies = stream::iter(unlisted(state)).map(|key| async move { this.copy_unlisted_one(key).await });
        let fates: Vec<_> = copies.buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
        for fate in fates {
            self.note(fate);
        }
        Ok(())
    }

    async fn copy_unlisted_one(&self, key: Key) -> Result<Fate, BackupError> {
        let size = match patiently(|| self.from.head(&key)).await {
            Ok(meta) => meta.size,
            Err(StorageError::Unavailable(reason)) => {
                return Err(BackupError::Source(StorageError::Unavailable(reason)));
            }
            // gone since, or unreadable for that very reason
            Err(error) => return Ok(Fate::Gone(error.to_string())),
        };
        if self.held.get(&key) == Some(&size) {
            return Ok(Fate::Present(key));
        }
        match patiently(|| self.from.get(&key, None)).await {
            Ok(object) => {
                let size = object.meta.size;
                patiently(|| self.to.put(&key, object.bytes.clone())).await.map_err(BackupError::Target)?;
                Ok(Fate::Copied(key, size))
            }
            Err(error) => Ok(Fate::Gone(error.to_string())),
        }
    }

    /// Remembers what became of a file. Gives back why it could not be had.
    fn note(&mut self, fate: Fate) -> Option<String> {
        match fate {
            Fate::Present(key) => drop(self.needed.insert(key)),
            Fate::Copied(key, size) => {
                self.bytes += size;
                self.held.insert(key.clone(), size);
                self.added.insert(key.clone());
                self.needed.insert(key);
            }
            Fate::Gone(reason) => return Some(reason),
        }
        None
    }

    async fn copy_one(&self, item: &Item) -> Result<Fate, BackupError> {
        if let Some(key) = item.places.iter().find(|key| self.held.get(*key) == Some(&item.size)) {
            return Ok(Fate::Present(key.clone()));
        }
        if item.role == Role::Content && item.size > PIECE {
            return self.copy_large(item).await;
        }
        let mut reason = "its file is gone";
        for key in &item.places {
            match patiently(|| self.from.get(key, None)).await {
                Ok(object) if is_right(&object.bytes, item.digest).await => {
                    self.put(key, object.bytes, item.digest).await.map_err(BackupError::Target)?;
                    return Ok(Fate::Copied(key.clone(), item.size));
                }
                Ok(_) => reason = "its bytes are not those that were published",
                Err(StorageError::NotFound(_)) => {}
                Err(error) => return Err(BackupError::Source(error)),
            }
        }
        Ok(Fate::Gone(reason.to_owned()))
    }

    /// As [`Copying::copy_one`], with a piece of it in memory at a time. What is there under its key and is as long was
    /// found by the listing.
    async fn copy_large(&self, item: &Item) -> Result<Fate, BackupError> {
        let Some(key) = item.places.first() else { return Ok(Fate::Gone("its object is gone".to_owned())) };
        let mut copy = self.to.stage(key).await.map_err(BackupError::Target)?;
        let mut pieces = Pieces::of(&*self.from, key, item.size, item.digest);
        loop {
            match pieces.next().await {
                Ok(Some(bytes)) => copy.append(bytes).await.map_err(BackupError::Target)?,
                Ok(None) => break,
                Err(StorageError::NotFound(_)) => return Ok(Fate::Gone("its object is gone".to_owned())),
                Err(error) => return Err(BackupError::Source(error)),
            }
        }
        if !pieces.ended_right() {
            copy.abandon().await.map_err(BackupError::Target)?;
            return Ok(Fate::Gone("its bytes are not those that were pushed".to_owned()));
        }
        if self.held.contains_key(key) {
            // of another length: a fault of its disk has spoilt it
            patiently(|| self.to.delete(key)).await.map_err(BackupError::Target)?;
        }
        match copy.publish_new().await {
            Ok(_) => Ok(Fate::Copied(key.clone(), item.size)),
            Err(error) => Err(BackupError::Target(error)),
        }
    }

    /// Writes an object of the copy, in place of one that a fault of its disk has spoilt.
    async fn put(&self, key: &Key, bytes: Bytes, expected: ContentDigest) -> Result<(), StorageError> {
        match patiently(|| self.to.create(key, bytes.clone())).await {
            Ok(()) => return Ok(()),
            Err(StorageError::AlreadyExists(_)) => {}
            Err(error) => return Err(error),
        }
        let there = patiently(|| self.to.get(key, None)).await?;
        if is_right(&there.bytes, expected).await {
            return Ok(());
        }
        patiently(|| self.to.delete(key)).await?;
        patiently(|| self.to.create(key, bytes.clone())).await
    }

    /// Copies the journal up to the state, and says that the copy is whole.
    pub async fn finish(
        self,
        state: &State,
        marker: Marker,
        damaged: Vec<(Item, String)>,
    ) -> Result<BackupReport, BackupError> {
        let entries = self.copy_journal(state.sequence).await?;
        let held = state.clone();
        let bytes = blocking(move || snapshot::encode(&held)).await;
        let bytes = bytes.map_err(|error| BackupError::Target(StorageError::Unavailable(error.to_string())))?;
        self.put_text(&layout::snapshot(state.sequence), bytes.into()).await?;
        self.put_text(&layout::format(), format_file(state.storage)?).await?;
        self.refuse_another(&marker).await?;
        patiently(|| marker.write(&*self.to)).await.map_err(BackupError::Target)?;
        let deleted = self.tidy(state, &marker).await?;
        let damaged = damaged.into_iter().map(|(item, reason)| {
            let Item { repository, file, role, .. } = item;
            Damage { repository, file, role, reason }
        });
        let mut damaged: Vec<_> = damaged.collect();
        damaged.sort_by(|one, other| (&one.repository, &one.file).cmp(&(&other.repository, &other.file)));
        Ok(BackupReport {
            source: marker.source,
            storage: state.storage,
            sequence: state.sequence,
            versions: state.version_count(),
            copied: self.added.len() as u64,
            bytes: self.bytes,
            present: self.needed.difference(&self.added).count() as u64,
            entries,
            deleted,
            damaged,
        })
    }

    async fn copy_journal(&self, last: u64) -> Result<u64, BackupError> {
        let this = self;
        let missing = (1..=last).filter(|sequence| !this.held.contains_key(&layout::journal(*sequence)));
        let copies = stream::iter(missing).map(|sequence| async move {
            let key = layout::journal(sequence);
            let object = patiently(|| this.from.get(&key, None)).await.map_err(BackupError::Source)?;
            this.put_text(&key, object.bytes).await
        });
        let copied: Vec<()> = copies.buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
        Ok(copied.len() as u64)
    }

    /// Writes what is the same bytes at every attempt.
    async fn put_text(&self, key: &Key, bytes: Bytes) -> Result<(), BackupError> {
        let expected = ContentDigest::of(&bytes);
        self.put(key, bytes, expected).await.map_err(BackupError::Target)
    }

    /// Two that copy to one place would delete each other's objects: the first to notice gives up.
    async fn refuse_another(&self, marker: &Marker) -> Result<(), BackupError> {
        match Marker::read(&*self.to).await? {
            Some(found) if found.run == marker.run => Ok(()),
            _ => Err(BackupError::Refused(
                "another backup writes to the same place: try again when it is done".to_owned(),
            )),
        }
    }

    /// Deletes what only earlier states needed.
    async fn tidy(&self, state: &State, marker: &Marker) -> Result<u64, BackupError> {
        self.refuse_another(marker).await?;
        let snapshots = snapshot::newest(&*self.to).await.map_err(BackupError::Target)?;
        let snapshots = snapshots.into_iter().skip(KEPT_SNAPSHOTS).map(layout::snapshot);
        let objects = self.held.keys().filter(|key| !self.needed.contains(*key) && is_ours(state, key)).cloned();
        let old: Vec<Key> = snapshots.chain(objects).collect();
        for key in &old {
            patiently(|| self.to.delete(key)).await.map_err(BackupError::Target)?;
        }
        Ok(old.len() as u64)
    }
}

/// The places of files that could not be read as packages, but for those of versions, whose bytes are known.
fn unlisted(state: &State) -> Vec<Key> {
    let mut keys = Vec::new();
    for (path, repository) in &state.repositories {
        for (file, _) in repository.files.iter().filter(|(_, facts)| facts.unreadable.is_some()) {
            let Ok(key) = layout::flat(path, file) else { continue };
            if repository.version_of_file(file).is_none_or(|version| version.package.key != key) {
                keys.push(key);
            }
        }
    }
    keys
}

/// The object is one that this state, or an earlier one, referred to.
fn is_ours(state: &State, key: &Key) -> bool {
    let text = key.as_str();
    if !layout::is_flat(key) {
        return [layout::objects_folder(), layout::trash_folder()]
            .iter()
            .any(|folder| text.starts_with(folder.as_str()));
    }
    let (folder, file) = text.rsplit_once('/').unwrap_or(("", text));
    let package = file.strip_suffix(layout::PROVENANCE_SUFFIX).unwrap_or(file);
    let repository = RepositoryPath::parse(folder).ok();
    repository.is_some_and(|path| state.repository(&path).is_some_and(|found| found.file(package).is_some()))
}

async fn is_right(bytes: &Bytes, expected: ContentDigest) -> bool {
    let bytes = bytes.clone();
    blocking(move || expected.matches(&bytes)).await.unwrap_or(false)
}

/// Makes a call again while the storage does not answer.
async fn patiently<T, F>(call: impl Fn() -> F) -> Result<T, StorageError>
where
    F: Future<Output = Result<T, StorageError>>,
{
    let mut pause = FIRST_PAUSE;
    for _ in 1..ATTEMPTS {
        match call().await {
            Err(StorageError::Unavailable(_)) => tokio::time::sleep(pause).await,
            answer => return answer,
        }
        pause *= 2;
    }
    call().await
}
