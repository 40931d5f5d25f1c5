//! Letting go what nothing needs any more, in two steps a day apart: first a commit that forbids every later change to
//! name the object, then its deletion.

use std::collections::HashSet;

use bytes::Bytes;
use chart::oci::{ContentDigest, RegistryName};
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use storage::{Key, Listed, StorageError};

use crate::engine::ProposeError;
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{State, Version, layout};

/// Between the last reference and the discard, and between the discard and the deletion. A proposal older than this is
/// refused, so nothing that still travels can name a deleted object.
pub(crate) const GRACE: SignedDuration = SignedDuration::from_hours(24);

/// Something that is let go, or deleted, by the next collection.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Collectable {
    /// A package, content of the registry, or an object's key.
    pub what: String,
    /// Why it goes.
    pub reason: Dispensable,
}

/// Why something is not needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Dispensable {
    /// A removed package whose time in the trash is over.
    TrashEnded,
    /// A replaced package that has been served by its digest for long enough.
    ReplacedEnded,
    /// A chart's manifest that no tag has stood for since a day: its push was never finished.
    UntaggedChart,
    /// A blob that no manifest of its name has needed for a day.
    UnneededBlob,
    /// An object that nothing has referred to for a day. It is deleted a day later.
    Unreferenced,
    /// An object of a day ago that nothing ever referred to. It is deleted a day later.
    NeverReferenced,
    /// An object that was let go a day ago: it is deleted now.
    Discarded,
}

impl Replica {
    /// See [`crate::Catalogue::collect`].
    pub async fn collect(&self) -> Result<usize, CommitError> {
        let state = self.current().await?.state.clone();
        let now = self.options.clock.now();
        self.let_windows_end(&state, now).await?;
        for (name, digest, is_manifest) in state.idle_content(now) {
            self.settle(Proposal::LetGo { name, digest, is_manifest }).await?;
        }
        let state = self.view().state.clone();
        for (key, _) in self.disused(&state, now).await? {
            self.settle(Proposal::Discard { key }).await?;
        }
        self.end_old_sessions().await?;
        let mut deleted = self.delete_discarded(&state, now).await?;
        deleted += self.delete_emptied_trash(&state).await?;
        Ok(deleted)
    }

    /// Removed and replaced packages are kept for a window.
    async fn let_windows_end(&self, state: &State, now: Timestamp) -> Result<(), CommitError> {
        let window = SignedDuration::try_from(self.options.trash_window).unwrap_or(SignedDuration::MAX);
        let ended = |at: Timestamp| now.duration_since(at) >= window;
        for (path, repository) in &state.repositories {
            for trashed in repository.trash.values().filter(|trashed| ended(trashed.at)) {
                // what a crash left in its place would be forgotten there
                self.move_to_trash(path, trashed).await.map_err(unavailable)?;
                let (repository, file) = (path.clone(), trashed.version.file.to_string());
                self.settle(Proposal::EmptyTrash { repository, file, removed_at: trashed.removed_at }).await?;
            }
            for (file, facts) in &repository.files {
                for old in facts.replaced.iter().filter(|old| ended(old.at)) {
                    let (repository, file) = (path.clone(), file.to_string());
                    self.settle(Proposal::DropReplaced { repository, file, package: old.package.clone() }).await?;
                }
            }
        }
        Ok(())
    }

    /// See [`crate::Catalogue::collectable`].
    pub async fn collectable(&self) -> Result<Vec<Collectable>, CommitError> {
        let state = self.current().await?.state.clone();
        let now = self.options.clock.now();
        let window = SignedDuration::try_from(self.options.trash_window).unwrap_or(SignedDuration::MAX);
        let ended = |at: Timestamp| now.duration_since(at) >= window;
        let mut all = Vec::new();
        let mut add = |what: String, reason: Dispensable| all.push(Collectable { what, reason });
        for (path, repository) in &state.repositories {
            let place = |file: &str| if path.is_root() { file.to_owned() } else { format!("{path}/{file}") };
            for trashed in repository.trash.values().filter(|trashed| ended(trashed.at)) {
                add(place(&trashed.version.file), Dispensable::TrashEnded);
            }
            for (file, facts) in &repository.files {
                for old in facts.replaced.iter().filter(|old| ended(old.at)) {
                    add(format!("{} {}", place(file), old.package.digest), Dispensable::ReplacedEnded);
                }
            }
        }
        for (name, digest, is_manifest) in state.idle_content(now) {
            let reason = if is_manifest { Dispensable::UntaggedChart } else { Dispensable::UnneededBlob };
            add(format!("{name}@{digest}"), reason);
        }
        for (key, reason) in self.disused(&state, now).await? {
            add(key.to_string(), reason);
        }
        for (key, since) in &state.discarded {
            if now.duration_since(*since) > GRACE && self.store.head(key).await.is_ok() {
                add(key.to_string(), Dispensable::Discarded);
            }
        }
        Ok(all)
    }

