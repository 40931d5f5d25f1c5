use bytes::Bytes;
use chart::oci::{ContentDigest, RegistryName};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use storage::{Key, ObjectStore, StorageError};
use uuid::Uuid;

use super::hasher::{ContentHasher, HashState};
use super::{DigestAlgorithm, UploadError};
use crate::change::key_text;
use crate::layout;

/// `session.json`.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(super) struct SessionFile {
    /// Where the blob is to be.
    pub name: RegistryName,
    /// When it was begun, as the journal counts time.
    pub at: Timestamp,
    /// How its parts are hashed.
    pub algorithm: DigestAlgorithm,
}

/// A record: bytes that have arrived by one request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Part {
    /// How many bytes were there before.
    pub offset: u64,
    /// How many these are; never none.
    pub length: u64,
    /// Of everything up to their end. Of these alone if `hash` is absent: no program goes on then.
    pub digest: ContentDigest,
    /// Where the digest stands at their end, for what follows.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub hash: Option<HashState>,
    /// The object that they are.
    #[serde(with = "key_text")]
    pub key: Key,
}

/// `end.json`: who creates it decides.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum End {
    /// The first part becomes the blob.
    Adopted,
    /// Nobody takes a part for a blob any more.
    Over,
}

/// A session that is open, with what has arrived.
pub(super) struct OpenSession {
    pub id: Uuid,
    pub file: SessionFile,
    pub parts: Vec<Part>,
}

impl OpenSession {
    pub(super) fn size(&self) -> u64 {
        self.parts.last().map_or(0, |part| part.offset + part.length)
    }

    /// The hash of everything that has arrived; none if that has to be read again for it.
    pub(super) fn hasher(&self, algorithm: DigestAlgorithm) -> Option<ContentHasher> {
        match self.parts.last() {
            None => Some(ContentHasher::new(algorithm)),
            Some(part) => {
                let hasher = part.hash.as_ref().and_then(ContentHasher::resume);
                hasher.filter(|hasher| hasher.algorithm() == algorithm)
            }
        }
    }
}

pub(super) fn text(value: &impl Serialize) -> Result<Bytes, UploadError> {
    serde_json::to_vec(value).map(Bytes::from).map_err(|error| UploadError::Unavailable(error.to_string()))
}

/// What an object of ours says; `None` if it is not there.
pub(super) async fn read<T: DeserializeOwned>(store: &dyn ObjectStore, key: &Key) -> Result<Option<T>, UploadError> {
    match store.get(key, None).await {
        Ok(object) => match serde_json::from_slice(&object.bytes) {
            Ok(value) => Ok(Some(value)),
            Err(error) => Err(UploadError::Unavailable(format!("{key}: {error}"))),
        },
        Err(StorageError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// Decides how a session ends, or learns how it was decided.
pub(super) async fn decide(store: &dyn ObjectStore, id: Uuid, end: End) -> Result<End, UploadError> {
    let key = layout::session_end(id);
    match store.put_new(&key, text(&end)?).await {
        Ok(_) => Ok(end),
        Err(StorageError::AlreadyExists(_)) => read(store, &key).await?.ok_or(UploadError::Unknown),
        Err(error) => Err(error.into()),
    }
}
