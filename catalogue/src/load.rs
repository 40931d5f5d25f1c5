//! Reading a file that the state says exists.

use bytes::Bytes;
use chart::Digest;
use storage::{ByteRange, StorageError};

use crate::blocking::blocking;
use crate::outcome::LoadError;
use crate::replica::Replica;
use crate::{PackageLocation, RepositoryPath, layout};

/// Bytes that are hashed on the task that asked; more go to a thread that may block.
const QUICK_HASH: usize = 256 * 1024;

impl Replica {
    /// People and ChartMuseum can write to flat files, so the bytes are hashed before the first is served.
    pub async fn load(&self, location: &PackageLocation) -> Result<Bytes, LoadError> {
        let mut reason = String::new();
        // a listing or a cached attribute may lag: one more look is cheap
        for _ in 0..2 {
            // not more than it has: what somebody has put in its place may be of any size
            let range = ByteRange { start: 0, end: location.size };
            match self.part(location, range).await {
                Ok((bytes, size)) => {
                    if size == location.size && digest(&bytes).await == Some(location.digest) {
                        return Ok(bytes);
                    }
                    reason = "its bytes are not those that were published".to_owned();
                }
                Err(StorageError::NotFound(_)) => reason = "its file is gone".to_owned(),
                Err(error) => reason = error.to_string(),
            }
        }
        tracing::error!(key = %location.key, digest = %location.digest, reason, "a package cannot be served");
        Err(LoadError::Unavailable(reason))
    }

    /// A part of a file as it lies there, and the length of the whole. What the program brings along lies in memory.
    pub async fn part(&self, location: &PackageLocation, part: ByteRange) -> Result<(Bytes, u64), StorageError> {
        if let Some(bytes) = self.options.embedded.as_ref().and_then(|embedded| embedded.bytes(location)) {
            return Ok((bytes.slice(part.start as usize..part.end as usize), bytes.len() as u64));
        }
        let object = self.store.get(&location.key, Some(part)).await?;
        Ok((object.bytes, object.meta.size))
    }

    /// See [`crate::Catalogue::load_unlisted`].
    pub async fn load_unlisted(
        &self,
        repository: &RepositoryPath,
        file: &str,
        limit: u64,
    ) -> Result<Option<Bytes>, LoadError> {
        let view = self.view();
        let facts = view.state.repository(repository).and_then(|repository| repository.file(file));
        let is_small = facts.is_some_and(|facts| {
            facts.unreadable.is_some() && facts.traces.as_ref().is_some_and(|traces| traces.size <= limit)
        });
        let Some(key) = layout::flat(repository, file).ok().filter(|_| is_small) else { return Ok(None) };
        match self.store.get(&key, None).await {
            Ok(object) => Ok(Some(object.bytes)),
            Err(StorageError::NotFound(_)) => Ok(None),
            Err(error) => Err(LoadError::Unavailable(error.to_string())),
        }
    }
}

async fn digest(bytes: &Bytes) -> Option<Digest> {
    if bytes.len() <= QUICK_HASH {
        return Some(Digest::of(bytes));
    }
    let bytes = bytes.clone();
    blocking(move || Digest::of(&bytes)).await.ok()
}
