//! Whether a proposal may happen, judged against the state that it would follow.

use std::sync::Arc;

use chart::Digest;
use storage::Key;

use super::proposal::{Accepted, Proposal, Refusal};
use super::publication::Conflict;
use super::{FileFacts, Repository, State, Trashed, Version};
use crate::change::{PackagePublished, ProvenanceFile, StoredFile};
use crate::{Change, RepositoryPath, layout};

impl From<Change> for Accepted {
    fn from(change: Change) -> Self {
        Self { changes: vec![change], replaced: false }
    }
}

impl State {
    /// What the proposal becomes if it follows this state.
    ///
    /// # Errors
    /// The [`Refusal`] that the proposer is to be told.
    pub fn check(&self, proposal: &Proposal) -> Result<Accepted, Refusal> {
        match proposal {
            Proposal::Publish(publication) => self.check_publication(publication),
            Proposal::Adopt { published, replaces } => self.check_adopt(published, replaces.as_ref()),
            Proposal::AdoptProvenance { repository, file, provenance } => {
                self.check_provenance(repository, file, provenance, false)
            }
            Proposal::RefuseFile { repository, file, key, digest } => self.check_refuse(repository, file, key, *digest),
            Proposal::Remove { repository, name, version } => self.check_remove(repository, name, version.as_deref()),
            Proposal::Restore { repository, file, removed_at, package, provenance } => {
                self.check_restore(repository, file, *removed_at, package, provenance.as_ref())
            }
            Proposal::Repair { repository, file, from, to } => self.check_repair(repository, file, from, to),
            Proposal::RepairContent { digest, from, to } => self.check_repair_content(*digest, from, to.as_ref()),
            Proposal::Missing { repository, file, key } => {
                let version = self.repository(repository).and_then(|r| r.version_of_file(file));
                match version {
                    Some(version) if &version.package.key == key => {
                        Ok(Change::PackageMissing { repository: repository.clone(), file: file.clone() }.into())
                    }
                    _ => Err(Refusal::NotFound),
                }
            }
            Proposal::Found { repository, file } => self.check_found(repository, file),
            Proposal::Unreadable { repository, file, reason, traces } => Ok(Change::FileUnreadable {
                repository: repository.clone(),
                file: file.clone(),
                reason: reason.clone(),
                traces: traces.clone(),
            }
            .into()),
            Proposal::EmptyTrash { repository, file, removed_at } => {
                self.trashed(repository, file, *removed_at).ok_or(Refusal::NotFound)?;
                let (repository, file) = (repository.clone(), file.clone());
                Ok(Change::TrashEmptied { repository, file, removed_at: *removed_at }.into())
            }
            Proposal::DropReplaced { repository, file, package } => {
                let facts = self.facts(repository, file).ok_or(Refusal::NotFound)?;
                let oldest = facts.replaced.iter().find(|old| old.package.digest == package.digest);
                if oldest.is_none_or(|oldest| oldest.package != *package) {
                    return Err(Refusal::NotFound);
                }
                let (repository, file) = (repository.clone(), file.clone());
                Ok(Change::ReplacedDropped { repository, file, digest: package.digest }.into())
            }
            Proposal::Discard { key } => {
                if self.is_referenced(key) || self.discarded.contains_key(key) {
                    return Err(Refusal::InUse);
                }
                Ok(Change::ObjectDiscarded { key: key.clone() }.into())
            }
            Proposal::PutBlob { name, digest, object } => self.check_put_blob(name, *digest, object),
            Proposal::LinkBlob { name, digest, from } => self.check_link_blob(name, *digest, from),
            Proposal::UnlinkBlob { name, digest } => self.check_unlink_blob(name, *digest),
            Proposal::PutManifest(put) => self.check_put_manifest(put),
            Proposal::DeleteManifest { name, reference } => self.check_delete_manifest(name, reference),
            Proposal::LetGo { name, digest, is_manifest } => self.check_let_go(name, *digest, *is_manifest),
            Proposal::FinishAdoption if self.adopted => Ok(Accepted::default()),
            Proposal::FinishAdoption => Ok(Change::AdoptionFinished.into()),
            Proposal::RaiseLevel { level } if *level <= self.level => Ok(Accepted::default()),
            Proposal::RaiseLevel { level } => Ok(Change::LevelRaised { level: *level }.into()),
        }
    }

    fn check_adopt(&self, published: &PackagePublished, replaces: Option<&Key>) -> Result<Accepted, Refusal> {
        // taken in by another replica since the file was read, and perhaps removed: it never returns by itself
        let known = |facts: &Arc<FileFacts>| facts.digests.contains(&published.package.digest);
        if self.facts(&published.repository, &published.file).is_some_and(known) {
            return Err(Refusal::PlaceUsed);
        }
        match (self.existing(published).map(|existing| &existing.package.key), replaces) {
            (existing, replaces) if existing == replaces => {}
            (Some(_), _) => return Err(Refusal::Exists),
            (None, _) => return Err(Refusal::NotFound),
        }
        self.check_places(published)?;
        Ok(Accepted {
            changes: vec![Change::PackagePublished(Box::new(published.clone()))],
            replaced: replaces.is_some(),
        })
    }

