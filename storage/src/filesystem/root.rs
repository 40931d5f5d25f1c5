//! Ways from the root folder to what lies below it, none of them through a symbolic link.

use std::os::fd::OwnedFd;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};

use rustix::fs::{self, AtFlags, CWD, FileType, Mode, OFlags, ResolveFlags, Stat};
use rustix::io::Errno;

use super::fault;
use super::wire::Wire;
use crate::Result;

/// What folders are made with, before the process's umask: the group may write, for volumes that give access by group.
pub(super) const FOLDER_MODE: Mode = Mode::from_raw_mode(0o775);

/// How often a call is made before a handle that is lost again and again is a failure.
const STALE_ATTEMPTS: usize = 5;

/// The root folder by its path. The folder is opened again by every call: so a root that was moved away, restored
/// or not mounted is noticed by the next call, and "not found" is only ever said below a root that is there.
#[derive(Debug)]
pub(super) struct Root {
    path: PathBuf,
    walks: AtomicBool,
    wire: Wire,
}

impl Root {
    /// `walks`: go folder by folder instead of asking the kernel to refuse links (`openat2`, Linux 5.6).
    pub(super) fn new(path: PathBuf, walks: bool) -> Self {
        Self { path, walks: AtomicBool::new(walks), wire: Wire::default() }
    }

    #[cfg(any(test, feature = "nfs"))]
    pub(super) fn over(self, client: std::sync::Arc<super::nfs::Client>) -> Self {
        Self { wire: Wire { client: Some(client) }, ..self }
    }

    pub(super) fn wire(&self) -> &Wire {
        &self.wire
    }

    pub(super) fn path(&self) -> &std::path::Path {
        &self.path
    }

    /// The root folder itself may be a link: its path is the operator's.
    pub(super) fn open(&self) -> Result<OwnedFd> {
        fresh(|| fs::openat(CWD, &self.path, OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC, Mode::empty()))
            .map_err(|errno| fault::of_root(errno, &self.path))
    }

    /// Opens a folder below the root (empty: the root) such that it can be read and synced.
    pub(super) fn folder(&self, root: &OwnedFd, path: &str) -> Result<OwnedFd, Errno> {
        let path = if path.is_empty() { "." } else { path };
        self.open_below(root, path, OFlags::RDONLY | OFlags::DIRECTORY)
    }

    /// Opens what lies at the path, [`Errno::LOOP`] if a part of the path is a link.
    pub(super) fn open_below(&self, root: &OwnedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        fresh(|| {
            self.wire.look_up(path)?;
            let opened = self.open_once(root, path, flags);
            self.wire.looked_up(path, &opened);
            opened
        })
    }

    fn open_once(&self, root: &OwnedFd, path: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
        let flags = flags | OFlags::CLOEXEC;
        if !self.walks.load(Ordering::Relaxed) {
            match fs::openat2(root, path, flags, Mode::empty(), ResolveFlags::NO_SYMLINKS) {
                Err(Errno::NOSYS) => self.walks.store(true, Ordering::Relaxed),
                Err(Errno::PERM) => {} // what some sandboxes say for a call they do not know
                opened => return opened,
            }
        }
        let flags = flags | OFlags::NOFOLLOW;
        let Some((folders, name)) = path.rsplit_once('/') else { return open_here(root, path, flags) };
        let mut folders = folders.split('/');
        let step = OFlags::PATH | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW;
        let mut folder = open_here(root, folders.next().unwrap_or(name), step)?;
        for name in folders {
            folder = open_here(&folder, name, step)?;
        }
        open_here(&folder, name, flags)
    }
}

fn open_here(folder: &OwnedFd, name: &str, flags: OFlags) -> Result<OwnedFd, Errno> {
    fs::openat(folder, name, flags, Mode::empty()).map_err(|errno| {
        // a link that was to be a folder is "not a directory" to the kernel
        let is_link = || fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW).is_ok_and(|stat| kind(&stat).is_symlink());
        if errno == Errno::NOTDIR && is_link() { Errno::LOOP } else { errno }
    })
}

/// Makes a call again whose handle the NFS server has forgotten: what it was of has been replaced or removed, and the next
/// look gets a new one or finds nothing.
pub(super) fn fresh<T>(mut call: impl FnMut() -> Result<T, Errno>) -> Result<T, Errno> {
    for _ in 1..STALE_ATTEMPTS {
        match call() {
            Err(Errno::STALE) => {}
            answer => return answer,
        }
    }
    call()
}

/// Opens a folder in a folder such that it can be read and synced.
pub(super) fn open_folder(folder: &OwnedFd, name: &str) -> Result<OwnedFd, Errno> {
    open_here(folder, name, OFlags::RDONLY | OFlags::DIRECTORY | OFlags::CLOEXEC | OFlags::NOFOLLOW)
}

/// The kind of file.
pub(super) fn kind(stat: &Stat) -> FileType {
    FileType::from_raw_mode(stat.st_mode)
}

/// The folder of a path (empty: the root) and the name in it.
pub(super) fn split(path: &str) -> (&str, &str) {
    path.rsplit_once('/').unwrap_or(("", path))
}
