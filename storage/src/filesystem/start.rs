//! What is made sure of when a store is opened: the root is there and takes writes, names can be made that must be
//! free, and what a crash left behind is swept.

use std::fs::{DirBuilder, File};
use std::io;
use std::os::fd::OwnedFd;
use std::os::unix::fs::DirBuilderExt;
use std::path::Path;

use rustix::fs::{self, AtFlags, Dir};
use rustix::io::Errno;

use super::folders::Folders;
use super::root::FOLDER_MODE;
use super::temporary::{FOLDER, Naming, Temporary};
use super::{fault, read};
use crate::{Result, StorageError};

/// No upload takes longer; a temporary file this old belongs to a process that died.
const LEFTOVER_SECONDS: i64 = 24 * 60 * 60;

/// Makes the root folder if it is missing, durably.
pub(super) fn make_root(path: &Path) -> Result<()> {
    match path.metadata() {
        Ok(found) if found.is_dir() => return Ok(()),
        Ok(_) => return Err(fault::of_root(Errno::NOTDIR, path)),
        Err(_) => {} // making it says why it cannot be
    }
    let make = || -> io::Result<()> {
        let there = path.ancestors().skip(1).find(|folder| folder.is_dir());
        DirBuilder::new().recursive(true).mode(FOLDER_MODE.as_raw_mode()).create(path)?;
        for folder in path.ancestors().skip(1) {
            File::open(folder)?.sync_all()?;
            if Some(folder) == there {
                break;
            }
        }
        Ok(())
    };
    make()
        .map_err(|error| fault::of(fault::errno(&error), &format!("cannot create the root folder {}", path.display())))
}

/// Proves that the root takes writes, finds out how names are made, and sweeps.
pub(super) fn prepare(folders: &Folders) -> Result<Naming> {
    let root = folders.root();
    let handle = root.open()?;
    let fault = |errno| fault::of(errno, &format!("cannot write to the root folder {}", root.path().display()));
    let mut folder = None;
    folders
        .place(&handle, FOLDER, |made| {
            folder = Some(made.try_clone().map_err(|error| fault::errno(&error))?);
            Ok(())
        })
        .map_err(fault)?;
    let Some(folder) = folder else { return Err(fault(Errno::NOENT)) };
    let probe =
        Temporary::create_in(folder.try_clone().map_err(|error| fault(fault::errno(&error)))?).map_err(fault)?;
    let now = probe.settle().map_err(fault)?.modified.as_second();
    let naming = naming(&folder, probe).map_err(fault)?;
    sweep(&folder, now).map_err(fault)?;
    naming.ok_or_else(|| {
        let kind = fs::fstatfs(&folder).map_or_else(|_| "?".to_owned(), |stat| name_of(i128::from(stat.f_type)));
        let root = root.path().display();
        StorageError::Unsupported(format!(
            "the file system {kind} of {root} knows neither hard links nor renames that never replace"
        ))
    })
}

/// The first way of naming that works and refuses a name that is taken.
fn naming(folder: &OwnedFd, mut probe: Temporary) -> Result<Option<Naming>, Errno> {
    for naming in [Naming::Link, Naming::RenameNoReplace] {
        let name = format!("{}.probe", probe.name());
        let made = probe.name_new(naming, folder, &name);
        let mut second = Temporary::create_in(folder.try_clone().map_err(|error| fault::errno(&error))?)?;
        let refused = made.is_ok() && second.name_new(naming, folder, &name) == Err(Errno::EXIST);
        if made.is_ok() {
            fs::unlinkat(folder, name.as_str(), AtFlags::empty())?;
        }
        if refused {
            return Ok(Some(naming));
        }
        probe = second;
    }
    Ok(None)
}

/// Removes what is a day older than `now` by the file system's own clock.
fn sweep(folder: &OwnedFd, now: i64) -> Result<(), Errno> {
    for entry in Dir::read_from(folder)? {
        let entry = entry?;
        let name = entry.file_name();
        let stat = match fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
            Ok(stat) => stat,
            Err(Errno::NOENT) => continue,
            Err(errno) => return Err(errno),
        };
        let is_old = read::meta(&stat).is_ok_and(|meta| now - meta.modified.as_second() > LEFTOVER_SECONDS);
        if is_old {
            match fs::unlinkat(folder, name, AtFlags::empty()) {
                Ok(()) => tracing::info!(name = %name.to_string_lossy(), "removed an unfinished upload of a day ago"),
                // another replica starts too, or an NFS client keeps it for somebody who has it open
                Err(Errno::NOENT | Errno::BUSY) => {}
                Err(errno) => return Err(errno),
            }
        }
    }
    Ok(())
}

/// The name people know a file system by, from the numbers of statfs(2).
fn name_of(number: i128) -> String {
    let name = match number {
        0x4d44 => "vfat",
        0x2011_bab0 => "exfat",
        0x5346_544e | 0x7366_746e => "ntfs",
        0x6969 => "nfs",
        0xff53_4d42 | 0xfe53_4d42 | 0x517b => "cifs",
        0x6573_5546 => "fuse",
        0x0102_1997 => "9p",
        0x794c_7630 => "overlay",
        0xef53 => "ext4",
        0x5846_5342 => "xfs",
        0x9123_683e => "btrfs",
        0x2fc1_2fc1 => "zfs",
        0x00c3_6400 => "ceph",
        0x0102_1994 => "tmpfs",
        _ => return format!("{number:#x}"),
    };
    name.to_owned()
}
