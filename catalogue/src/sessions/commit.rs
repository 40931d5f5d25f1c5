//! From stored bytes to a blob of a name.

use chart::oci::{ContentDigest, RegistryName};
use jiff::Timestamp;

use super::UploadError;
use crate::change::StoredObject;
use crate::replica::Replica;
use crate::state::{Proposal, REGISTRY_LEVEL, Refusal};
use crate::{RegistryError, View};

impl Replica {
    /// Refuses what could not be committed, before any of it is read.
    pub(super) async fn takes_blobs(&self) -> Result<(), UploadError> {
        self.writable().map_err(RegistryError::from)?;
        let is_too_low = |view: &View| view.state.level < REGISTRY_LEVEL;
        // it may have been raised a moment ago
        if is_too_low(&self.view()) && is_too_low(&*self.current().await.map_err(RegistryError::from)?) {
            return Err(RegistryError::from(Refusal::Level).into());
        }
        Ok(())
    }

    /// Makes a blob of an object that others may be making one of too: it is never deleted here, whatever comes of it.
    pub(super) async fn put_shared_blob(
        &self,
        name: &RegistryName,
        digest: ContentDigest,
        object: StoredObject,
        since: Timestamp,
    ) -> Result<(), UploadError> {
        let proposal = Proposal::PutBlob { name: name.clone(), digest, object };
        self.propose_since(proposal, since).await.map_err(RegistryError::from)?;
        Ok(())
    }
}
