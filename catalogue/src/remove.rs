//! Removing versions and bringing them back: the commit comes first, then the bytes move to the trash.

use std::sync::Arc;

use bytes::Bytes;
use storage::{Key, StorageError};

use crate::change::StoredFile;
use crate::engine::Committed;
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::{Proposal, Trashed};
use crate::{Change, RepositoryPath, layout};

impl Replica {
    /// Removes a version, or all of a chart. Returns how many.
    pub async fn remove(
        &self,
        repository: &RepositoryPath,
        name: &str,
        version: Option<&str>,
    ) -> Result<usize, CommitError> {
        let (path, name, version) = (repository.clone(), name.to_owned(), version.map(str::to_owned));
        let committed = self.propose(Proposal::Remove { repository: path, name, version }).await?;
        let removed = |change: &&Change| matches!(change, Change::PackageRemoved { .. });
        let count = committed.accepted.changes.iter().filter(removed).count();
        self.move_removed(repository, &committed).await;
        Ok(count)
    }

    /// Moves what an entry removed into the trash.
    pub(crate) async fn move_removed(&self, repository: &RepositoryPath, committed: &Committed) {
        let removed = |change: &Change| matches!(change, Change::PackageRemoved { .. });
        if !committed.accepted.changes.iter().any(removed) {
            return;
        }
        let view = self.view();
        let trash = view.state.repository(repository).map(|repository| repository.trash.clone()).unwrap_or_default();
        for trashed in trash.values().filter(|trashed| trashed.removed_at == committed.sequence) {
            // gone for every reader already: what a failure leaves here is finished by the reconcile
            if let Err(error) = self.move_to_trash(repository, trashed).await {
                tracing::warn!(file = %trashed.version.file, %error, "a removed package is not in the trash yet");
            }
        }
    }

    /// Brings the newest removal of this name and version back.
    pub async fn restore(&self, repository: &RepositoryPath, name: &str, version: &str) -> Result<(), CommitError> {
        self.writable()?;
        let view = self.current().await?;
        let since = self.now();
        let found = view.state.repository(repository).and_then(|repository| {
            let is_it = |trashed: &&Arc<Trashed>| {
                trashed.version.name.as_str() == name && trashed.version.version.as_str() == version
            };
            repository.trash.values().filter(is_it).max_by_key(|trashed| trashed.removed_at).cloned()
        });
        let trashed = found.ok_or(CommitError::NotFound)?;
        // what is still in its own place would lie there for ever: the restored version has another one
        let moved = self.move_to_trash(repository, &trashed).await;
        moved.map_err(|error| CommitError::Unavailable(error.to_string()))?;
        let file = trashed.version.file.to_string();
        let package = self.copy_from_trash(repository, &trashed, &trashed.version.package, &file).await?;
        let provenance = match &trashed.provenance {
            None => None,
            Some(provenance) => {
                let file = format!("{file}{}", layout::PROVENANCE_SUFFIX);
                match self.copy_from_trash(repository, &trashed, &provenance.stored, &file).await {
                    Ok(stored) => Some(stored),
                    Err(CommitError::NotFound) => {
                        tracing::warn!(file, "a provenance is gone: its package is restored without it");
                        None
                    }
                    Err(error) => return Err(error),
                }
            }
        };
        let removed_at = trashed.removed_at;
        let proposal = Proposal::Restore { repository: repository.clone(), file, removed_at, package, provenance };
        self.propose_since(proposal, since).await?;
        Ok(())
    }

    /// Moves the flat files of a removed version into the trash; what lies below `objects/` waits where it is.
    pub(crate) async fn move_to_trash(
        &self,
        repository: &RepositoryPath,
        trashed: &Trashed,
    ) -> Result<(), StorageError> {
        let file = trashed.version.file.to_string();
        self.move_file(repository, trashed.removed_at, &trashed.version.package, &file).await?;
        if let Some(provenance) = &trashed.provenance {
            let file = format!("{file}{}", layout::PROVENANCE_SUFFIX);
            self.move_file(repository, trashed.removed_at, &provenance.stored, &file).await?;
        }
        Ok(())
    }

    async fn move_file(
        &self,
        repository: &RepositoryPath,
        removed_at: u64,
        file: &StoredFile,
        name: &str,
    ) -> Result<(), StorageError> {
        if !layout::is_flat(&file.key) {
            return Ok(());
        }
        let object = match self.store.get(&file.key, None).await {
            Ok(object) => object,
            Err(StorageError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error),
        };
        if chart::Digest::of(&object.bytes) != file.digest {
            // somebody put another file there since: it is not ours to move
            return Ok(());
        }
        let Ok(key) = layout::trash(removed_at, repository, name) else {
            return Ok(()); // too long a name for the trash: it waits where it is
        };
        match self.store.create(&key, object.bytes).await {
            Ok(()) => {}
            // by another replica, or before a crash; believed when it is seen
            Err(StorageError::AlreadyExists(_)) => {
                if chart::Digest::of(&self.store.get(&key, None).await?.bytes) != file.digest {
                    return Err(StorageError::Corrupt(format!("{key} is not what was removed")));
                }
            }
            Err(error) => return Err(error),
        }
        self.store.delete(&file.key).await
    }

    async fn copy_from_trash(
        &self,
        repository: &RepositoryPath,
        trashed: &Trashed,
        file: &StoredFile,
        name: &str,
    ) -> Result<StoredFile, CommitError> {
        let in_trash = layout::trash(trashed.removed_at, repository, name).ok();
        // in the trash, or not yet, or just now
        for key in in_trash.iter().chain([&file.key]).chain(&in_trash) {
            if let Some(bytes) = self.read_whole(key, file).await? {
                return self.put_fresh(name, &bytes, file.digest).await;
            }
        }
        Err(CommitError::NotFound)
    }

    async fn read_whole(&self, key: &Key, file: &StoredFile) -> Result<Option<Bytes>, CommitError> {
        match self.store.get(key, None).await {
            Ok(object) => Ok(Some(object.bytes).filter(|bytes| chart::Digest::of(bytes) == file.digest)),
            Err(StorageError::NotFound(_)) => Ok(None),
            Err(error) => Err(CommitError::Unavailable(error.to_string())),
        }
    }
}
