//! Reading objects from files.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::os::fd::OwnedFd;

use bytes::Bytes;
use jiff::Timestamp;
use rustix::fs::{self, FileType, OFlags, Stat};
use rustix::io::Errno;

use super::fault;
use super::root::{Root, kind};
use crate::{ByteRange, Key, Object, ObjectMeta, Result, StorageError};

/// What a file's attributes say of the object, [`Errno::ISDIR`] if it is a folder and [`Errno::LOOP`] if a link.
pub(super) fn meta(stat: &Stat) -> Result<ObjectMeta, Errno> {
    match kind(stat) {
        FileType::RegularFile => {}
        FileType::Directory => return Err(Errno::ISDIR),
        FileType::Symlink => return Err(Errno::LOOP),
        _ => return Err(Errno::INVAL),
    }
    let size = u64::try_from(stat.st_size).map_err(|_| Errno::OVERFLOW)?;
    let nanosecond = i32::try_from(stat.st_mtime_nsec).map_err(|_| Errno::OVERFLOW)?;
    // a time that no calendar holds is a file system's whim, not a reason to lose the object
    let modified = Timestamp::new(stat.st_mtime, nanosecond).unwrap_or(Timestamp::UNIX_EPOCH);
    // linking changes the time of change, so that is no part of it
    let etag = format!("{:x}-{:x}-{size:x}", stat.st_ino, modified.as_nanosecond());
    Ok(ObjectMeta { size, modified, etag })
}

/// Opens the file of an object. Never waits, not even for the other end of a pipe that somebody put there.
pub(super) fn open(root: &Root, handle: &OwnedFd, key: &Key) -> Result<(File, ObjectMeta)> {
    let open = || {
        let file = root.open_below(handle, key.as_str(), OFlags::RDONLY | OFlags::NONBLOCK)?;
        let meta = meta(&fs::fstat(&file)?)?;
        Ok((File::from(file), meta))
    };
    open().map_err(|errno| fault::of_key(errno, key))
}

pub(super) fn head(root: &Root, handle: &OwnedFd, key: &Key) -> Result<ObjectMeta> {
    let stat = root.open_below(handle, key.as_str(), OFlags::PATH).and_then(fs::fstat);
    stat.and_then(|stat| meta(&stat)).map_err(|errno| fault::of_key(errno, key))
}

pub(super) fn get(root: &Root, handle: &OwnedFd, key: &Key, range: Option<ByteRange>) -> Result<Object> {
    let (mut file, meta) = open(root, handle, key)?;
    let range = range.map_or(0..meta.size, |range| range.within(meta.size));
    let mut read = || -> io::Result<Vec<u8>> {
        let length = range.end - range.start;
        let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
        if range.start > 0 {
            file.seek(SeekFrom::Start(range.start))?;
        }
        (&file).take(length).read_to_end(&mut bytes)?;
        Ok(bytes)
    };
    let bytes = Bytes::from(read().map_err(|error| fault::of_key(fault::errno(&error), key))?);
    if bytes.len() as u64 != range.end - range.start {
        return Err(StorageError::Corrupt(format!("{key}: it became shorter while it was read")));
    }
    Ok(Object { meta, bytes })
}
