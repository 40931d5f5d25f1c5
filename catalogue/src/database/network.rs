//! Whether a path lies on a file system that another machine may write to, or serves.

use std::os::unix::fs::MetadataExt;
use std::path::Path;

/// `f_type` of statfs(2) for file systems that are reached over a network, or shared with another kernel: SQLite's
/// locks and its memory-mapped index do not hold there. From the kernel's `magic.h` and the file systems' own headers.
const NETWORK_KINDS: &[u32] = &[
    0x6969,      // NFS
    0x517B,      // SMB
    0xFE53_4D42, // SMB 2 and 3
    0xFF53_4D42, // CIFS
    0x0102_1997, // 9P: shared folders of virtual machines
    0x564C,      // NCP
    0x7375_7245, // Coda
    0x5346_414F, // AFS
    0x6B41_4653, // AFS of the kernel
    0x00C3_6400, // Ceph
    0x0BD0_0BD0, // Lustre
    0x4750_4653, // GPFS
    0x1983_0326, // BeeGFS
    0xAAD7_AAEA, // PanFS
    0x2003_0528, // OrangeFS
    0x0116_1970, // GFS2
    0x7461_636F, // OCFS2
    0x786F_4256, // shared folders of VirtualBox
    0xBACB_ACBC, // shared folders of VMware
];

/// One number for all file systems that a process serves, local or not, and for those that a host lends its guests.
const FUSE: u32 = 0x6573_5546;

/// What of FUSE keeps its files on a local disk: names in the mount table.
const LOCAL_FUSE_KINDS: &[&str] = &[
    "fuseblk",
    "fuse.bindfs",
    "fuse.encfs",
    "fuse.ext2",
    "fuse.fuse-overlayfs",
    "fuse.gocryptfs",
    "fuse.lxcfs",
    "fuse.mergerfs",
    "fuse.ntfs-3g",
    "fuse.unionfs",
];

/// True if the path, or the nearest folder above it that exists, lies on a network file system. A file system that
/// cannot be asked counts as a local one; one served by an unknown process counts as a network one.
pub fn is_network_file_system(path: &Path) -> bool {
    // a relative path has the empty path above it, which means the current folder
    let here = |path: &Path| if path.as_os_str().is_empty() { Path::new(".").to_owned() } else { path.to_owned() };
    let Some(found) = path.ancestors().map(here).find(|path| path.exists()) else { return false };
    let Ok(about) = rustix::fs::statfs(&found) else { return false };
    // the type of the field differs between machines; all kinds fit into 32 bits
    let kind = about.f_type as u32;
    if kind == FUSE { !is_local_fuse(&found) } else { NETWORK_KINDS.contains(&kind) }
}

fn is_local_fuse(path: &Path) -> bool {
    let Ok(device) = path.metadata().map(|about| about.dev()) else { return false };
    let device = format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device));
    let mounts = std::fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
    kind_of_device(&mounts, &device).is_some_and(|kind| LOCAL_FUSE_KINDS.contains(&kind))
}

/// The kind of file system on a device (`major:minor`), from the text of proc_pid_mountinfo(5).
fn kind_of_device<'a>(mounts: &'a str, device: &str) -> Option<&'a str> {
    let line = mounts.lines().find(|line| line.split(' ').nth(2) == Some(device))?;
    let (_, after) = line.split_once(" - ")?;
    after.split(' ').next()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_of_a_local_disk_is_not_on_the_network_even_before_it_exists() {
        let folder = tempfile::tempdir().unwrap();
        assert!(!is_network_file_system(folder.path()));
        assert!(!is_network_file_system(&folder.path().join("not/yet")));
        assert!(!is_network_file_system(Path::new("not-yet-either")));
    }

    #[test]
    fn nfs_is_a_network_file_system() {
        assert!(NETWORK_KINDS.contains(&(rustix::fs::NFS_SUPER_MAGIC as u32)));
        assert!(!NETWORK_KINDS.contains(&(rustix::fs::PROC_SUPER_MAGIC as u32)));
    }

    #[test]
    fn the_mount_table_names_what_a_process_serves() {
        let mounts = "36 25 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n\
            49 36 0:44 / /mnt/far\\040away rw,nosuid shared:2 master:1 - fuse.sshfs me@far:/ rw,user_id=0\n\
            50 36 0:4 / /mnt/disk rw - fuseblk /dev/sdb1 rw\n";
        assert_eq!(kind_of_device(mounts, "0:44"), Some("fuse.sshfs"));
        assert_eq!(kind_of_device(mounts, "0:4"), Some("fuseblk"));
        assert_eq!(kind_of_device(mounts, "8:1"), Some("ext4"));
        assert_eq!(kind_of_device(mounts, "8:2"), None);
        assert_eq!(kind_of_device("", "8:2"), None);
    }
}
