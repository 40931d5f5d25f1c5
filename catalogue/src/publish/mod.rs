//! Publishing packages and provenances: first the bytes, under keys that nothing else ever had, then the commit.

mod take_back;
mod write;

use bytes::Bytes;
use chart::{Digest, Package};
use jiff::Timestamp;
use serde_json::value::RawValue;
use storage::{Key, KeyError, StorageError};
use uuid::Uuid;

use crate::change::{PackagePublished, ProvenanceFile, StoredFile};
use crate::engine::{Committed, ProposeError};
use crate::outcome::{CommitError, PublishOutcome};
use crate::replica::Replica;
use crate::state::{FileFacts, Proposal, Publication, Refusal};
use crate::upload::{SignedText, Sorted};
use crate::{RepositoryPath, Terms, View, layout};

use write::Place;

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
