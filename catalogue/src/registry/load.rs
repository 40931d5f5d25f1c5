//! Reading manifests and blobs that the state says exist.

use bytes::Bytes;
use storage::{ByteRange, StorageError};

use crate::outcome::LoadError;
use crate::replica::Replica;
use crate::{BlobSource, FoundBlob, FoundManifest, ManifestSource};

impl Replica {
    /// See [`crate::Catalogue::load_manifest`].
    pub async fn load_manifest(&self, found: &FoundManifest) -> Result<Bytes, LoadError> {
        match &found.source {
            ManifestSource::Object(key) => self.load_object(key, found.size, None).await,
            ManifestSource::Made(version, made) => Ok(version.make(made).into()),
        }
    }

    /// See [`crate::Catalogue::load_blob`].
    pub async fn load_blob(&self, found: &FoundBlob, range: Option<ByteRange>) -> Result<Bytes, LoadError> {
        let part = |bytes: Bytes| match range {
            Some(range) => {
                let size = bytes.len() as u64;
                let range = range.within(size);
                // within the length of bytes in memory
                let at = |place| usize::try_from(place).unwrap_or(usize::MAX).min(bytes.len());
                bytes.slice(at(range.start)..at(range.end))
            }
            None => bytes,
        };
        match &found.source {
            BlobSource::Object(key) => self.load_object(key, found.size, range).await,
            BlobSource::File(location) => self.load(location).await.map(part),
            BlobSource::Metadata(version) => Ok(part(Bytes::copy_from_slice(version.metadata.as_bytes()))),
        }
    }

    /// Nobody else writes to an object of ours: its length is enough to know it by.
    async fn load_object(&self, key: &storage::Key, size: u64, range: Option<ByteRange>) -> Result<Bytes, LoadError> {
        let reason = match self.store.get(key, range).await {
            Ok(object) if object.meta.size == size => return Ok(object.bytes),
            Ok(_) => "its bytes are not those that were pushed".to_owned(),
            Err(StorageError::NotFound(_)) => "its object is gone".to_owned(),
            Err(error) => error.to_string(),
        };
        tracing::error!(%key, reason, "content of the registry cannot be served");
        Err(LoadError::Unavailable(reason))
    }
}
