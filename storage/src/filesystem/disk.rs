//! The calls of the store as work on files, for the threads that may block.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::folders::{Folders, Placed};
use super::root::{Root, fresh, kind, split};
use super::temporary::{FOLDER, Naming, Temporary};
use super::walk::Walk;
use super::{fault, read, start};
use crate::{ByteRange, Key, Listed, Object, ObjectMeta, Result, StorageError};

/// Folders at and above this depth below `.chandlery` stay when they are empty; deeper ones are made for one upload
/// or one object and go with it. Folders elsewhere are people's, and stay.
const KEPT_DEPTH: usize = 2;

#[derive(Debug)]
pub(super) struct Disk {
    folders: Folders,
    naming: Naming,
}

impl Disk {
    pub(super) fn open(root: Root) -> Result<Self> {
        start::make_root(root.path())?;
        let folders = Folders::new(root);
        let naming = start::prepare(&folders)?;
        Ok(Self { folders, naming })
    }

    #[cfg(test)]
    pub(super) fn with_naming(self, naming: Naming) -> Self {
        Self { naming, ..self }
    }

    fn root(&self) -> &Root {
        self.folders.root()
    }

    /// The root's handle, for a key that may be used.
    fn handle(&self, key: &Key) -> Result<OwnedFd> {
        let text = key.as_str();
        if text.strip_prefix(FOLDER).is_some_and(|rest| rest.is_empty() || rest.starts_with('/')) {
            return Err(StorageError::Denied(format!("{key}: the place of unfinished uploads holds no objects")));
        }
        self.root().open()
    }

    pub(super) fn temporary(&self, key: &Key) -> Result<Temporary> {
        let handle = self.handle(key)?;
        let made = match Temporary::create(self.root(), &handle) {
            Err(Errno::NOENT) => {
                self.folders.place(&handle, FOLDER, |_| Ok(())).and_then(|_| Temporary::create(self.root(), &handle))
            }
            made => made,
        };
        made.map_err(|errno| fault::of(errno, key.as_str()))
    }

    pub(super) fn put_new(&self, key: &Key, bytes: &[u8]) -> Result<ObjectMeta> {
        self.refuse_taken(key)?; // most refusals are met here, before anything is written
        let temporary = self.written(key, bytes)?;
        self.publish_new(temporary, key)
    }

    pub(super) fn put(&self, key: &Key, bytes: &[u8]) -> Result<ObjectMeta> {
        let temporary = self.written(key, bytes)?;
        self.publish(temporary, key, Temporary::name_over)
    }

    /// A copy and not a second link: people may edit files in place, and must not edit two objects at once.
    pub(super) fn copy_new(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        let meta = self.head(from)?;
        self.refuse_taken(to)?;
        let mut temporary = self.temporary(to)?;
        self.append(from, meta.size, &mut temporary)?;
        self.publish_new(temporary, to)
    }

    /// Adds an object's bytes to a file. The system copies them, or lets the file system do it, and they do not come here.
    pub(super) fn append(&self, from: &Key, size: u64, to: &mut Temporary) -> Result<()> {
        let (source, meta) = read::open(self.root(), &self.handle(from)?, from)?;
        // one byte more would show that it grows
        let copied = io::copy(&mut source.take(size.saturating_add(1)), to.file());
        let copied = copied.map_err(|error| fault::of(fault::errno(&error), from.as_str()))?;
        if meta.size != size || copied != size {
            return Err(StorageError::Corrupt(format!(
                "{from}: it has {} bytes instead of {size}",
                meta.size.max(copied)
            )));
        }
        Ok(())
    }

    pub(super) fn publish_new(&self, temporary: Temporary, key: &Key) -> Result<ObjectMeta> {
        let naming = self.naming;
        match self.publish(temporary, key, |temporary, folder, name| temporary.name_new(naming, folder, name)) {
            Err(StorageError::AlreadyExists(_)) => {
                self.refuse_taken(key).and(Err(StorageError::AlreadyExists(key.clone())))
            }
            published => published,
        }
    }

    fn written(&self, key: &Key, bytes: &[u8]) -> Result<Temporary> {
        let mut temporary = self.temporary(key)?;
        temporary.file().write_all(bytes).map_err(|error| fault::of(fault::errno(&error), key.as_str()))?;
        Ok(temporary)
    }

    fn publish(
        &self,
        mut temporary: Temporary,
        key: &Key,
        mut give_name: impl FnMut(&mut Temporary, &OwnedFd, &str) -> Result<(), Errno>,
    ) -> Result<ObjectMeta> {
        let handle = self.handle(key)?;
        let (path, name) = split(key.as_str());
        let mut placing = || -> Result<(ObjectMeta, Placed), Errno> {
            let meta = temporary.settle()?;
            let placed = self.folders.place(&handle, path, |folder| give_name(&mut temporary, folder, name));
            self.root().wire().named(key.as_str());
            Ok((meta, placed?))
        };
        let (meta, placed) = placing().map_err(|errno| fault::of_key(errno, key))?;
        drop(temporary);
        self.folders.settle(&handle, path, &placed).map_err(|errno| fault::of(errno, key.as_str()))?;
        Ok(meta)
    }

    /// An error if anything has the key's name, and [`StorageError::AlreadyExists`] only if it is no folder.
    fn refuse_taken(&self, key: &Key) -> Result<()> {
        let handle = self.handle(key)?;
        let (path, name) = split(key.as_str());
        let look = || {
            self.root().wire().look_up(key.as_str())?;
            fs::statat(self.root().folder(&handle, path)?, name, AtFlags::SYMLINK_NOFOLLOW)
        };
        match fresh(look) {
            Ok(stat) if kind(&stat).is_dir() => Err(fault::of(Errno::ISDIR, key.as_str())),
            Ok(_) => Err(StorageError::AlreadyExists(key.clone())),
            Err(Errno::NOENT) => Ok(()),
            Err(errno) => Err(fault::of(errno, key.as_str())),
        }
    }

    pub(super) fn get(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        read::get(self.root(), &self.handle(key)?, key, range)
    }

    pub(super) fn head(&self, key: &Key) -> Result<ObjectMeta> {
        read::head(self.root(), &self.handle(key)?, key)
    }

    pub(super) fn settle(&self, key: &Key) -> Result<ObjectMeta> {
        let handle = self.handle(key)?;
        let (file, meta) = read::open(self.root(), &handle, key)?;
        file.sync_all().map_err(|error| fault::of(fault::errno(&error), key.as_str()))?;
        let (path, _) = split(key.as_str());
        let found = self.folders.find(&handle, path);
        let settled = found.and_then(|found| self.folders.settle(&handle, path, &found));
        settled.map(|()| meta).map_err(|errno| fault::of_key(errno, key))
    }

    pub(super) fn delete(&self, key: &Key) -> Result<()> {
        let handle = self.handle(key)?;
        let (path, name) = split(key.as_str());
        let remove = || -> Result<(), Errno> {
            let folder = self.root().folder(&handle, path)?;
            self.root().wire().unlink(&folder, name)?;
            self.folders.sync(&folder)
        };
        match fresh(remove) {
            Ok(()) if path.starts_with(".chandlery/") => self.folders.prune(&handle, path, KEPT_DEPTH),
            Ok(()) | Err(Errno::NOENT) => {}
            Err(errno) => return Err(fault::of(errno, key.as_str())),
        }
        Ok(())
    }

    pub(super) fn page(&self, walk: &mut Walk) -> Result<Vec<Listed>> {
        walk.page(self.root())
    }
}
