//! The volume that a folder lies on: its file system, how it is mounted, its links, its room.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use rustix::fs::{CWD, RenameFlags};
use serde_json::json;
use uuid::Uuid;

use super::{Report, Status};
use crate::opening::{Mount, Mounts};

/// Less is soon used up by uploads, and a full disk refuses them.
const LITTLE_ROOM: u64 = 256 << 20;
/// Files that a volume can still hold, if it counts them.
const FEW_FILES: u64 = 1000;

/// What a volume that ends with the machine is called in the mount table.
const VOLATILE: &[&str] = &["tmpfs", "ramfs"];

pub(super) fn examine(root: &Path, report: &mut Report) {
    let path = root.canonicalize().unwrap_or_else(|_| root.to_owned());
    match Mounts::current().of(&path) {
        None => report.add("file-system", Status::Note, "the mount table does not name it", json!(null)),
        Some(mount) => {
            let (status, advice) = judge(&mount);
            let Mount { point, options, kind, source, .. } = &mount;
            let message = format!("{kind} on {source}, mounted at {point} ({options}){advice}");
            let facts = json!({ "kind": kind, "source": source, "mountPoint": point, "options": options });
            report.add("file-system", status, message, facts);
        }
    }
    match rustix::fs::statvfs(&path) {
        Err(error) => report.failed("disk-space", io::Error::from(error)),
        Ok(volume) => {
            let free = volume.f_bavail.saturating_mul(volume.f_frsize);
            let files = (volume.f_files > 0).then_some(volume.f_favail);
            let few = files.is_some_and(|files| files < FEW_FILES);
            let status = if free < LITTLE_ROOM || few { Status::Warning } else { Status::Ok };
            let free_files = files.map(|files| format!(", room for {files} files")).unwrap_or_default();
            let message = format!("{} MiB are free{free_files}", free >> 20);
            report.add("disk-space", status, message, json!({ "freeBytes": free, "freeFiles": files }));
        }
    }
}

/// What somebody should know of such a mount.
fn judge(mount: &Mount) -> (Status, &'static str) {
    if mount.hides_absence() {
        let advice =
            ": mount it with lookupcache=positive, or a replica may overlook for a while what another one wrote";
        return (Status::Warning, advice);
    }
    if mount.is_nfs() && mount.has(&["soft", "softerr"]) {
        return (Status::Warning, ": mount it with hard, or writes may fail when the server is slow");
    }
    if VOLATILE.contains(&mount.kind.as_str()) {
        return (Status::Note, ": nothing in it outlives this machine's next start");
    }
    (Status::Ok, "")
}

/// How a name that must be free can be made here.
pub(super) fn examine_links(root: &Path, run: Uuid, report: &mut Report) {
    let folder = root.join(format!(".chandlery/doctor/{run}-links"));
    let outcome = fs::create_dir_all(&folder).and_then(|()| links(&folder));
    let _ = fs::remove_dir_all(&folder); // if it is there, this run made it
    match outcome {
        Err(error) => report.failed("links", error),
        Ok((link, rename)) => {
            let (status, message) = match (link, rename) {
                (true, true) => (Status::Ok, "hard links and renames that never replace both work"),
                (true, false) => (Status::Ok, "hard links work, and the link count is right"),
                (false, true) => {
                    (Status::Note, "there are no hard links; renames that never replace work and are used")
                }
                (false, false) => (Status::Failed, "there are neither hard links nor renames that never replace"),
            };
            report.add("links", status, message, json!({ "hardLinks": link, "renameNoReplace": rename }));
        }
    }
}

/// Whether a hard link is made, counted, and refused for a name that is taken; and the same of a rename.
fn links(folder: &Path) -> io::Result<(bool, bool)> {
    let [first, second, third] = ["first", "second", "third"].map(|name| folder.join(name));
    File::create(&first)?;
    File::create(&third)?;
    let made = fs::hard_link(&first, &second).is_ok() && fs::metadata(&first)?.nlink() == 2;
    let taken = |error: io::Error| error.kind() == io::ErrorKind::AlreadyExists;
    let link = made && fs::hard_link(&first, &third).err().is_some_and(taken);
    let rename = |from: &Path, to: &Path| rustix::fs::renameat_with(CWD, from, CWD, to, RenameFlags::NOREPLACE);
    let refused = rename(&first, &third) == Err(rustix::io::Errno::EXIST);
    let renamed = refused && rename(&first, &folder.join("fourth")).is_ok() && third.exists();
    Ok((link, renamed))
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw,errors=remount-ro\n\
        40 22 0:44 / /srv/far\\040away rw,noatime shared:2 - nfs4 files:/charts rw,vers=4.2,hard,proto=tcp\n\
        41 22 0:45 / /srv/near rw - nfs files:/other rw,vers=3,hard,lookupcache=pos\n\
        42 22 0:46 / /srv/soft rw - nfs4 files:/soft rw,soft,lookupcache=none\n\
        43 22 0:47 / /dev/shm rw - tmpfs tmpfs rw,size=1024k\n";

    #[test]
    fn a_network_file_system_needs_the_right_options() {
        let status = |path: &str| judge(&Mounts::from(MOUNTS.to_owned()).of(Path::new(path)).unwrap());
        assert_eq!(status("/"), (Status::Ok, ""));
        let (warning, advice) = status("/srv/far away");
        assert_eq!(warning, Status::Warning);
        assert!(advice.contains("lookupcache=positive"));
        assert_eq!(status("/srv/near"), (Status::Ok, ""));
        assert_eq!(status("/srv/soft").0, Status::Warning);
        assert_eq!(status("/dev/shm").0, Status::Note);
    }

    #[test]
    fn links_are_tried_and_nothing_is_left() {
        let folder = tempfile::tempdir().unwrap();
        let mut report = Report::new(String::new());
        examine_links(folder.path(), Uuid::nil(), &mut report);
        let left = fs::read_dir(folder.path().join(".chandlery/doctor")).unwrap().count();
        assert_eq!((report.checks[0].check, left), ("links", 0));
        assert!(report.healthy, "{}", report.text());
    }
}