    /// A package that another replica has taken in meanwhile was published, whatever became of it since. A provenance
    /// that was taken in on its own can be struck off.
    fn check_refuse(
        &self,
        repository: &RepositoryPath,
        file: &str,
        key: &Key,
        digest: Digest,
    ) -> Result<Accepted, Refusal> {
        let package = file.strip_suffix(layout::PROVENANCE_SUFFIX);
        let facts = self.facts(repository, package.unwrap_or(file));
        let taken_in = match package {
            None => facts.is_some_and(|facts| facts.flat_used && facts.digests.contains(&digest)),
            Some(_) => self.repository(repository).is_some_and(|repository| repository.removed_provenance(key, digest)),
        };
        if taken_in {
            return Err(Refusal::InUse);
        }
        Ok(Change::FileRefused { repository: repository.clone(), file: file.to_owned(), digest }.into())
    }

    fn check_found(&self, repository: &RepositoryPath, file: &str) -> Result<Accepted, Refusal> {
        let facts = self.facts(repository, file).ok_or(Refusal::NotFound)?;
        match &facts.missing {
            Some(missing) if self.version_exists(repository, missing.name.as_str(), missing.version.as_str()) => {
                return Err(Refusal::Exists);
            }
            None if facts.unreadable.is_none() => return Err(Refusal::NotFound),
            _ => {}
        }
        Ok(Change::PackageFound { repository: repository.clone(), file: file.to_owned() }.into())
    }

    fn check_remove(
        &self,
        repository: &RepositoryPath,
        name: &str,
        version: Option<&str>,
    ) -> Result<Accepted, Refusal> {
        let chart = self.repository(repository).and_then(|r| r.chart(name)).ok_or(Refusal::NotFound)?;
        let chosen = |text: &str| version.is_none_or(|version| version == text);
        let chosen = chart.versions.iter().filter(|found| chosen(found.version.as_str()));
        let changes = chosen.map(|found| self.removal(repository, found)).collect::<Result<Vec<_>, _>>()?;
        if changes.is_empty() { Err(Refusal::NotFound) } else { Ok(Accepted { changes, replaced: false }) }
    }

    /// The change that removes a version. The trash knows a removal by its file and its entry, so an entry removes a file
    /// once.
    pub(super) fn removal(&self, repository: &RepositoryPath, version: &Version) -> Result<Change, Refusal> {
        if self.trashed(repository, &version.file, self.sequence).is_some() {
            return Err(Refusal::BeingRemoved);
        }
        let (name, version) = (version.name.clone(), version.version.clone());
        Ok(Change::PackageRemoved { repository: repository.clone(), name, version })
    }

    fn check_restore(
        &self,
        repository: &RepositoryPath,
        file: &str,
        removed_at: u64,
        package: &StoredFile,
        provenance: Option<&StoredFile>,
    ) -> Result<Accepted, Refusal> {
        let trashed = self.trashed(repository, file, removed_at).ok_or(Refusal::NotFound)?;
        let vouches = trashed.provenance.as_ref().and_then(|provenance| provenance.vouches);
        let version = &trashed.version;
        let metadata = serde_json::value::RawValue::from_string(version.metadata.to_string());
        let published = PackagePublished {
            repository: repository.clone(),
            name: version.name.clone(),
            version: version.version.clone(),
            file: file.to_owned(),
            package: package.clone(),
            traces: None,
            metadata: metadata.map_err(|_| Refusal::NotFound)?,
            created: Some(version.created),
            provenance: provenance.map(|stored| ProvenanceFile { stored: stored.clone(), vouches }),
        };
        // a provenance that was uploaded since the removal signs what is no longer there
        let mut accepted = self.check_package(&published, Conflict::OfVersions)?;
        let (repository, file) = (repository.clone(), file.to_owned());
        accepted.changes.push(Change::TrashEmptied { repository, file, removed_at });
        Ok(accepted)
    }

    pub(super) fn facts(&self, repository: &RepositoryPath, file: &str) -> Option<&Arc<FileFacts>> {
        self.repository(repository)?.file(file)
    }

    fn version_exists(&self, repository: &RepositoryPath, name: &str, version: &str) -> bool {
        self.repository(repository).and_then(|r| r.version(name, version)).is_some()
    }

    fn trashed(&self, repository: &RepositoryPath, file: &str, removed_at: u64) -> Option<&Arc<Trashed>> {
        self.repository(repository).and_then(|r: &Arc<Repository>| r.trash.get(&(Arc::from(file), removed_at)))
    }
}
