//! Objects too large to be held in memory, read piece by piece.

use bytes::Bytes;
use chart::oci::ContentDigest;
use sha2::{Digest as _, Sha256, Sha512};
use storage::{ByteRange, Key, ObjectStore, StorageError};

use crate::blocking::blocking;

/// Read at once, and the size from which on an object is read so: a package of the usual limit is not.
pub(crate) const PIECE: u64 = 32 << 20;

/// A digest in the making.
enum Hashing {
    Sha256(Sha256),
    Sha512(Sha512),
}

/// Reads an object from its beginning to its end, and tells at the end whether that is what it should be.
pub(crate) struct Pieces<'a> {
    store: &'a dyn ObjectStore,
    key: &'a Key,
    size: u64,
    at: u64,
    expected: ContentDigest,
    hashing: Option<Hashing>,
}

impl<'a> Pieces<'a> {
    pub fn of(store: &'a dyn ObjectStore, key: &'a Key, size: u64, expected: ContentDigest) -> Self {
        let hashing = match expected {
            ContentDigest::Sha256(_) => Hashing::Sha256(Sha256::new()),
            ContentDigest::Sha512(_) => Hashing::Sha512(Sha512::new()),
        };
        Self { store, key, size, at: 0, expected, hashing: Some(hashing) }
    }

    /// The next bytes; none at the end, or if the object is not as long as it should be.
    pub async fn next(&mut self) -> Result<Option<Bytes>, StorageError> {
        let range = ByteRange { start: self.at, end: self.size.min(self.at + PIECE) };
        if range.start >= range.end {
            return Ok(None);
        }
        let object = self.store.get(self.key, Some(range)).await?;
        let Some(mut hashing) = self.hashing.take() else { return Ok(None) };
        if object.meta.size != self.size {
            return Ok(None);
        }
        let bytes = object.bytes.clone();
        let hashed = blocking(move || {
            match &mut hashing {
                Hashing::Sha256(hashing) => hashing.update(&bytes),
                Hashing::Sha512(hashing) => hashing.update(&bytes),
            }
            hashing
        });
        self.hashing = Some(hashed.await.map_err(|error| StorageError::Unavailable(error.to_string()))?);
        self.at += object.bytes.len() as u64;
        Ok(Some(object.bytes))
    }

    /// Everything was read, and is what it should be.
    pub fn ended_right(self) -> bool {
        let digest = match self.hashing {
            Some(Hashing::Sha256(hashing)) => ContentDigest::Sha256(hashing.finalize().into()),
            Some(Hashing::Sha512(hashing)) => ContentDigest::Sha512(hashing.finalize().into()),
            None => return false,
        };
        self.at == self.size && digest == self.expected
    }
}

/// The object is there as it should be.
pub(crate) async fn is_right(
    store: &dyn ObjectStore,
    key: &Key,
    size: u64,
    expected: ContentDigest,
) -> Result<bool, StorageError> {
    let mut pieces = Pieces::of(store, key, size, expected);
    if size == 0 {
        return Ok(store.head(key).await?.size == 0 && pieces.ended_right());
    }
    while pieces.next().await?.is_some() {}
    Ok(pieces.ended_right())
}
