//! Publishing packages and provenances: first the bytes, under keys that nothing else ever had, then the commit.

use bytes::Bytes;
use chart::{Digest, Package};
use jiff::Timestamp;
use serde_json::value::RawValue;
use storage::{Key, KeyError, StorageError};
use uuid::Uuid;

use crate::blocking::blocking;
use crate::change::{PackagePublished, ProvenanceFile, StoredFile, Traces};
use crate::engine::{Committed, ProposeError};
use crate::outcome::{CommitError, PublishOutcome};
use crate::replica::Replica;
use crate::state::{FileFacts, Proposal, Publication, Refusal};
use crate::upload::{SignedText, Sorted};
use crate::{RepositoryPath, Terms, View, layout};

/// Where a file may be written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Place {
    /// ChartMuseum's own place for it, if that is free.
    Flat,
    /// One that was never used before.
    Fresh,
}

/// Why an upload did not happen.
pub(crate) enum Unpublished {
    /// It was refused.
    Refused(Refusal),
    /// It could not be written, or nobody knows.
    Failed(CommitError),
}

impl From<CommitError> for Unpublished {
    fn from(error: CommitError) -> Self {
        Self::Failed(error)
    }
}

impl From<ProposeError> for Unpublished {
    fn from(error: ProposeError) -> Self {
        match error {
            ProposeError::Refused(refusal) => Self::Refused(refusal),
            ProposeError::Unavailable(reason) => Self::Failed(CommitError::Unavailable(reason)),
        }
    }
}

impl From<Unpublished> for CommitError {
    fn from(error: Unpublished) -> Self {
        match error {
            Unpublished::Refused(refusal) => refusal.into(),
            Unpublished::Failed(error) => error,
        }
    }
}

impl Replica {
    /// See [`crate::Catalogue::upload`].
    pub async fn upload(
        &self,
        repository: &RepositoryPath,
        upload: &Sorted,
        terms: Terms,
    ) -> Result<PublishOutcome, CommitError> {
        self.writable()?;
        let mut publication = planned(repository, upload, terms)?;
        let view = self.view();
        let known = upload.packages.iter().any(|(package, _)| view.has(repository, package));
        if known || view.state.check_publication(&publication).is_err() {
            // what was removed elsewhere a moment ago is no reason to refuse
            let view = self.current().await?;
            match view.state.check_publication(&publication) {
                Ok(_) | Err(Refusal::BeingRemoved) => {}
                Err(refusal) => return Err(refusal.into()),
            }
            if let ([(package, None)], []) = (&*upload.packages, &*upload.provenances)
                && view.has_bytes(repository, package)
            {
                return Ok(PublishOutcome::Replaced);
            }
        }
        let propose = |publication: &Publication| Proposal::Publish(Box::new(publication.clone()));
        let committed = self.write_and_propose(upload, &mut publication, self.now(), propose).await?;
        self.move_removed(repository, &committed).await;
        let replaced = committed.accepted.replaced;
        Ok(if replaced { PublishOutcome::Replaced } else { PublishOutcome::Created })
    }

    /// Publishes an upload as a part of what `propose` makes of it. What was stored for it before was after `since`.
    pub(crate) async fn publish_as(
        &self,
        repository: &RepositoryPath,
        upload: &Sorted,
        terms: Terms,
        since: Timestamp,
        propose: impl FnMut(&Publication) -> Proposal + Send,
    ) -> Result<Committed, Unpublished> {
        let mut publication = planned(repository, upload, terms)?;
        let committed = self.write_and_propose(upload, &mut publication, since, propose).await?;
        // another one may have published the same package meanwhile
        let view = self.view();
        for published in &publication.packages {
            let signed = published.provenance.as_ref().map(|provenance| {
                let name = format!("{}{}", published.file, layout::PROVENANCE_SUFFIX);
                (name, &provenance.stored)
            });
            let package = (published.file.clone(), &published.package);
            for (file, stored) in signed.into_iter().chain([package]) {
                if !view.state.is_referenced(&stored.key)
                    && let Err(error) = self.take_back(repository, &file, stored).await
                {
                    tracing::warn!(key = %stored.key, %error, "a file that nobody needs stays for the reconcile");
                }
            }
        }
        Ok(committed)
    }

    /// A provenance for a version that exists, in a place of its own.
    pub(crate) async fn write_late(
        &self,
        repository: &RepositoryPath,
        signed: &SignedText,
    ) -> Result<ProvenanceFile, CommitError> {
        self.write_provenance(repository, signed, Place::Fresh).await
    }

