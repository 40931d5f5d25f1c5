//! What the kernel's error numbers mean to a caller.

use std::io;
use std::path::Path;

use rustix::io::Errno;

use crate::{Key, StorageError};

/// The meaning of an error met with an object.
pub(super) fn of_key(errno: Errno, key: &Key) -> StorageError {
    match errno {
        Errno::NOENT => StorageError::NotFound(key.clone()),
        Errno::EXIST => StorageError::AlreadyExists(key.clone()),
        _ => of(errno, key.as_str()),
    }
}

/// The meaning of an error met with a file or folder that is no object. A missing one is a fault as well.
pub(super) fn of(errno: Errno, what: &str) -> StorageError {
    match errno {
        Errno::ACCESS => StorageError::Denied(format!("{what}: no permission")),
        Errno::PERM => StorageError::Denied(format!("{what}: not permitted")),
        Errno::ROFS => StorageError::Denied(format!("{what}: the file system is read-only")),
        Errno::LOOP => StorageError::Denied(format!("{what}: symbolic links are not followed")),
        Errno::NOSPC => StorageError::Unavailable(format!("{what}: the disk is full")),
        Errno::DQUOT => StorageError::Unavailable(format!("{what}: the disk quota is used up")),
        Errno::NOTDIR => StorageError::Unavailable(format!("{what}: a file is where a folder should be")),
        Errno::ISDIR => StorageError::Corrupt(format!("{what}: a folder is where an object should be")),
        Errno::XDEV => StorageError::Unsupported(format!("{what}: it lies on another file system than the root")),
        Errno::NAMETOOLONG => StorageError::Unsupported(format!("{what}: the name is too long for the file system")),
        Errno::ILSEQ => StorageError::Unsupported(format!("{what}: the file system cannot express the name")),
        _ => StorageError::Unavailable(format!("{what}: {}", io::Error::from(errno))),
    }
}

/// The meaning of an error met with the root folder, whatever the call was for.
pub(super) fn of_root(errno: Errno, root: &Path) -> StorageError {
    let root = root.display();
    match errno {
        Errno::NOENT => StorageError::Unavailable(format!("the root folder {root} is missing")),
        Errno::NOTDIR => StorageError::Unavailable(format!("the root {root} is not a folder")),
        _ => of(errno, &format!("the root folder {root}")),
    }
}

/// The number inside an error of the standard library.
pub(super) fn errno(error: &io::Error) -> Errno {
    // an error without a number comes from a writer that took no bytes; EIO has the same meaning: try again
    Errno::from_io_error(error).unwrap_or(Errno::IO)
}
