//! Giving a name a blob, and taking it away.

use bytes::Bytes;
use chart::oci::{ContentDigest, RegistryName};
use jiff::Timestamp;

use super::RegistryError;
use crate::blocking::blocking;
use crate::change::StoredObject;
use crate::engine::ProposeError;
use crate::layout;
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::{Proposal, Refusal};

impl Replica {
    /// Gives a name a blob whose bytes were stored after `since`, under a key that nothing else has. If the same bytes are
    /// stored already, those are the blob, and the object is deleted.
    pub async fn put_blob(
        &self,
        name: &RegistryName,
        digest: ContentDigest,
        object: StoredObject,
        since: Timestamp,
    ) -> Result<(), RegistryError> {
        if self.view().is_embedded_name(name) {
            self.delete_if_unused(Some(&object.key)).await;
            return Err(CommitError::Embedded.into());
        }
        let proposal = Proposal::PutBlob { name: name.clone(), digest, object: object.clone() };
        match self.propose_since(proposal, since).await {
            Ok(_) => {
                self.delete_if_unused(Some(&object.key)).await;
                Ok(())
            }
            // the commit may have happened
            Err(ProposeError::Unavailable(reason)) => Err(RegistryError::Unavailable(reason)),
            Err(ProposeError::Refused(refusal)) => {
                self.delete_if_unused(Some(&object.key)).await;
                Err(refusal.into())
            }
        }
    }

    /// See [`crate::Catalogue::add_blob`].
    pub async fn add_blob(
        &self,
        name: &RegistryName,
        digest: ContentDigest,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        let hashed = bytes.clone();
        let is_right = blocking(move || digest.matches(&hashed)).await;
        if !is_right.map_err(|error| RegistryError::Unavailable(error.to_string()))? {
            return Err(RegistryError::ManifestDigest(digest));
        }
        let since = self.now();
        let object = self.put_content(bytes).await?;
        self.put_blob(name, digest, object, since).await
    }

    /// Writes bytes where nothing ever was.
    pub(super) async fn put_content(&self, bytes: Bytes) -> Result<StoredObject, RegistryError> {
        let object = StoredObject { key: layout::fresh_content((self.options.new_id)()), size: bytes.len() as u64 };
        let stored = self.store.put_new(&object.key, bytes).await;
        stored.map_err(|error| RegistryError::Unavailable(error.to_string()))?;
        Ok(object)
    }

    /// See [`crate::Catalogue::mount_blob`].
    pub async fn mount_blob(
        &self,
        from: &RegistryName,
        to: &RegistryName,
        digest: ContentDigest,
    ) -> Result<bool, RegistryError> {
        let view = self.current().await?;
        let Some(found) = view.blob(from, digest) else { return Ok(false) };
        let since = self.now();
        if view.state.registry.contents.contains_key(&digest) {
            let proposal = Proposal::LinkBlob { name: to.clone(), digest, from: from.clone() };
            return match self.propose_since(proposal, since).await {
                Ok(_) => Ok(true),
                Err(ProposeError::Refused(Refusal::NotFound)) => Ok(false),
                Err(error) => Err(error.into()),
            };
        }
        // a file of a version goes with that: whoever else wants its bytes gets a copy
        let bytes = self.load_blob(&found, None).await?;
        let object = self.put_content(bytes).await?;
        self.put_blob(to, digest, object, since).await.map(|()| true)
    }

    /// See [`crate::Catalogue::delete_blob`].
    pub async fn delete_blob(&self, name: &RegistryName, digest: ContentDigest) -> Result<(), RegistryError> {
        match self.propose(Proposal::UnlinkBlob { name: name.clone(), digest }).await {
            Ok(_) => Ok(()),
            Err(ProposeError::Refused(Refusal::NotFound)) => Err(RegistryError::BlobUnknown),
            Err(ProposeError::Refused(Refusal::InUse)) => {
                Err(RegistryError::Denied("the blob belongs to a version of the chart: delete that".to_owned()))
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Deletes an object of ours that was not needed after all, if one was written: nobody else knows its key.
    pub(super) async fn delete_if_unused(&self, key: Option<&storage::Key>) {
        let Some(key) = key.filter(|key| !self.view().state.is_referenced(key)) else { return };
        if let Err(error) = self.store.delete(key).await {
            tracing::warn!(%key, %error, "an object that nobody needs could not be deleted");
        }
    }
}
