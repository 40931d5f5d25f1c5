//! Listing: folders are read whole and sorted by name, their files looked at page by page.

use std::os::fd::OwnedFd;

use rustix::fs::{self, AtFlags, Dir, FileType};
use rustix::io::Errno;

use super::root::{Root, fresh, kind};
use super::wire::Wire;
use super::{fault, read, temporary};
use crate::{Key, Listed, Prefix, Result};

/// Files looked at in one go on a blocking thread, and lines held in memory besides the names of the open folders.
const PAGE: usize = 1000;

/// What every fresh ext4 volume has at its root, readable for nobody but its owner. Not ours, and no reason to fail.
const LOST_AND_FOUND: &str = "lost+found";

/// A listing under way: the folders between the prefix and where it stands.
#[derive(Debug)]
pub(super) struct Walk {
    prefix: Prefix,
    /// Names sub-folders instead of entering them.
    flat: bool,
    levels: Option<Vec<Level>>,
}

#[derive(Debug)]
struct Level {
    folder: OwnedFd,
    /// Empty or ending in `/`.
    path: String,
    names: std::vec::IntoIter<Name>,
}

/// A name in a folder; a folder's ends in `/`, so that names sort as the keys do that they are part of.
#[derive(Debug, PartialEq, Eq, PartialOrd, Ord)]
struct Name(String);

impl Name {
    fn is_folder(&self) -> bool {
        self.0.ends_with('/')
    }
}

impl Walk {
    pub(super) fn new(prefix: Prefix, flat: bool) -> Self {
        Self { prefix, flat, levels: None }
    }

    /// The next lines; none when the listing is at its end.
    pub(super) fn page(&mut self, root: &Root) -> Result<Vec<Listed>> {
        let mut levels = match self.levels.take() {
            Some(levels) => levels,
            None => self.begin(root)?,
        };
        let mut page = Vec::new();
        while page.len() < PAGE
            && let Some(level) = levels.last_mut()
        {
            let Some(name) = level.names.next() else {
                levels.pop();
                continue;
            };
            let path = format!("{}{}", level.path, name.0);
            if !name.is_folder() {
                page.extend(object(root.wire(), level, &name, &path)?);
            } else if let Some(folder) = enter(level, &name, &path)? {
                if !self.flat {
                    levels.push(Level::read(folder, path, "")?);
                } else if holds_object(&folder, &path)? {
                    page.extend(Prefix::new(path).map(Listed::Folder));
                }
            }
        }
        self.levels = Some(levels);
        Ok(page)
    }

    fn begin(&self, root: &Root) -> Result<Vec<Level>> {
        let handle = root.open()?;
        let (path, begin) = match self.prefix.as_str().rsplit_once('/') {
            Some((folder, begin)) => (format!("{folder}/"), begin),
            None => (String::new(), self.prefix.as_str()),
        };
        match root.folder(&handle, path.trim_end_matches('/')) {
            Ok(_) if path.strip_prefix(temporary::FOLDER).is_some_and(|rest| rest.starts_with('/')) => Ok(Vec::new()),
            Ok(folder) => Ok(vec![Level::read(folder, path, begin)?]),
            // the root is there, and no folder in it has the name
            Err(Errno::NOENT | Errno::NOTDIR) => Ok(Vec::new()),
            Err(errno) => Err(fault::of(errno, &path)),
        }
    }
}

impl Level {
    fn read(folder: OwnedFd, path: String, begin: &str) -> Result<Self> {
        let mut names = Vec::new();
        each(&folder, &path, |name, is_folder| {
            if name.starts_with(begin) {
                names.push(Name(format!("{name}{}", if is_folder { "/" } else { "" })));
            }
            false
        })?;
        names.sort_unstable();
        Ok(Self { folder, path, names: names.into_iter() })
    }
}

/// Goes through files and folders until `stop` says so. Links, devices, pipes, names that are not UTF-8 and our own
/// temporary files are passed over: no key can name them.
fn each(folder: &OwnedFd, path: &str, mut stop: impl FnMut(&str, bool) -> bool) -> Result<bool> {
    let fault = |errno| fault::of(errno, if path.is_empty() { "the root folder" } else { path });
    for entry in Dir::read_from(folder).map_err(fault)? {
        let entry = match entry {
            Ok(entry) => entry,
            Err(Errno::NOENT) => break, // the folder was removed meanwhile
            Err(errno) => return Err(fault(errno)),
        };
        let Ok(name) = entry.file_name().to_str() else { continue };
        if name == "." || name == ".." || is_ours_or_nobodys(path, name) {
            continue;
        }
        let kind = match entry.file_type() {
            FileType::Unknown => match fs::statat(folder, name, AtFlags::SYMLINK_NOFOLLOW) {
                Ok(stat) => kind(&stat),
                Err(Errno::NOENT) => continue,
                Err(errno) => return Err(fault(errno)),
            },
            kind => kind,
        };
        if (kind.is_file() || kind.is_dir()) && stop(name, kind.is_dir()) {
            return Ok(true);
        }
    }
    Ok(false)
}

fn is_ours_or_nobodys(path: &str, name: &str) -> bool {
    match path {
        "" if name == LOST_AND_FOUND => true,
        ".chandlery/" if name == "tmp" => true,
        _ => is_kept_by_nfs(name),
    }
}

/// A file that was removed while it was open somewhere has such a name on an NFS client until it is closed, and for ever if the
/// client did not live to see that. Nobody refers to it.
fn is_kept_by_nfs(name: &str) -> bool {
    name.strip_prefix(".nfs").is_some_and(|rest| rest.len() >= 8 && rest.bytes().all(|byte| byte.is_ascii_hexdigit()))
}

/// The line of a file, if it still is one and a key can name it.
fn object(wire: &Wire, level: &Level, name: &Name, path: &str) -> Result<Option<Listed>> {
    match fresh(|| fs::statat(&level.folder, name.0.as_str(), AtFlags::SYMLINK_NOFOLLOW)) {
        Ok(stat) => {
            let line = Key::new(path).ok().zip(read::meta(&stat).ok());
            Ok(line.map(|(key, meta)| Listed::Object(key, wire.attributes(path, meta))))
        }
        Err(Errno::NOENT | Errno::STALE) => Ok(None),
        Err(errno) => Err(fault::of(errno, path)),
    }
}

/// The folder, if it is still there.
fn enter(level: &Level, name: &Name, path: &str) -> Result<Option<OwnedFd>> {
    match super::root::open_folder(&level.folder, name.0.trim_end_matches('/')) {
        Ok(folder) => Ok(Some(folder)),
        Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => Ok(None),
        Err(errno) => Err(fault::of(errno, path)),
    }
}

/// Whether any object lies below: a folder of nothing is no beginning of a key.
fn holds_object(folder: &OwnedFd, path: &str) -> Result<bool> {
    let mut folders = Vec::new();
    let found = each(folder, path, |name, is_folder| {
        if is_folder {
            folders.push(name.to_owned());
        }
        !is_folder
    })?;
    if found {
        return Ok(true);
    }
    for name in folders {
        let path = format!("{path}{name}/");
        match super::root::open_folder(folder, &name) {
            Ok(folder) if holds_object(&folder, &path)? => return Ok(true),
            Ok(_) | Err(Errno::NOENT | Errno::NOTDIR | Errno::LOOP) => {}
            Err(errno) => return Err(fault::of(errno, &path)),
        }
    }
    Ok(false)
}
