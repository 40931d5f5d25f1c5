//! The calls of a door.

use chart::oci::{ContentDigest, RegistryName};
use uuid::Uuid;

use super::{DigestAlgorithm, UploadBody, UploadError, UploadRange, UploadSession};
use crate::Catalogue;

impl Catalogue {
    /// Begins an upload of a blob to a name of the registry, whose parts will be hashed with this algorithm.
    ///
    /// # Errors
    /// `TooManySessions`, or if the storage fails.
    pub async fn begin_upload(
        &self,
        name: &RegistryName,
        algorithm: DigestAlgorithm,
    ) -> Result<UploadSession, UploadError> {
        self.replica().begin_upload(name, algorithm).await
    }

    /// How far an upload is, here or on other replicas.
    ///
    /// # Errors
    /// `Unknown`, or if the storage fails.
    pub async fn upload_session(&self, name: &RegistryName, id: Uuid) -> Result<UploadSession, UploadError> {
        self.replica().upload_session(name, id).await
    }

    /// Adds the bytes of one request to an upload, in bounded memory. They count when this returns, all of them or none.
    ///
    /// # Errors
    /// [`UploadError`] by meaning; after anything but `Unavailable` the upload is as it was.
    pub async fn append_upload(
        &self,
        name: &RegistryName,
        id: Uuid,
        range: Option<UploadRange>,
        body: UploadBody,
    ) -> Result<UploadSession, UploadError> {
        self.replica().append_upload(name, id, range, body).await
    }

    /// Takes the last bytes of an upload, if there are any, and makes a blob of all of them. It is durable and visible when
    /// this returns.
    ///
    /// # Errors
    /// [`UploadError`] by meaning; after anything but `Unavailable` the upload is as it was, and may be finished otherwise.
    pub async fn finish_upload(
        &self,
        name: &RegistryName,
        id: Uuid,
        range: Option<UploadRange>,
        body: UploadBody,
        digest: ContentDigest,
    ) -> Result<(), UploadError> {
        self.replica().finish_upload(name, id, range, body, digest).await
    }

    /// Makes a blob of one request.
    ///
    /// # Errors
    /// [`UploadError`] by meaning.
    pub async fn upload_blob(
        &self,
        name: &RegistryName,
        body: UploadBody,
        digest: ContentDigest,
    ) -> Result<(), UploadError> {
        self.replica().upload_blob(name, body, digest).await
    }

    /// Gives an upload up.
    ///
    /// # Errors
    /// `Unknown`, or if the storage fails.
    pub async fn cancel_upload(&self, name: &RegistryName, id: Uuid) -> Result<(), UploadError> {
        self.replica().cancel_upload(name, id).await
    }
}
