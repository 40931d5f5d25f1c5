//! Objects as files below a root folder.
//!
//! A key is the path of its file. An object is written to a temporary file in `.chandlery/tmp`, made durable there, and
//! then linked to its name, which fails if the name is taken: so a name always leads to a whole object, of several
//! writers exactly one wins, and that holds between processes and, over NFS, between machines. Nothing is reached
//! through a symbolic link, and the root folder is looked up anew by every call.

mod disk;
mod durable;
mod fault;
mod folders;
#[cfg(any(test, feature = "nfs"))]
pub mod nfs;
mod read;
mod root;
mod staged;
mod start;
mod temporary;
mod walk;
mod wire;

use std::io;
use std::path::PathBuf;
use std::sync::Arc;

use bytes::Bytes;
use futures_util::stream::{self, BoxStream};
use futures_util::{StreamExt, TryStreamExt};

use crate::{ByteRange, Key, Listed, Object, ObjectMeta, ObjectStore, Prefix, Result, StagedWrite, StorageError};
use disk::Disk;
use root::Root;
use staged::FileStage;
use walk::Walk;

/// An [`ObjectStore`] on a folder. Clones share it.
#[derive(Debug, Clone)]
pub struct FileStore {
    disk: Arc<Disk>,
}

impl FileStore {
    /// Opens the folder, and makes it if it is missing. Proves that it takes writes, and sweeps unfinished uploads that
    /// are older than a day. Works on files: call it where a thread may block.
    ///
    /// # Errors
    /// [`StorageError::Denied`] or [`StorageError::Unavailable`] if the folder cannot be made or written, and
    /// [`StorageError::Unsupported`], naming the file system, if it cannot make a name that must be free.
    pub fn open(root: PathBuf) -> Result<Self> {
        let root = absolute(root)?;
        Ok(Self { disk: Arc::new(Disk::open(Root::new(root, false))?) })
    }

    /// The same as another machine has it that has mounted the folder.
    ///
    /// # Errors
    /// As [`FileStore::open`].
    #[cfg(any(test, feature = "nfs"))]
    pub fn open_over(root: PathBuf, client: Arc<nfs::Client>) -> Result<Self> {
        let root = absolute(root)?;
        Ok(Self { disk: Arc::new(Disk::open(Root::new(root, false).over(client))?) })
    }

    #[cfg(test)]
    pub(crate) fn open_without_openat2_and_links(root: PathBuf) -> Result<Self> {
        let disk = Disk::open(Root::new(absolute(root)?, true))?.with_naming(temporary::Naming::RenameNoReplace);
        Ok(Self { disk: Arc::new(disk) })
    }

    async fn work<T: Send + 'static>(&self, work: impl FnOnce(&Disk) -> Result<T> + Send + 'static) -> Result<T> {
        let disk = Arc::clone(&self.disk);
        blocking(move || work(&disk)).await
    }

    fn pages(&self, walk: Walk) -> BoxStream<'_, Result<Listed>> {
        stream::try_unfold(walk, move |mut walk| async move {
            let page = self.work(move |disk| disk.page(&mut walk).map(|page| (page, walk))).await?;
            Ok((!page.0.is_empty()).then_some(page))
        })
        .map_ok(|page| stream::iter(page.into_iter().map(Ok)))
        .try_flatten()
        .boxed()
    }
}

/// The root stays the same folder wherever the process goes.
fn absolute(root: PathBuf) -> Result<PathBuf> {
    let fault = |error: io::Error| StorageError::Unavailable(format!("the root folder {}: {error}", root.display()));
    std::path::absolute(&root).map_err(fault)
}

/// Runs work on a thread that may block. It is finished even if nobody waits for it any more.
async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => match error.try_into_panic() {
            Ok(panic) => std::panic::resume_unwind(panic),
            Err(_) => Err(StorageError::Unavailable("the process is stopping".into())),
        },
    }
}

#[async_trait::async_trait]
impl ObjectStore for FileStore {
    async fn put_new(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        let key = key.clone();
        self.work(move |disk| disk.put_new(&key, &bytes)).await
    }

    async fn put(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        let key = key.clone();
        self.work(move |disk| disk.put(&key, &bytes)).await
    }

    async fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        let key = key.clone();
        self.work(move |disk| disk.get(&key, range)).await
    }

    async fn head(&self, key: &Key) -> Result<ObjectMeta> {
        let key = key.clone();
        self.work(move |disk| disk.head(&key)).await
    }

    async fn delete(&self, key: &Key) -> Result<()> {
        let key = key.clone();
        self.work(move |disk| disk.delete(&key)).await
    }

    async fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        let (from, to) = (from.clone(), to.clone());
        self.work(move |disk| disk.copy_new(&from, &to)).await
    }

    async fn settle(&self, key: &Key) -> Result<ObjectMeta> {
        let key = key.clone();
        self.work(move |disk| disk.settle(&key)).await
    }

    fn list(&self, prefix: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.pages(Walk::new(prefix.clone(), false))
    }

    fn list_folder(&self, folder: &Prefix) -> BoxStream<'_, Result<Listed>> {
        self.pages(Walk::new(folder.clone(), true))
    }

    async fn stage(&self, key: &Key) -> Result<Box<dyn StagedWrite>> {
        let name = key.clone();
        let temporary = self.work(move |disk| disk.temporary(&name)).await?;
        Ok(Box::new(FileStage::new(Arc::clone(&self.disk), key.clone(), temporary)))
    }
}

#[cfg(test)]
mod tests;
