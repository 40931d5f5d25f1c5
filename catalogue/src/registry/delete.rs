//! Deleting manifests, tags, and the versions that either stand for.

use chart::oci::{Reference, RegistryName};

use super::RegistryError;
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{Change, RepositoryPath};

impl Replica {
    /// See [`crate::Catalogue::delete_manifest`].
    pub async fn delete_manifest(&self, name: &RegistryName, reference: &Reference) -> Result<(), RegistryError> {
        let proposal = Proposal::DeleteManifest { name: name.clone(), reference: reference.clone() };
        let committed = self.propose(proposal).await?;
        let removed: Option<&RepositoryPath> = committed.accepted.changes.iter().find_map(|change| match change {
            Change::PackageRemoved { repository, .. } => Some(repository),
            _ => None,
        });
        if let Some(repository) = removed {
            self.move_removed(repository, &committed).await;
        }
        Ok(())
    }
}
