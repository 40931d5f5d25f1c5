//! Reading objects from files.

use std::fs::File;
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::os::fd::OwnedFd;

use bytes::Bytes;
use jiff::Timestamp;
use rustix::fs::{self, AtFlags, FileType, OFlags, Stat, StatxFlags};
use rustix::io::Errno;

use super::fault;
use super::root::{Root, fresh, kind};
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
    Ok(told(stat.st_ino, size, stat.st_mtime, nanosecond))
}

fn told(inode: u64, size: u64, second: i64, nanosecond: i32) -> ObjectMeta {
    // a time that no calendar holds is a file system's whim, not a reason to lose the object
    let modified = Timestamp::new(second, nanosecond).unwrap_or(Timestamp::UNIX_EPOCH);
    // linking changes the time of change, so that is no part of it
    let etag = format!("{inode:x}-{:x}-{size:x}", modified.as_nanosecond());
    ObjectMeta { size, modified, etag }
}

/// The same, asked of the server: a network file system may remember older attributes of a name for a minute.
fn asked(file: &OwnedFd) -> Result<ObjectMeta, Errno> {
    let flags = AtFlags::EMPTY_PATH | AtFlags::STATX_FORCE_SYNC;
    let stat = match fs::statx(file, "", flags, StatxFlags::BASIC_STATS) {
        Err(Errno::NOSYS) => return meta(&fs::fstat(file)?),
        stat => stat?,
    };
    // the kind does not change while it is open
    meta(&fs::fstat(file)?)?;
    let nanosecond = i32::try_from(stat.stx_mtime.tv_nsec).map_err(|_| Errno::OVERFLOW)?;
    Ok(told(stat.stx_ino, stat.stx_size, stat.stx_mtime.tv_sec, nanosecond))
}

/// Opens the file of an object. Never waits, not even for the other end of a pipe that somebody put there.
pub(super) fn open(root: &Root, handle: &OwnedFd, key: &Key) -> Result<(File, ObjectMeta)> {
    let open = || {
        let file = root.open_below(handle, key.as_str(), OFlags::RDONLY | OFlags::NONBLOCK)?;
        let meta = meta(&fs::fstat(&file)?)?;
        Ok((File::from(file), meta))
    };
    fresh(open).map_err(|errno| fault::of_key(errno, key))
}

pub(super) fn head(root: &Root, handle: &OwnedFd, key: &Key) -> Result<ObjectMeta> {
    let look = || asked(&root.open_below(handle, key.as_str(), OFlags::PATH)?);
    fresh(look).map_err(|errno| fault::of_key(errno, key))
}

pub(super) fn get(root: &Root, handle: &OwnedFd, key: &Key, range: Option<ByteRange>) -> Result<Object> {
    let look = || {
        let file = root.open_below(handle, key.as_str(), OFlags::RDONLY | OFlags::NONBLOCK)?;
        let meta = meta(&fs::fstat(&file)?)?;
        let range = range.map_or(0..meta.size, |range| range.within(meta.size));
        // whoever has it open on a network file system may lose it to somebody who removes it there
        root.wire().look_up(key.as_str())?;
        let bytes = read(File::from(file), &range).map_err(|error| fault::errno(&error))?;
        Ok((meta, range, bytes))
    };
    let (meta, range, bytes) = fresh(look).map_err(|errno| fault::of_key(errno, key))?;
    if bytes.len() as u64 != range.end - range.start {
        return Err(StorageError::Corrupt(format!("{key}: it became shorter while it was read")));
    }
    Ok(Object { meta, bytes })
}

fn read(mut file: File, range: &Range<u64>) -> io::Result<Bytes> {
    let length = range.end - range.start;
    let mut bytes = Vec::with_capacity(usize::try_from(length).map_err(io::Error::other)?);
    if range.start > 0 {
        file.seek(SeekFrom::Start(range.start))?;
    }
    file.take(length).read_to_end(&mut bytes)?;
    Ok(Bytes::from(bytes))
}
