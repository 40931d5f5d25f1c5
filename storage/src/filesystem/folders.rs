//! Folders below the root: made when an object needs them, known once they are durable, removed when nothing of ours is
//! left in them.

use std::collections::HashSet;
use std::os::fd::OwnedFd;
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};

use rustix::fs::{self, AtFlags};
use rustix::io::Errno;

use super::durable::FolderSync;
use super::root::{FOLDER_MODE, Root, split};

/// How often a folder may vanish between being made and being used (another replica removes what it finds empty)
/// before the call gives up.
const ATTEMPTS: usize = 8;
/// Paths remembered as durable, some 100 bytes each. Forgetting one costs a few syncs of clean folders.
const KNOWN_FOLDERS: usize = 10_000;

#[derive(Debug)]
pub(super) struct Folders {
    root: Root,
    /// Names are made under the read lock, folders are made and removed under the write lock. So no folder is
    /// removed under a name that is being made, and what is known is true of the folder that a name is made in.
    known: RwLock<Known>,
    sync: FolderSync,
}

#[derive(Debug, Default)]
struct Known {
    durable: HashSet<String>,
    /// Counts what made or removed folders, so that knowledge from before is not added after.
    changes: u64,
}

/// A name made in a folder, not yet durable.
pub(super) struct Placed {
    folder: OwnedFd,
    known: bool,
    changes: u64,
}

impl Folders {
    pub(super) fn new(root: Root) -> Self {
        Self { root, known: RwLock::default(), sync: FolderSync::default() }
    }

    pub(super) fn root(&self) -> &Root {
        &self.root
    }

    /// Makes the folder if it is missing, and a name in it by `make`.
    pub(super) fn place(
        &self,
        root: &OwnedFd,
        path: &str,
        mut make: impl FnMut(&OwnedFd) -> Result<(), Errno>,
    ) -> Result<Placed, Errno> {
        let mut last = Errno::NOENT;
        for _ in 0..ATTEMPTS {
            let known = self.read();
            match self.root.folder(root, path).and_then(|folder| make(&folder).map(|()| folder)) {
                Ok(folder) => {
                    return Ok(Placed { folder, known: known.durable.contains(path), changes: known.changes });
                }
                Err(errno @ (Errno::NOENT | Errno::STALE)) => last = errno,
                Err(errno) => return Err(errno),
            }
            drop(known);
            match self.make(root, path) {
                Ok(()) | Err(Errno::NOENT | Errno::STALE) => {}
                Err(errno) => return Err(errno),
            }
        }
        // not "not found": that would be said of the object
        Err(if last == Errno::NOENT { Errno::AGAIN } else { last })
    }

    /// A folder whose names others made.
    pub(super) fn find(&self, root: &OwnedFd, path: &str) -> Result<Placed, Errno> {
        let known = self.read();
        let folder = self.root.folder(root, path)?;
        Ok(Placed { folder, known: known.durable.contains(path), changes: known.changes })
    }

    /// Makes the name durable, and with it the folders that lead to it.
    pub(super) fn settle(&self, root: &OwnedFd, path: &str, placed: &Placed) -> Result<(), Errno> {
        self.sync.sync(&placed.folder)?;
        if placed.known || path.is_empty() {
            return Ok(());
        }
        let mut settled = Vec::new();
        let mut path = path;
        while !path.is_empty() && !self.read().durable.contains(path) {
            let (parent, _) = split(path);
            match self.root.folder(root, parent) {
                Ok(parent) => self.sync.sync(&parent)?,
                Err(Errno::NOENT) => return Ok(()), // removed meanwhile, and so was the name
                Err(errno) => return Err(errno),
            }
            settled.push(path.to_owned());
            path = parent;
        }
        let mut known = self.write();
        if known.changes == placed.changes {
            if known.durable.len() >= KNOWN_FOLDERS {
                known.durable.clear();
            }
            known.durable.extend(settled);
        }
        Ok(())
    }

    /// Makes the change of a folder's names durable.
    pub(super) fn sync(&self, folder: &OwnedFd) -> Result<(), Errno> {
        self.sync.sync(folder)
    }

    fn make(&self, root: &OwnedFd, path: &str) -> Result<(), Errno> {
        let mut known = self.write();
        known.changes += 1;
        let ends = path.match_indices('/').map(|(end, _)| end).chain([path.len()]);
        let mut parent = self.root.folder(root, "")?;
        for end in ends {
            let folder = &path[..end];
            let made = self.root.wire().answer(fs::mkdirat(&parent, split(folder).1, FOLDER_MODE), Errno::EXIST);
            self.root.wire().named(folder);
            match made {
                // somebody had removed it, and all that was below it
                Ok(()) => known.durable.retain(|known| !known.starts_with(folder)),
                Err(Errno::EXIST) => {}
                Err(errno) => return Err(errno),
            }
            parent = self.root.folder(root, folder)?;
        }
        Ok(())
    }

    /// Removes the folder if it is empty, and then its parents below `keep`. Purely tidying: a failure says nothing.
    pub(super) fn prune(&self, root: &OwnedFd, path: &str, keep: usize) {
        let mut path = path;
        while path.split('/').count() > keep {
            let (parent, name) = split(path);
            let mut known = self.write();
            let Ok(folder) = self.root.folder(root, parent) else { return };
            if fs::unlinkat(&folder, name, AtFlags::REMOVEDIR).is_err() {
                return;
            }
            known.changes += 1;
            known.durable.remove(path);
            path = parent;
        }
    }

    fn read(&self) -> RwLockReadGuard<'_, Known> {
        // a forgotten folder costs a sync; a wrongly known one cannot come from a panic
        self.known.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn write(&self) -> RwLockWriteGuard<'_, Known> {
        self.known.write().unwrap_or_else(PoisonError::into_inner)
    }
}
