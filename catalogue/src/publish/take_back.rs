//! Taking back what was written for an upload that was refused.

use chart::Digest;

use crate::change::{PackagePublished, StoredFile};
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::{Proposal, Publication};
use crate::{RepositoryPath, layout};

impl Replica {
    /// Removes everything that was written for a publication that was refused.
    pub(super) async fn take_all_back(&self, publication: &Publication) -> Result<(), CommitError> {
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
    pub(super) async fn take_back(
        &self,
        repository: &RepositoryPath,
        file: &str,
        stored: &StoredFile,
    ) -> Result<(), CommitError> {
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
