//! Files too large to be held in memory: copied to the local disk and hashed on the way, then sent from there.
//!
//! The copy has no name, so that nobody can change it between hashing and sending, and it is gone with the last who
//! reads it, however the process ends.

use std::fs::File;
use std::io::{self, Write};
use std::ops::Range;
use std::os::unix::fs::FileExt;
use std::sync::Arc;

use bytes::Bytes;
use chart::Digest;
use sha2::{Digest as _, Sha256};
use storage::{ByteRange, StorageError};

use crate::PackageLocation;
use crate::blocking::blocking;
use crate::outcome::LoadError;
use crate::replica::Replica;

/// Bytes that are read from the storage at once.
const PIECE: u64 = 4 * 1024 * 1024;

/// A file's bytes, verified against its digest, where only this process can reach them. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Spooled {
    file: Arc<File>,
    size: u64,
}

impl Spooled {
    /// Length in bytes.
    pub fn size(&self) -> u64 {
        self.size
    }

    /// A part of it, which must be within its length.
    ///
    /// # Errors
    /// If the disk fails.
    pub async fn read(&self, part: Range<u64>) -> io::Result<Bytes> {
        let file = Arc::clone(&self.file);
        let read = blocking(move || {
            let length = usize::try_from(part.end.saturating_sub(part.start)).map_err(io::Error::other)?;
            let mut bytes = vec![0; length];
            file.read_exact_at(&mut bytes, part.start)?;
            Ok(Bytes::from(bytes))
        });
        read.await.map_err(io::Error::other)?
    }
}

impl Replica {
    /// See [`crate::Catalogue::spool`].
    pub async fn spool(&self, location: &PackageLocation) -> Result<Spooled, LoadError> {
        let mut reason = String::new();
        // a listing or a cached attribute may lag, and a file may be replaced while it is read: one more look is cheap
        for _ in 0..2 {
            match self.copy_to_disk(location).await? {
                Ok(spooled) => return Ok(spooled),
                Err(refused) => reason = refused,
            }
        }
        tracing::error!(key = %location.key, digest = %location.digest, reason, "a package cannot be served");
        Err(LoadError::Unavailable(reason))
    }

    /// The copy, or why it is not what was published.
    async fn copy_to_disk(&self, location: &PackageLocation) -> Result<Result<Spooled, String>, LoadError> {
        let folder = self.options.database.clone().unwrap_or_else(std::env::temp_dir);
        let on_disk = |error: &dyn std::fmt::Display| {
            LoadError::Unavailable(format!("a large package cannot be copied to {}: {error}", folder.display()))
        };
        let begun = {
            let folder = folder.clone();
            blocking(move || tempfile::tempfile_in(folder)).await.map_err(|error| on_disk(&error))?
        };
        let mut copy = (begun.map_err(|error| on_disk(&error))?, Sha256::new());
        let mut start = 0;
        while start < location.size {
            let range = ByteRange { start, end: (start + PIECE).min(location.size) };
            let (bytes, size) = match self.part(location, range).await {
                Ok(part) => part,
                Err(StorageError::NotFound(_)) => return Ok(Err("its file is gone".to_owned())),
                Err(error) => return Ok(Err(error.to_string())),
            };
            if size != location.size || bytes.len() as u64 != range.end - range.start {
                return Ok(Err("its length is not that of what was published".to_owned()));
            }
            let (mut file, mut hash) = copy;
            let written = blocking(move || {
                hash.update(&bytes);
                file.write_all(&bytes).map(|()| (file, hash))
            });
            copy = written.await.map_err(|error| on_disk(&error))?.map_err(|error| on_disk(&error))?;
            start = range.end;
        }
        let (file, hash) = copy;
        if Digest::from_bytes(hash.finalize().into()) != location.digest {
            return Ok(Err("its bytes are not those that were published".to_owned()));
        }
        Ok(Ok(Spooled { file: Arc::new(file), size: location.size }))
    }
}
