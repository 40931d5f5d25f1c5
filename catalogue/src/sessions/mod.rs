//! Blobs on their way into the storage: in one request, or in sessions of any number of requests.
//!
//! A session is a folder below `uploads/`. It is open while its `session.json` exists. Each request that brings bytes
//! writes them to an object of their own while they arrive, and ends in a record that is named by the offset of its first
//! byte and created if absent: of two requests that continue at one place, one wins and the other is told where to go on.
//! So a session survives the restart of a replica, and the next request may go to another one.
//!
//! The bytes that a session begins with are written where a blob may stay. Whoever finishes a session of one such object
//! takes it as it is; otherwise the storage makes a new one of the objects. They are hashed as they come, and each record
//! says where the hash stands at its end, so that whoever goes on need not read what is there. Who takes it and who throws it away
//! agree by `end.json`, created once: an object that became a blob is never deleted as the leftover of a session.

mod append;
mod arrival;
mod begin;
mod calls;
mod commit;
mod end;
mod finish;
mod hasher;
mod intake;
mod record;

use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chart::oci::RegistryName;
use futures_util::stream::BoxStream;
use jiff::SignedDuration;
use storage::StorageError;
use uuid::Uuid;

use crate::RegistryError;
pub use hasher::DigestAlgorithm;
use record::Part;

/// Bytes as they arrive; an error is why they stopped, in words.
pub type UploadBody = BoxStream<'static, Result<Bytes, String>>;

/// A session is over after so long, whatever happens in it: objects that nothing refers to are let go a day after they were
/// written, and by then it must be finished.
const LIFETIME: SignedDuration = SignedDuration::from_hours(20);
/// Most requests that may bring bytes to one session. Whoever looks at it reads a record for each of them.
const MOST_PARTS: usize = 10_000;

/// What uploads of blobs may be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadLimits {
    /// Most bytes of a blob.
    pub blob_size: u64,
    /// Most sessions at a time. About: replicas count for themselves, and look at the storage when they have counted so many.
    pub sessions: usize,
    /// A session in which nothing happens for so long is over.
    pub idle: Duration,
}

impl Default for UploadLimits {
    fn default() -> Self {
        Self { blob_size: 10 * 1024 * 1024 * 1024, sessions: 1000, idle: Duration::from_secs(3600) }
    }
}

/// An open session.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct UploadSession {
    /// Its name.
    pub id: Uuid,
    /// Where the blob is to be.
    pub name: RegistryName,
    /// Bytes that have arrived.
    pub size: u64,
}

/// Where the bytes of a request belong, as the client sees it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UploadRange {
    /// The first byte.
    pub first: u64,
    /// The last byte.
    pub last: u64,
}

/// Why bytes were not taken.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum UploadError {
    /// There is no such session in this repository: it was finished, cancelled, or has expired.
    #[error("there is no such upload")]
    Unknown,
    /// The bytes do not continue what is there.
    #[error("the upload goes on at byte {size}")]
    OutOfOrder {
        /// Bytes that have arrived.
        size: u64,
    },
    /// There are more or fewer bytes than was said.
    #[error("{expected} bytes were announced, and {found} came")]
    Length {
        /// As was said.
        expected: u64,
        /// As they came.
        found: u64,
    },
    /// The bytes have another digest.
    #[error("the bytes do not have the digest {0}")]
    Digest(chart::oci::ContentDigest),
    /// The blob would be larger than blobs may be.
    #[error("a blob may have {0} bytes")]
    TooLarge(u64),
    /// The session has too many requests behind it.
    #[error("an upload may come in {MOST_PARTS} parts")]
    TooManyParts,
    /// There are as many sessions as there may be.
    #[error("there are too many uploads at a time")]
    TooManySessions,
    /// The body broke off.
    #[error("the body could not be read: {0}")]
    Body(String),
    /// The storage failed.
    #[error("the storage is unavailable: {0}")]
    Unavailable(String),
    /// The blob could not be added.
    #[error(transparent)]
    Registry(#[from] RegistryError),
}

impl From<StorageError> for UploadError {
    fn from(error: StorageError) -> Self {
        Self::Unavailable(error.to_string())
    }
}

/// What this replica knows of sessions: those that it has begun or seen, and their parts as far as it has read them.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    known: Mutex<Known>,
}

#[derive(Debug, Default)]
struct Known {
    /// The storage has been asked which sessions there are.
    is_counted: bool,
    parts: HashMap<Uuid, Vec<Part>>,
}

impl Sessions {
    fn lock(&self) -> MutexGuard<'_, Known> {
        // each change is one call on the map
        self.known.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn parts(&self, id: Uuid) -> Vec<Part> {
        self.lock().parts.get(&id).cloned().unwrap_or_default()
    }

    fn note(&self, id: Uuid, parts: Vec<Part>) {
        self.lock().parts.insert(id, parts);
    }

    fn forget(&self, id: Uuid) {
        self.lock().parts.remove(&id);
    }

    /// How many there are; `None` if the storage must be asked, since it was not yet or there seem to be too many.
    fn count(&self, most: usize) -> Option<usize> {
        let known = self.lock();
        (known.is_counted && known.parts.len() < most).then_some(known.parts.len())
    }

    /// Takes over what the storage has. Returns how many there are.
    fn recount(&self, ids: impl IntoIterator<Item = Uuid>) -> usize {
        let mut known = self.lock();
        let mut old = std::mem::take(&mut known.parts);
        known.parts = ids.into_iter().map(|id| (id, old.remove(&id).unwrap_or_default())).collect();
        known.is_counted = true;
        known.parts.len()
    }
}