    /// Objects that nothing has needed for long enough, and why.
    async fn disused(&self, state: &State, now: Timestamp) -> Result<Vec<(Key, Dispensable)>, CommitError> {
        let mut disused = Vec::new();
        for (key, since) in &state.unreferenced {
            if now.duration_since(*since) > GRACE {
                disused.push((key.clone(), Dispensable::Unreferenced));
            }
        }
        // what never had a reference is as old as the storage says, by the storage's own clock
        let storage_now = self.storage_time().await?;
        let referenced: HashSet<&Key> = state.referenced_objects().collect();
        let mut objects = self.store.list(&layout::objects_folder());
        while let Some(listed) = objects.next().await {
            let Listed::Object(key, meta) = listed.map_err(unavailable)? else { continue };
            let known = referenced.contains(&key)
                || state.unreferenced.contains_key(&key)
                || state.discarded.contains_key(&key);
            if !known && storage_now.duration_since(meta.modified) > GRACE {
                disused.push((key, Dispensable::NeverReferenced));
            }
        }
        Ok(disused)
    }

    async fn delete_discarded(&self, state: &State, now: Timestamp) -> Result<usize, CommitError> {
        let mut deleted = 0;
        for (key, since) in &state.discarded {
            if now.duration_since(*since) > GRACE && self.store.head(key).await.is_ok() {
                self.store.delete(key).await.map_err(unavailable)?;
                deleted += 1;
            }
        }
        Ok(deleted)
    }

    /// Deletes what lies in the trash for a removal that can no longer be restored.
    async fn delete_emptied_trash(&self, state: &State) -> Result<usize, CommitError> {
        let mut kept = HashSet::new();
        for (path, repository) in &state.repositories {
            for trashed in repository.trash.values() {
                let file = &*trashed.version.file;
                kept.extend(layout::trash(trashed.removed_at, path, file).ok());
                let provenance = format!("{file}{}", layout::PROVENANCE_SUFFIX);
                kept.extend(layout::trash(trashed.removed_at, path, &provenance).ok());
            }
        }
        let mut old = Vec::new();
        let mut trash = self.store.list(&layout::trash_folder());
        while let Some(listed) = trash.next().await {
            let Listed::Object(key, _) = listed.map_err(unavailable)? else { continue };
            // a removal that this state does not know yet is not emptied
            if !kept.contains(&key) && layout::trash_sequence(&key).is_some_and(|at| at <= state.sequence) {
                old.push(key);
            }
        }
        drop(trash);
        for key in &old {
            self.store.delete(key).await.map_err(unavailable)?;
        }
        Ok(old.len())
    }

    /// What time the storage thinks it is.
    async fn storage_time(&self) -> Result<Timestamp, CommitError> {
        let meta = self.store.put(&layout::clock(), Bytes::from_static(b"{}")).await.map_err(unavailable)?;
        Ok(meta.modified)
    }

    /// Uploads of blobs in which nothing happened for too long are over.
    async fn end_old_sessions(&self) -> Result<(), CommitError> {
        let now = self.storage_time().await?;
        let ended = self.sweep_sessions(now).await;
        ended.map_err(|error| CommitError::Unavailable(error.to_string()))?;
        if let Err(error) = self.store.sweep().await {
            tracing::warn!(%error, "what processes that died have left in the storage could not be swept");
        }
        Ok(())
    }

    /// Proposes something that another replica may have done meanwhile.
    async fn settle(&self, proposal: Proposal) -> Result<(), CommitError> {
        match self.propose(proposal).await {
            Ok(_) | Err(ProposeError::Refused(_)) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }
}

impl State {
    /// What names of the registry have and nothing has needed for a day: manifests first.
    fn idle_content(&self, now: Timestamp) -> Vec<(RegistryName, ContentDigest, bool)> {
        let idle = |(name, digest): &(RegistryName, ContentDigest), is_manifest| (name.clone(), *digest, is_manifest);
        let manifests = self.registry.manifests.keys();
        let manifests = manifests.filter(|(name, digest)| self.is_manifest_idle(name, *digest, now));
        let blobs = self.registry.blobs.keys().filter(|(name, digest)| self.is_blob_idle(name, *digest, now));
        manifests.map(|key| idle(key, true)).chain(blobs.map(|key| idle(key, false))).collect()
    }

    /// Every object that something which exists, can be restored or is still served refers to.
    pub(crate) fn referenced_objects(&self) -> impl Iterator<Item = &Key> {
        fn of_version(version: &Version) -> impl Iterator<Item = &Key> {
            let provenances = version.made.provenances().map(|provenance| &provenance.key);
            std::iter::once(&version.package.key).chain(provenances)
        }
        let registry = self.registry.objects().map(|(_, object)| &object.key);
        let files = self.repositories.values().flat_map(|repository| {
            let listed = repository.charts.values().flat_map(|chart| &chart.versions);
            let listed = listed.flat_map(|version| of_version(version));
            let facts = repository.files.values().flat_map(|facts| {
                let provenance = facts.provenance.iter().map(|provenance| &provenance.stored.key);
                let missing = facts.missing.iter().flat_map(|version| of_version(version));
                provenance.chain(missing).chain(facts.replaced.iter().map(|old| &old.package.key))
            });
            let trash = repository.trash.values().flat_map(|trashed| {
                let provenance = trashed.provenance.iter().map(|provenance| &provenance.stored.key);
                of_version(&trashed.version).chain(provenance)
            });
            listed.chain(facts).chain(trash)
        });
        files.chain(registry)
    }
}

fn unavailable(error: StorageError) -> CommitError {
    CommitError::Unavailable(error.to_string())
}
