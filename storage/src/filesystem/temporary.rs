//! Files on their way to becoming objects.

use std::fs::File;
use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags, Mode, OFlags, RenameFlags, StatxFlags};
use rustix::io::Errno;
use uuid::Uuid;

use super::fault;
use super::root::Root;
use super::wire::Wire;
use crate::ObjectMeta;

/// Where objects are written before they have a name. Never listed, no object's place.
pub(super) const FOLDER: &str = ".chandlery/tmp";

/// What objects are made with, before the process's umask.
const FILE_MODE: Mode = Mode::from_raw_mode(0o664);

/// How a file gets a name that must be free.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Naming {
    /// `link`: works on every POSIX file system and over NFS.
    Link,
    /// `renameat2` with `RENAME_NOREPLACE`: for file systems without hard links.
    RenameNoReplace,
}

/// A file without a name among the objects. Dropping it removes it.
#[derive(Debug)]
pub(super) struct Temporary {
    folder: OwnedFd,
    name: String,
    file: File,
    moved: bool,
    wire: Wire,
}

impl Temporary {
    /// [`Errno::NOENT`] if the folder for it is missing.
    pub(super) fn create(root: &Root, handle: &OwnedFd) -> Result<Self, Errno> {
        let folder = root.open_below(handle, FOLDER, OFlags::PATH | OFlags::DIRECTORY)?;
        let mut temporary = Self::create_in(folder)?;
        temporary.wire = root.wire().clone();
        Ok(temporary)
    }

    pub(super) fn create_in(folder: OwnedFd) -> Result<Self, Errno> {
        let name = Uuid::new_v4().simple().to_string();
        let flags = OFlags::CREATE | OFlags::EXCL | OFlags::WRONLY | OFlags::NOFOLLOW | OFlags::CLOEXEC;
        let file = File::from(fs::openat(&folder, name.as_str(), flags, FILE_MODE)?);
        Ok(Self { folder, name, file, moved: false, wire: Wire::default() })
    }

    pub(super) fn name(&self) -> &str {
        &self.name
    }

    pub(super) fn file(&mut self) -> &mut File {
        &mut self.file
    }

    /// Makes the bytes durable.
    pub(super) fn settle(&self) -> Result<ObjectMeta, Errno> {
        self.file.sync_all().map_err(|error| fault::errno(&error))?;
        super::read::meta(&fs::fstat(&self.file)?)
    }

    /// Gives it a name that nothing has, [`Errno::EXIST`] if something has.
    pub(super) fn name_new(&mut self, naming: Naming, folder: &OwnedFd, name: &str) -> Result<(), Errno> {
        match naming {
            Naming::Link => {
                let answer = fs::linkat(&self.folder, self.name.as_str(), folder, name, AtFlags::empty());
                match self.wire.answer(answer, Errno::EXIST) {
                    // a network file system may have linked it, lost the answer and asked again
                    Err(_) if self.links()? > 1 => Ok(()),
                    answer => answer,
                }
            }
            Naming::RenameNoReplace => {
                let flags = RenameFlags::NOREPLACE;
                let answer = fs::renameat_with(&self.folder, self.name.as_str(), folder, name, flags);
                self.moved_if(self.wire.answer(answer, Errno::NOENT))
            }
        }
    }

    /// Gives it a name, whatever had it before.
    pub(super) fn name_over(&mut self, folder: &OwnedFd, name: &str) -> Result<(), Errno> {
        let answer = fs::renameat(&self.folder, self.name.as_str(), folder, name);
        self.moved_if(self.wire.answer(answer, Errno::NOENT))
    }

    /// A rename that was asked for twice has worked if the old name is gone although the file lives.
    fn moved_if(&mut self, answer: Result<(), Errno>) -> Result<(), Errno> {
        let gone = || {
            let old = fs::statat(&self.folder, self.name.as_str(), AtFlags::SYMLINK_NOFOLLOW);
            Ok(matches!(old, Err(Errno::NOENT)) && self.links()? > 0)
        };
        self.moved = answer.is_ok() || gone()?;
        if self.moved { Ok(()) } else { answer }
    }

    /// Names the file has, asked of the server and not of a cache.
    fn links(&self) -> Result<u32, Errno> {
        let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_FORCE_SYNC;
        match fs::statx(&self.file, "", flags, StatxFlags::NLINK) {
            Ok(stat) => Ok(stat.stx_nlink),
            Err(Errno::NOSYS) => Ok(u32::try_from(fs::fstat(&self.file)?.st_nlink).unwrap_or(u32::MAX)),
            Err(errno) => Err(errno),
        }
    }
}

impl Drop for Temporary {
    fn drop(&mut self) {
        if !self.moved
            && let Err(errno) = self.wire.unlink(&self.folder, &self.name)
        {
            tracing::debug!(name = self.name, %errno, "a temporary file stays until it is swept");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    struct Scene {
        root: tempfile::TempDir,
        folder: OwnedFd,
        temporary: Temporary,
    }

    fn scene() -> Scene {
        let root = tempfile::tempdir().unwrap();
        let open = || OwnedFd::from(File::open(root.path()).unwrap());
        Scene { folder: open(), temporary: Temporary::create_in(open()).unwrap(), root }
    }

    /// An NFS server linked the file, its answer was lost, and the client asked again.
    #[test]
    fn a_link_that_was_made_by_the_lost_first_request_is_ours() {
        let mut scene = scene();
        let path = scene.root.path().join(scene.temporary.name());
        std::fs::hard_link(path, scene.root.path().join("name")).unwrap();
        scene.temporary.name_new(Naming::Link, &scene.folder, "name").unwrap();
    }

    #[test]
    fn a_rename_that_was_made_by_the_lost_first_request_is_ours() {
        for over in [true, false] {
            let mut scene = scene();
            let path = scene.root.path().join(scene.temporary.name());
            std::fs::rename(path, scene.root.path().join("name")).unwrap();
            let Scene { folder, temporary, .. } = &mut scene;
            match over {
                true => temporary.name_over(folder, "name").unwrap(),
                false => temporary.name_new(Naming::RenameNoReplace, folder, "name").unwrap(),
            }
            drop(scene.temporary);
            assert!(scene.root.path().join("name").exists());
        }
    }

    #[test]
    fn a_file_that_was_swept_gets_no_name() {
        for naming in [Naming::Link, Naming::RenameNoReplace] {
            let mut scene = scene();
            std::fs::remove_file(scene.root.path().join(scene.temporary.name())).unwrap();
            let named = scene.temporary.name_new(naming, &scene.folder, "name");
            assert_eq!(named, Err(Errno::NOENT));
            assert!(scene.temporary.name_over(&scene.folder, "name").is_err());
        }
    }
}
