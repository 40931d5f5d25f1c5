//! Publishing a package or a provenance: first the bytes, under a key that nothing else ever had, then the commit.

use bytes::Bytes;
use chart::{Digest, Package, Provenance};
use serde_json::value::RawValue;
use storage::{Key, StorageError};

use crate::blocking::blocking;
use crate::change::{PackagePublished, ProvenanceFile, StoredFile, Traces};
use crate::engine::ProposeError;
use crate::outcome::{CommitError, PublishOutcome};
use crate::replica::Replica;
use crate::state::{FileFacts, Proposal, Refusal};
use crate::{RepositoryPath, View, layout};

/// A provenance on its way into the storage.
#[derive(Debug, Clone)]
pub(crate) struct SignedText {
    /// The package's file name that it signs.
    pub file: String,
    /// The package digest that it vouches for.
    pub vouches: Option<Digest>,
    /// Its bytes.
    pub bytes: Bytes,
}

impl SignedText {
    pub fn new(provenance: &Provenance, bytes: Bytes) -> Self {
        Self { file: provenance.package_file_name(), vouches: provenance.digest(), bytes }
    }
}

/// Where a file may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// ChartMuseum's own place for it, if that is free.
    Flat,
    /// One that was never used before.
    Fresh,
}

/// A file that was written for a proposal.
struct Written {
    stored: StoredFile,
    traces: Option<Traces>,
}

impl Replica {
    /// See [`crate::Catalogue::publish`].
    pub async fn publish(
        &self,
        repository: &RepositoryPath,
        package: &Package,
        provenance: Option<SignedText>,
        overwrite: bool,
    ) -> Result<PublishOutcome, CommitError> {
        self.writable()?;
        if self.view().has(repository, package) {
            // a version removed elsewhere a moment ago is no reason to refuse
            let view = self.current().await?;
            if view.has(repository, package) && !overwrite {
                return Err(CommitError::Exists);
            }
            if provenance.is_none() && view.has_bytes(repository, package) {
                return Ok(PublishOutcome::Replaced);
            }
        }
        let since = self.now();
        let mut place = Place::Flat;
        loop {
            let written = self.write_package(repository, package, place, overwrite, provenance.as_ref()).await?;
            let (package_file, signed) = written;
            let published = Box::new(published(repository, package, &package_file, signed.as_ref())?);
            match self.propose_since(Proposal::Publish { published, overwrite }, since).await {
                Ok(committed) if committed.accepted.replaced => return Ok(PublishOutcome::Replaced),
                Ok(_) => return Ok(PublishOutcome::Created),
                // what was written stays: the commit may have happened
                Err(error @ ProposeError::Unavailable(_)) => return Err(error.into()),
                Err(ProposeError::Refused(refusal)) => {
                    let file = package.file_name();
                    self.take_back(repository, &file, &package_file.stored).await?;
                    if let Some(signed) = &signed {
                        let file = format!("{file}{}", layout::PROVENANCE_SUFFIX);
                        self.take_back(repository, &file, &signed.stored).await?;
                    }
                    if refusal != Refusal::PlaceUsed || place == Place::Fresh {
                        return Err(ProposeError::Refused(refusal).into());
                    }
                    place = Place::Fresh;
                }
            }
        }
    }

    /// See [`crate::Catalogue::publish_provenance`].
    pub async fn publish_provenance(
        &self,
        repository: &RepositoryPath,
        signed: &SignedText,
        overwrite: bool,
    ) -> Result<(), CommitError> {
        self.writable()?;
        let exists = |view: &View| view.facts(repository, &signed.file).is_some_and(|facts| facts.provenance.is_some());
        if !overwrite && exists(&self.view()) && exists(&*self.current().await?) {
            return Err(CommitError::Exists);
        }
        let since = self.now();
        let mut place = Place::Flat;
        loop {
            let provenance = self.write_provenance(repository, signed, place).await?;
            let stored = provenance.stored.clone();
            let (repository, file) = (repository.clone(), signed.file.clone());
            let proposal = Proposal::PublishProvenance {
                repository: repository.clone(),
                file: file.clone(),
                provenance,
                overwrite,
            };
            match self.propose_since(proposal, since).await {
                Ok(_) => return Ok(()),
                Err(error @ ProposeError::Unavailable(_)) => return Err(error.into()),
                Err(ProposeError::Refused(refusal)) => {
                    self.take_back(&repository, &format!("{file}{}", layout::PROVENANCE_SUFFIX), &stored).await?;
                    if refusal != Refusal::PlaceUsed || place == Place::Fresh {
                        return Err(ProposeError::Refused(refusal).into());
                    }
                    place = Place::Fresh;
                }
            }
        }
    }

