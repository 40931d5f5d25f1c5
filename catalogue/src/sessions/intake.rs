use std::time::Duration;

use bytes::{Bytes, BytesMut};
use chart::oci::ContentDigest;
use futures_util::StreamExt;
use storage::{ByteRange, Key, ObjectStore, StagedWrite};
use tokio::time::Instant;
use uuid::Uuid;

use super::hasher::ContentHasher;
use super::{DigestAlgorithm, UploadBody, UploadError};
use crate::blocking::blocking;
use crate::layout;
use crate::replica::Replica;

/// What is handed to the storage at once: calls cost more than copying, and so much for each upload is little.
const CHUNK: usize = 1024 * 1024;
/// Fewer bytes are hashed on the task that has them.
const QUICK_HASH: usize = 64 * 1024;
/// What is read at once of an object that is read again.
const READ: u64 = 4 * 1024 * 1024;
/// How often a session in which bytes arrive says so: far more often than the shortest time after which it would be over.
pub(super) const PULSE: Duration = Duration::from_secs(20);

/// A request's body in chunks of a decent size.
pub(super) struct Chunks {
    body: UploadBody,
}

impl Chunks {
    pub(super) fn new(body: UploadBody) -> Self {
        Self { body }
    }

    /// The next bytes; `None` at the end.
    pub(super) async fn next(&mut self) -> Result<Option<Bytes>, UploadError> {
        let mut chunk = BytesMut::new();
        while chunk.len() < CHUNK {
            match self.body.next().await {
                // one frame that is large enough is not copied
                Some(Ok(bytes)) if chunk.is_empty() && bytes.len() >= CHUNK => return Ok(Some(bytes)),
                Some(Ok(bytes)) => chunk.extend_from_slice(&bytes),
                Some(Err(reason)) => return Err(UploadError::Body(reason)),
                None => break,
            }
        }
        Ok((!chunk.is_empty()).then(|| chunk.freeze()))
    }
}

/// An object that grows and is hashed as it does. Dropping it leaves nothing behind.
pub(super) struct Intake {
    stage: Box<dyn StagedWrite>,
    /// Away while it hashes.
    hasher: Option<ContentHasher>,
    length: u64,
    room: u64,
    most: u64,
}

impl Intake {
    /// `hasher` has the bytes before these. `room` is how many may still come, of `most` that a blob may have.
    pub(super) async fn begin(
        store: &dyn ObjectStore,
        key: &Key,
        hasher: ContentHasher,
        (room, most): (u64, u64),
    ) -> Result<Self, UploadError> {
        let stage = store.stage(key).await?;
        Ok(Self { stage, hasher: Some(hasher), length: 0, room, most })
    }

    pub(super) async fn take(&mut self, bytes: Bytes) -> Result<(), UploadError> {
        self.grow(bytes.len() as u64)?;
        let hashing = update(self.hasher.take(), bytes.clone());
        let (hasher, appended) = tokio::join!(hashing, self.stage.append(bytes));
        self.hasher = Some(hasher?);
        Ok(appended?)
    }

    /// Takes an object whose bytes are hashed already, without reading it if the storage can do so.
    pub(super) async fn take_object(&mut self, key: &Key, length: u64) -> Result<(), UploadError> {
        self.grow(length)?;
        Ok(self.stage.append_object(key, length).await?)
    }

    fn grow(&mut self, more: u64) -> Result<(), UploadError> {
        self.length += more;
        if self.length > self.room { Err(UploadError::TooLarge(self.most)) } else { Ok(()) }
    }

    pub(super) fn length(&self) -> u64 {
        self.length
    }

    /// The hash of what came, and the object to be made visible.
    pub(super) fn finish(self) -> Result<(ContentHasher, Box<dyn StagedWrite>), UploadError> {
        let hasher = self.hasher.ok_or_else(|| UploadError::Unavailable("it was not hashed".to_owned()))?;
        Ok((hasher, self.stage))
    }
}

async fn update(hasher: Option<ContentHasher>, bytes: Bytes) -> Result<ContentHasher, UploadError> {
    let failed = |reason: String| UploadError::Unavailable(reason);
    let mut hasher = hasher.ok_or_else(|| failed("an earlier part was not hashed".to_owned()))?;
    if bytes.len() <= QUICK_HASH {
        hasher.update(&bytes);
        return Ok(hasher);
    }
    let hashing = blocking(move || {
        hasher.update(&bytes);
        hasher
    });
    hashing.await.map_err(|error| failed(error.to_string()))
}

/// Reads an object of a known length piece by piece.
pub(super) struct Pieces<'k> {
    key: &'k Key,
    length: u64,
    next: u64,
}

impl<'k> Pieces<'k> {
    pub(super) fn of(key: &'k Key, length: u64) -> Self {
        Self { key, length, next: 0 }
    }

    pub(super) async fn next(&mut self, store: &dyn ObjectStore) -> Result<Option<Bytes>, UploadError> {
        if self.next >= self.length {
            return Ok(None);
        }
        let range = ByteRange { start: self.next, end: self.length.min(self.next + READ) };
        let bytes = store.get(self.key, Some(range)).await?.bytes;
        if bytes.len() as u64 != range.end - range.start {
            return Err(UploadError::Unavailable(format!("{} is shorter than it was", self.key)));
        }
        self.next = range.end;
        Ok(Some(bytes))
    }
}

/// The digest of an object by another algorithm than that of its record.
pub(super) async fn hash(
    store: &dyn ObjectStore,
    key: &Key,
    length: u64,
    algorithm: DigestAlgorithm,
) -> Result<ContentDigest, UploadError> {
    let mut hasher = ContentHasher::new(algorithm);
    let mut pieces = Pieces::of(key, length);
    while let Some(bytes) = pieces.next(store).await? {
        hasher = update(Some(hasher), bytes).await?;
    }
    Ok(hasher.finish())
}

/// Tells others that something happens in a session.
pub(super) struct Pulse {
    id: Uuid,
    last: Instant,
}

impl Pulse {
    pub(super) fn of(id: Uuid) -> Self {
        Self { id, last: Instant::now() }
    }

    /// Says so, if it is time to.
    pub(super) async fn beat(&mut self, replica: &Replica) -> Result<(), UploadError> {
        if self.last.elapsed() >= PULSE {
            replica.store.put(&layout::session_pulse(self.id), Bytes::from_static(b"{}")).await?;
            self.last = Instant::now();
        }
        Ok(())
    }
}
