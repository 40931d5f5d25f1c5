//! Writing the files of an upload, each under a key that nothing else ever had.

use bytes::Bytes;
use chart::{Digest, Package};
use storage::{Key, StorageError};

use super::{stored, too_long, unavailable};
use crate::blocking::blocking;
use crate::change::{ProvenanceFile, StoredFile, Traces};
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::{FileFacts, Publication};
use crate::upload::{SignedText, Sorted};
use crate::{RepositoryPath, layout};

/// Where a file may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    /// ChartMuseum's own place for it, if that is free.
    Flat,
    /// One that was never used before.
    Fresh,
}

impl Replica {
    /// Writes every file and notes where. A provenance goes before its package: a crash in between leaves a package with
    /// it, or none.
    pub(super) async fn write(
        &self,
        upload: &Sorted,
        publication: &mut Publication,
        place: Place,
    ) -> Result<(), CommitError> {
        let Publication { repository, packages, provenances, terms } = publication;
        for ((package, signed), published) in upload.packages.iter().zip(packages) {
            let place = if self.view().keeps_off(repository, package) { Place::Fresh } else { place };
            published.provenance = match signed {
                Some(signed) => Some(self.write_provenance(repository, signed, place).await?),
                None => None,
            };
            match self.write_package(repository, package, place, terms.overwrite).await {
                Ok((stored, traces)) => (published.package, published.traces) = (stored, traces),
                Err(error @ CommitError::Exists) => {
                    if let Some(provenance) = &published.provenance {
                        let name = format!("{}{}", published.file, layout::PROVENANCE_SUFFIX);
                        self.take_back(repository, &name, &provenance.stored).await?;
                    }
                    return Err(error);
                }
                Err(error) => return Err(error),
            }
        }
        for (signed, (_, provenance)) in upload.provenances.iter().zip(provenances) {
            *provenance = self.write_provenance(repository, signed, place).await?;
        }
        Ok(())
    }

    async fn write_package(
        &self,
        repository: &RepositoryPath,
        package: &Package,
        place: Place,
        overwrite: bool,
    ) -> Result<(StoredFile, Option<Traces>), CommitError> {
        let file = package.file_name();
        let bytes = package.bytes();
        if place == Place::Flat {
            let key = layout::flat(repository, &file).map_err(too_long)?;
            match self.store.put_new(&key, bytes.clone()).await {
                Ok(meta) => {
                    let traces = Traces { size: meta.size, modified: meta.modified, etag: meta.etag };
                    return Ok((stored(key, package.digest(), bytes), Some(traces)));
                }
                Err(StorageError::AlreadyExists(_)) => {
                    if !overwrite && !self.is_no_version(&key, repository, package).await? {
                        return Err(CommitError::Exists);
                    }
                }
                Err(error) => return Err(unavailable(&error)),
            }
        }
        Ok((self.put_fresh(&file, bytes, package.digest()).await?, None))
    }

    /// What lies in the flat place is not a version, and will not become one by itself.
    async fn is_no_version(
        &self,
        key: &Key,
        repository: &RepositoryPath,
        package: &Package,
    ) -> Result<bool, CommitError> {
        let view = self.current().await?;
        if view.has(repository, package) {
            return Ok(false);
        }
        let file = package.file_name();
        let facts = view.facts(repository, &file);
        if facts.is_some_and(FileFacts::keeps_off) {
            return Ok(true);
        }
        match self.store.get(key, None).await {
            // bytes that the file name had before are never a new version
            Ok(object) if facts.is_some_and(|facts| facts.digests.contains(&Digest::of(&object.bytes))) => Ok(true),
            // another upload's, or a person's: a reconcile takes it in if nobody commits it
            Ok(object) if object.bytes == *package.bytes() => Ok(false),
            Ok(object) => {
                let limits = self.options.limits.clone();
                let parsed = blocking(move || Package::parse(object.bytes, &limits).is_err()).await;
                parsed.map_err(|error| CommitError::Unavailable(error.to_string()))
            }
            Err(error) => Err(unavailable(&error)),
        }
    }

    pub(super) async fn write_provenance(
        &self,
        repository: &RepositoryPath,
        signed: &SignedText,
        place: Place,
    ) -> Result<ProvenanceFile, CommitError> {
        let SignedText { file, vouches, bytes } = signed;
        let digest = Digest::of(bytes);
        let view = self.view();
        let used = view.facts(repository, file).is_some_and(|facts| facts.flat_provenance_used);
        if place == Place::Flat && !used {
            let key = layout::flat_provenance(repository, file).map_err(too_long)?;
            match self.store.create(&key, bytes.clone()).await {
                Ok(()) => return Ok(ProvenanceFile { stored: stored(key, digest, bytes), vouches: *vouches }),
                Err(StorageError::AlreadyExists(_)) => {}
                Err(error) => return Err(unavailable(&error)),
            }
        }
        let name = format!("{file}{}", layout::PROVENANCE_SUFFIX);
        Ok(ProvenanceFile { stored: self.put_fresh(&name, bytes, digest).await?, vouches: *vouches })
    }

    /// Writes bytes where nothing ever was.
    pub(crate) async fn put_fresh(&self, file: &str, bytes: &Bytes, digest: Digest) -> Result<StoredFile, CommitError> {
        let key = layout::fresh_object((self.options.new_id)(), file).map_err(too_long)?;
        self.store.create(&key, bytes.clone()).await.map_err(|error| unavailable(&error))?;
        Ok(stored(key, digest, bytes))
    }
}

impl FileFacts {
    /// The flat place is not free for a new package.
    pub(super) fn keeps_off(&self) -> bool {
        self.flat_used || self.unreadable.is_some() || self.missing.is_some()
    }
}