    /// The provenance goes first: a crash in between leaves a package with it, or none.
    async fn write_package(
        &self,
        repository: &RepositoryPath,
        package: &Package,
        mut place: Place,
        overwrite: bool,
        signed: Option<&SignedText>,
    ) -> Result<(Written, Option<ProvenanceFile>), CommitError> {
        let file = package.file_name();
        let view = self.view();
        if view.facts(repository, &file).is_some_and(FileFacts::keeps_off) || view.has(repository, package) {
            place = Place::Fresh;
        }
        let signed = match signed {
            Some(signed) => Some(self.write_provenance(repository, signed, place).await?),
            None => None,
        };
        let bytes = package.bytes();
        if place == Place::Flat {
            let key = layout::flat(repository, &file).map_err(too_long)?;
            match self.store.put_new(&key, bytes.clone()).await {
                Ok(meta) => {
                    let traces = Some(Traces { size: meta.size, modified: meta.modified, etag: meta.etag });
                    return Ok((Written { stored: stored(key, package.digest(), bytes), traces }, signed));
                }
                Err(StorageError::AlreadyExists(_)) => {
                    let free = overwrite || self.is_no_version(&key, repository, package).await?;
                    if !free {
                        if let Some(signed) = &signed {
                            let name = format!("{file}{}", layout::PROVENANCE_SUFFIX);
                            self.take_back(repository, &name, &signed.stored).await?;
                        }
                        return Err(CommitError::Exists);
                    }
                }
                Err(error) => return Err(unavailable(&error)),
            }
        }
        let stored = self.put_fresh(&file, bytes, package.digest()).await?;
        Ok((Written { stored, traces: None }, signed))
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

    async fn write_provenance(
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
            match self.store.put_new(&key, bytes.clone()).await {
                Ok(_) => return Ok(ProvenanceFile { stored: stored(key, digest, bytes), vouches: *vouches }),
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
        self.store.put_new(&key, bytes.clone()).await.map_err(|error| unavailable(&error))?;
        Ok(stored(key, digest, bytes))
    }

    /// Removes what was written for a proposal that was refused. A flat file is first struck off in the journal, so
    /// that no replica takes it in while it is being deleted.
    ///
    /// # Errors
    /// `Unavailable` if a replica has taken it in, or may do so: then the upload has happened, or may.
    async fn take_back(&self, repository: &RepositoryPath, file: &str, stored: &StoredFile) -> Result<(), CommitError> {
        if layout::is_flat(&stored.key) {
            let (repository, file, key) = (repository.clone(), file.to_owned(), stored.key.clone());
            let proposal = Proposal::RefuseFile { repository, file, key, digest: stored.digest };
            if let Err(error) = self.propose(proposal).await {
                tracing::warn!(key = %stored.key, ?error, "a refused file stays for the reconcile");
                return Err(CommitError::Unavailable("the upload could not be taken back".to_owned()));
            }
            // somebody may have laid another file over it, which is served meanwhile
            let ours = self.store.get(&stored.key, None).await.map(|object| Digest::of(&object.bytes) == stored.digest);
            if !matches!(ours, Ok(true)) {
                tracing::warn!(key = %stored.key, "a refused file is not there any more");
                return Ok(());
            }
        }
        if let Err(error) = self.store.delete(&stored.key).await {
            tracing::warn!(key = %stored.key, %error, "a refused file could not be deleted");
        }
        Ok(())
    }
}

impl View {
    fn facts(&self, repository: &RepositoryPath, file: &str) -> Option<&FileFacts> {
        self.state.repository(repository)?.file(file).map(|facts| &**facts)
    }

    fn has(&self, repository: &RepositoryPath, package: &Package) -> bool {
        self.digest(repository, package).is_some()
    }

    fn has_bytes(&self, repository: &RepositoryPath, package: &Package) -> bool {
        self.digest(repository, package) == Some(package.digest())
    }

    fn digest(&self, repository: &RepositoryPath, package: &Package) -> Option<Digest> {
        let repository = self.state.repository(repository)?;
        let version = repository.version(package.name().as_str(), package.version().as_str())?;
        Some(version.package.digest)
    }
}

impl FileFacts {
    /// The flat place is not free for a new package.
    fn keeps_off(&self) -> bool {
        self.flat_used || self.unreadable.is_some() || self.missing.is_some()
    }
}

fn published(
    repository: &RepositoryPath,
    package: &Package,
    written: &Written,
    signed: Option<&ProvenanceFile>,
) -> Result<PackagePublished, CommitError> {
    let metadata = RawValue::from_string(package.metadata_json()).map_err(|error| CommitError::Name(error.to_string()));
    Ok(PackagePublished {
        repository: repository.clone(),
        name: package.name().clone(),
        version: package.version().clone(),
        file: package.file_name(),
        package: written.stored.clone(),
        traces: written.traces.clone(),
        metadata: metadata?,
        created: None,
        provenance: signed.cloned(),
    })
}

fn stored(key: Key, digest: Digest, bytes: &Bytes) -> StoredFile {
    StoredFile { key, digest, size: bytes.len() as u64 }
}

fn too_long(error: storage::KeyError) -> CommitError {
    CommitError::Name(error.to_string())
}

fn unavailable(error: &StorageError) -> CommitError {
    CommitError::Unavailable(error.to_string())
}
