//! Objects written in parts.

use std::io::Write;
use std::sync::Arc;

use bytes::Bytes;

use super::disk::Disk;
use super::temporary::Temporary;
use super::{blocking, fault};
use crate::{Key, ObjectMeta, Result, StagedWrite, StorageError};

/// A temporary file that grows.
#[derive(Debug)]
pub(super) struct FileStage {
    disk: Arc<Disk>,
    key: Key,
    /// Away while an append runs, and gone for good when one failed or was given up: what is in it then is unknown.
    temporary: Option<Temporary>,
}

impl FileStage {
    pub(super) fn new(disk: Arc<Disk>, key: Key, temporary: Temporary) -> Self {
        Self { disk, key, temporary: Some(temporary) }
    }

    fn take(&mut self) -> Result<Temporary> {
        let given_up = || StorageError::Unavailable(format!("{}: an earlier part was not written", self.key));
        self.temporary.take().ok_or_else(given_up)
    }
}

#[async_trait::async_trait]
impl StagedWrite for FileStage {
    async fn append(&mut self, bytes: Bytes) -> Result<()> {
        let mut temporary = self.take()?;
        let key = self.key.clone();
        let write = move || match temporary.file().write_all(&bytes) {
            Ok(()) => Ok(temporary),
            Err(error) => Err(fault::of(fault::errno(&error), key.as_str())),
        };
        self.temporary = Some(blocking(write).await?);
        Ok(())
    }

    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()> {
        let mut temporary = self.take()?;
        let (disk, from) = (Arc::clone(&self.disk), from.clone());
        self.temporary = Some(blocking(move || disk.append(&from, size, &mut temporary).map(|()| temporary)).await?);
        Ok(())
    }

    async fn publish_new(mut self: Box<Self>) -> Result<ObjectMeta> {
        let temporary = self.take()?;
        let (disk, key) = (Arc::clone(&self.disk), self.key.clone());
        blocking(move || disk.publish_new(temporary, &key)).await
    }

    async fn abandon(mut self: Box<Self>) -> Result<()> {
        let temporary = self.temporary.take();
        blocking(move || {
            drop(temporary);
            Ok(())
        })
        .await
    }
}

impl Drop for FileStage {
    fn drop(&mut self) {
        // removing a large file takes its time, which is not the caller's
        if let Some(temporary) = self.temporary.take()
            && let Ok(runtime) = tokio::runtime::Handle::try_current()
        {
            runtime.spawn_blocking(move || drop(temporary));
        }
    }
}
