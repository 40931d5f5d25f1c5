//! The calls of the registry's door.

use bytes::Bytes;
use chart::oci::{ContentDigest, Reference, RegistryName};
use storage::ByteRange;

use super::{ManifestStored, PutManifest, RegistryError};
use crate::outcome::{CommitError, LoadError};
use crate::{Catalogue, FoundBlob, FoundManifest, Terms};

impl Catalogue {
    /// The bytes of a manifest.
    ///
    /// # Errors
    /// `Unavailable`, as [`Catalogue::load`].
    pub async fn load_manifest(&self, found: &FoundManifest) -> Result<Bytes, LoadError> {
        self.replica().load_manifest(found).await
    }

    /// The bytes of a blob, or a range of them. What was pushed may be large: it is read range by range. A file of a version
    /// is read as [`Catalogue::load`] reads it, whole.
    ///
    /// # Errors
    /// `Unavailable`, as [`Catalogue::load`].
    pub async fn load_blob(&self, found: &FoundBlob, range: Option<ByteRange>) -> Result<Bytes, LoadError> {
        self.replica().load_blob(found, range).await
    }

    /// Gives a name of the registry a manifest and its tags, and publishes the chart that it brings by a tag of its version:
    /// in one commit, all or nothing.
    ///
    /// # Errors
    /// [`RegistryError`] by meaning. After anything but `Unavailable` nothing of it is visible.
    pub async fn put_manifest(
        &self,
        name: &RegistryName,
        put: PutManifest,
        terms: Terms,
    ) -> Result<ManifestStored, RegistryError> {
        self.refuse_embedded_name(name)?;
        let name = name.clone();
        self.to_the_end(move |replica| async move { replica.put_manifest(&name, put, terms).await }).await
    }

    /// Deletes a tag, or a manifest with its tags. The tag, or the manifest, that a chart's version stands by is deleted with
    /// the version, which goes to the trash.
    ///
    /// # Errors
    /// `ManifestUnknown` if the name has no such thing.
    pub async fn delete_manifest(&self, name: &RegistryName, reference: &Reference) -> Result<(), RegistryError> {
        self.refuse_embedded_name(name)?;
        let (name, reference) = (name.clone(), reference.clone());
        self.to_the_end(move |replica| async move { replica.delete_manifest(&name, &reference).await }).await
    }

    /// Takes a blob from a name.
    ///
    /// # Errors
    /// `BlobUnknown` if the name does not have it, `Denied` if it is a file of a chart's version.
    pub async fn delete_blob(&self, name: &RegistryName, digest: ContentDigest) -> Result<(), RegistryError> {
        self.refuse_embedded_name(name)?;
        let name = name.clone();
        self.to_the_end(move |replica| async move { replica.delete_blob(&name, digest).await }).await
    }

    /// Gives a name the blob of another one. False if the other one does not have it.
    ///
    /// # Errors
    /// If the storage fails, or is of before the registry.
    pub async fn mount_blob(
        &self,
        from: &RegistryName,
        to: &RegistryName,
        digest: ContentDigest,
    ) -> Result<bool, RegistryError> {
        self.refuse_embedded_name(to)?;
        let (from, to) = (from.clone(), to.clone());
        self.to_the_end(move |replica| async move { replica.mount_blob(&from, &to, digest).await }).await
    }

    /// Gives a name a blob that was uploaded whole.
    ///
    /// # Errors
    /// `ManifestDigest` if the bytes have another digest; if the storage fails, or is of before the registry.
    pub async fn add_blob(
        &self,
        name: &RegistryName,
        digest: ContentDigest,
        bytes: Bytes,
    ) -> Result<(), RegistryError> {
        self.refuse_embedded_name(name)?;
        let name = name.clone();
        self.to_the_end(move |replica| async move { replica.add_blob(&name, digest, bytes).await }).await
    }

    fn refuse_embedded_name(&self, name: &RegistryName) -> Result<(), RegistryError> {
        let is_embedded = self.view().is_embedded_name(name);
        if is_embedded { Err(CommitError::Embedded.into()) } else { Ok(()) }
    }
}