    /// Writes the files and proposes them; again in fresh places if one of theirs was used before.
    async fn write_and_propose(
        &self,
        upload: &Sorted,
        publication: &mut Publication,
        since: Timestamp,
        mut propose: impl FnMut(&Publication) -> Proposal + Send,
    ) -> Result<Committed, Unpublished> {
        // of several files a reconcile could take in some, if the commit that makes them one never came
        let mut place = if upload.is_one_unit() { Place::Flat } else { Place::Fresh };
        loop {
            self.write(upload, publication, place).await?;
            match self.propose_since(propose(publication), since).await {
                Ok(committed) => return Ok(committed),
                // what was written stays: the commit may have happened
                Err(error @ ProposeError::Unavailable(_)) => return Err(error.into()),
                Err(ProposeError::Refused(refusal)) => {
                    self.take_all_back(publication).await?;
                    if refusal != Refusal::PlaceUsed || place == Place::Fresh {
                        return Err(Unpublished::Refused(refusal));
                    }
                    place = Place::Fresh;
                }
            }
        }
    }

    /// Writes every file and notes where. A provenance goes before its package: a crash in between leaves a package with
    /// it, or none.
    async fn write(&self, upload: &Sorted, publication: &mut Publication, place: Place) -> Result<(), CommitError> {
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

    /// Removes everything that was written for a publication that was refused.
    async fn take_all_back(&self, publication: &Publication) -> Result<(), CommitError> {
        let Publication { repository, packages, provenances, .. } = publication;
        let signed = packages.iter().filter_map(|package| Some((&package.file, package.provenance.as_ref()?)));
        let signed = signed.chain(provenances.iter().map(|(file, provenance)| (file, provenance)));
        for PackagePublished { file, package, .. } in packages {
            self.take_back(repository, file, package).await?;
        }
        for (file, provenance) in signed {
            let name = format!("{file}{}", layout::PROVENANCE_SUFFIX);
            self.take_back(repository, &name, &provenance.stored).await?;
        }
        Ok(())
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

    /// The flat place is not free for the package.
    fn keeps_off(&self, repository: &RepositoryPath, package: &Package) -> bool {
        let facts = self.facts(repository, &package.file_name());
        facts.is_some_and(FileFacts::keeps_off) || self.has(repository, package)
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

/// What the upload would make exist, before any of it has a place.
fn planned(repository: &RepositoryPath, upload: &Sorted, terms: Terms) -> Result<Publication, CommitError> {
    let mut packages = Vec::with_capacity(upload.packages.len());
    for (package, signed) in &upload.packages {
        let file = package.file_name();
        let metadata = RawValue::from_string(package.metadata_json());
        packages.push(PackagePublished {
            repository: repository.clone(),
            name: package.name().clone(),
            version: package.version().clone(),
            package: nowhere(&file, package.digest(), package.bytes())?,
            file,
            traces: None,
            metadata: metadata.map_err(|error| CommitError::Name(error.to_string()))?,
            created: None,
            provenance: signed.as_ref().map(unwritten).transpose()?,
        });
    }
    let provenances = upload.provenances.iter().map(|signed| Ok((signed.file.clone(), unwritten(signed)?)));
    let provenances = provenances.collect::<Result<_, CommitError>>()?;
    Ok(Publication { repository: repository.clone(), packages, provenances, terms })
}

fn unwritten(signed: &SignedText) -> Result<ProvenanceFile, CommitError> {
    let name = format!("{}{}", signed.file, layout::PROVENANCE_SUFFIX);
    let stored = nowhere(&name, Digest::of(&signed.bytes), &signed.bytes)?;
    Ok(ProvenanceFile { stored, vouches: signed.vouches })
}

/// A file that has no place yet: no object has this key.
fn nowhere(file: &str, digest: Digest, bytes: &Bytes) -> Result<StoredFile, CommitError> {
    Ok(stored(layout::fresh_object(Uuid::nil(), file).map_err(too_long)?, digest, bytes))
}

fn stored(key: Key, digest: Digest, bytes: &Bytes) -> StoredFile {
    StoredFile { key, digest, size: bytes.len() as u64 }
}

fn too_long(error: KeyError) -> CommitError {
    CommitError::Name(error.to_string())
}

fn unavailable(error: &StorageError) -> CommitError {
    CommitError::Unavailable(error.to_string())
}
