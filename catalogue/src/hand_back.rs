//! Going back to ChartMuseum: what it would serve from the storage becomes what the catalogue serves.
//!
//! ChartMuseum knows flat files only. So the current bytes of overwritten and re-published versions are written to their
//! flat places, and what must not be served any more leaves them. Nothing is lost by that: whatever lay in such a place is
//! first copied aside, named by its digest.
//!
//! Every step can be done again, so a crash costs nothing but another run.

use bytes::Bytes;
use chart::Digest;
use storage::{Key, StorageError};

use crate::change::StoredFile;
use crate::engine::ProposeError;
use crate::outcome::CommitError;
use crate::reconcile::{CACHED_INDEX, Scan};
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{RepositoryPath, layout};

/// What handing back did. Places are keys in the storage.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct HandBackReport {
    /// Packages and provenances that ChartMuseum now finds.
    pub files: usize,
    /// Those of them that had to be written.
    pub written: Vec<Key>,
    /// What lay in a place and must not be served, and where it is now.
    pub displaced: Vec<(Key, Key)>,
    /// Cached indexes that were deleted: ChartMuseum would believe them.
    pub indexes: Vec<Key>,
    /// Files that could not be handed back, and why.
    pub failed: Vec<(String, String)>,
}

impl Replica {
    /// See [`crate::Catalogue::hand_back`].
    pub async fn hand_back(&self) -> Result<HandBackReport, CommitError> {
        // what hands did is taken in, and what crashes left is finished
        let reconciled = self.reconcile(false).await?;
        if let Some(reason) = reconciled.looks_wiped {
            return Err(CommitError::Unavailable(reason));
        }
        self.drop_replaced().await?;
        let state = self.current().await?.state.clone();
        let scan = Scan::of(&*self.store).await.map_err(unavailable)?;
        let mut report = HandBackReport::default();
        for (path, repository) in &state.repositories {
            for (file, facts) in &repository.files {
                let package = repository.version_of_file(file).map(|version| &version.package);
                let is_stale = |digest| facts.digests.contains(&digest) && facts.missing.is_none();
                self.hand_back_file(path, file, package, &scan, is_stale, &mut report).await?;
                let name = format!("{file}{}", layout::PROVENANCE_SUFFIX);
                let provenance = facts.provenance.as_ref().map(|provenance| &provenance.stored);
                let is_stale = |_| facts.flat_provenance_used;
                self.hand_back_file(path, &name, provenance, &scan, is_stale, &mut report).await?;
            }
        }
        for path in &scan.cached_indexes {
            if let Ok(key) = layout::flat(path, CACHED_INDEX) {
                self.store.delete(&key).await.map_err(unavailable)?;
                report.indexes.push(key);
            }
        }
        self.note_handed_back(&state, &report).await?;
        let after = self.current().await?.state.sequence;
        if after != state.sequence {
            let reason = "somebody else changed the catalogue meanwhile: stop every replica, and run this again";
            return Err(CommitError::Unavailable(reason.to_owned()));
        }
        Ok(report)
    }

    /// Replaced packages in flat places make way, so the catalogue lets them go: their digests are then answered "not
    /// found", never with other bytes.
    async fn drop_replaced(&self) -> Result<(), CommitError> {
        let state = self.current().await?.state.clone();
        for (path, repository) in &state.repositories {
            for (file, facts) in &repository.files {
                for old in facts.replaced.iter().filter(|old| layout::is_flat(&old.package.key)) {
                    let (repository, file, package) = (path.clone(), file.to_string(), old.package.clone());
                    match self.propose(Proposal::DropReplaced { repository, file, package }).await {
                        Ok(_) | Err(ProposeError::Refused(_)) => {}
                        Err(error) => return Err(error.into()),
                    }
                }
            }
        }
        Ok(())
    }

    /// Makes the flat place of a file hold what the catalogue has under its name: these bytes, or nothing.
    async fn hand_back_file(
        &self,
        repository: &RepositoryPath,
        name: &str,
        wanted: Option<&StoredFile>,
        scan: &Scan,
        is_stale: impl Fn(Digest) -> bool,
        report: &mut HandBackReport,
    ) -> Result<(), CommitError> {
        let Ok(key) = layout::flat(repository, name) else {
            report.failed.extend(wanted.map(|_| (name.to_owned(), "its name is too long".to_owned())));
            return Ok(());
        };
        let found = if wanted.is_some() || scan.has(repository, name) { self.read(&key).await? } else { None };
        let digest = found.as_ref().map(|bytes| Digest::of(bytes));
        match wanted {
            Some(wanted) if digest == Some(wanted.digest) => report.files += 1,
            Some(wanted) => match self.load(&wanted.into()).await {
                Ok(bytes) => {
                    if let (Some(found), Some(digest)) = (found, digest) {
                        self.displace(&key, found, digest, report).await?;
                    }
                    self.store.put(&key, bytes).await.map_err(unavailable)?;
                    report.files += 1;
                    report.written.push(key);
                }
                Err(error) => report.failed.push((key.to_string(), error.to_string())),
            },
            None => {
                // what nobody ever published or removed is none of our business
                if let (Some(found), Some(digest)) = (found, digest.filter(|digest| is_stale(*digest))) {
                    self.displace(&key, found, digest, report).await?;
                    self.store.delete(&key).await.map_err(unavailable)?;
                }
            }
        }
        Ok(())
    }

    /// Keeps what is about to leave its place.
    async fn displace(
        &self,
        key: &Key,
        bytes: Bytes,
        digest: Digest,
        report: &mut HandBackReport,
    ) -> Result<(), CommitError> {
        let aside = layout::displaced(&digest, key.file_name());
        let aside = aside.map_err(|error| CommitError::Name(error.to_string()))?;
        match self.store.create(&aside, bytes).await {
            // named by its content: whoever was first wrote the same
            Ok(()) | Err(StorageError::AlreadyExists(_)) => {}
            Err(error) => return Err(unavailable(error)),
        }
        report.displaced.push((key.clone(), aside));
        Ok(())
    }

    async fn read(&self, key: &Key) -> Result<Option<Bytes>, CommitError> {
        match self.store.get(key, None).await {
            Ok(object) => Ok(Some(object.bytes)),
            Err(StorageError::NotFound(_)) => Ok(None),
            Err(error) => Err(unavailable(error)),
        }
    }
}

fn unavailable(error: StorageError) -> CommitError {
    CommitError::Unavailable(error.to_string())
}
