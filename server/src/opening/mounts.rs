//! How volumes are mounted.

use std::fs;
use std::path::Path;

/// The mount table of a process.
#[derive(Debug, Clone, Default)]
pub struct Mounts(String);

/// A line of it: proc_pid_mountinfo(5).
#[derive(Debug, PartialEq, Eq)]
pub struct Mount {
    /// Where.
    pub point: String,
    /// Separated by commas: the mount's own, then those of the file system.
    pub options: String,
    /// The file system.
    pub kind: String,
    /// What is mounted.
    pub source: String,
    /// Major and minor number, as stat(2) gives them.
    pub device: String,
}

impl From<String> for Mounts {
    fn from(table: String) -> Self {
        Self(table)
    }
}

impl Mounts {
    /// This process's; empty if the system does not tell.
    pub fn current() -> Self {
        Self(fs::read_to_string("/proc/self/mountinfo").unwrap_or_default())
    }

    /// Of the mounts above the path the nearest one, and of several at one place the last.
    pub fn of(&self, path: &Path) -> Option<Mount> {
        self.all().filter(|mount| path.starts_with(&mount.point)).max_by_key(|mount| mount.point.len())
    }

    /// Every mount, in the order of the table.
    pub fn all(&self) -> impl Iterator<Item = Mount> {
        self.0.lines().filter_map(Mount::parse)
    }
}

impl Mount {
    fn parse(line: &str) -> Option<Self> {
        let (before, after) = line.split_once(" - ")?;
        let mut before = before.split(' ').skip(2);
        let device = before.next()?.to_owned();
        let mut before = before.skip(1);
        let (point, own) = (unescaped(before.next()?), before.next()?);
        let mut after = after.split(' ');
        let (kind, source) = (after.next()?.to_owned(), unescaped(after.next()?));
        let options = match after.next() {
            Some(options) => format!("{own},{options}"),
            None => own.to_owned(),
        };
        Some(Self { point, options, kind, source, device })
    }

    /// Whether it is mounted with one of these options.
    pub fn has(&self, wanted: &[&str]) -> bool {
        self.options.split(',').any(|option| wanted.contains(&option))
    }

    /// Whether it is a volume of an NFS server.
    pub fn is_nfs(&self) -> bool {
        self.kind == "nfs" || self.kind == "nfs4"
    }

    /// Whether this machine may go on believing that a file is absent after another machine has made it (nfs(5)).
    pub fn hides_absence(&self) -> bool {
        self.is_nfs() && !self.has(&["lookupcache=none", "lookupcache=pos", "lookupcache=positive"])
    }
}

/// Spaces and the like are written as three octal digits.
fn unescaped(text: &str) -> String {
    [("\\040", " "), ("\\011", "\t"), ("\\012", "\n"), ("\\134", "\\")]
        .iter()
        .fold(text.to_owned(), |text, (escaped, plain)| text.replace(escaped, plain))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n\
        40 22 0:44 / /srv/far\\040away rw,noatime shared:2 - nfs4 files:/charts rw,vers=4.2,hard,proto=tcp\n\
        41 22 0:45 / /srv/near rw - nfs files:/other rw,vers=3,hard,lookupcache=pos\n\
        42 22 0:46 / /srv/near/none rw - nfs4 files:/none rw,vers=4.2,hard,lookupcache=none\n";

    fn mount(path: &str) -> Mount {
        Mounts::from(MOUNTS.to_owned()).of(Path::new(path)).unwrap()
    }

    #[test]
    fn the_nearest_mount_is_the_one() {
        assert_eq!(mount("/srv/charts").point, "/");
        assert_eq!(mount("/srv/far away/charts").point, "/srv/far away");
        assert_eq!(mount("/srv/nearby").point, "/", "whole names are compared");
        let expected = Mount {
            point: "/srv/near".to_owned(),
            options: "rw,rw,vers=3,hard,lookupcache=pos".to_owned(),
            kind: "nfs".to_owned(),
            source: "files:/other".to_owned(),
            device: "0:45".to_owned(),
        };
        assert_eq!(mount("/srv/near"), expected);
        assert_eq!(Mounts::default().of(Path::new("/")), None);
    }

    #[test]
    fn absence_is_remembered_by_nfs_unless_it_is_told_not_to() {
        let hiding = ["/srv/charts", "/srv/far away", "/srv/near", "/srv/near/none/below"];
        assert_eq!(hiding.map(|path| mount(path).hides_absence()), [false, true, false, false]);
    }
}
