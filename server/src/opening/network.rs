//! Which file systems are shared between machines.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;

use super::mounts::{Mount, Mounts};

/// The name of the network file system that a path is on, or will be on when it is made; `None` on a local one.
pub(super) fn file_system(path: &Path, mounts: &Mounts) -> Option<String> {
    let path = std::path::absolute(path).ok()?;
    let there = path.ancestors().find(|path| path.exists())?;
    let number = i128::from(rustix::fs::statfs(there).ok()?.f_type);
    match named(number)? {
        FUSE => fuse(there, mounts),
        name => Some(name.to_owned()),
    }
}

const FUSE: &str = "fuse";

/// Numbers of statfs(2). Some file systems report theirs sign-extended.
fn named(number: i128) -> Option<&'static str> {
    Some(match number & 0xffff_ffff {
        0x6969 => "nfs",
        0x517b | 0xff53_4d42 | 0xfe53_4d42 => "cifs",
        0x00c3_6400 => "ceph",
        0x5346_414f => "afs",
        0x0bd0_0bd0 => "lustre",
        0x4750_4653 => "gpfs",
        0x7461_636f => "ocfs2",
        0x0116_1970 => "gfs2",
        0x2003_0528 => "orangefs",
        0x6573_5546 => FUSE,
        _ => return None,
    })
}

/// FUSE file systems are known by the name that they are mounted with; most of them are local.
fn fuse(path: &Path, mounts: &Mounts) -> Option<String> {
    let device = fs::metadata(path).ok()?.dev();
    fuse_type(mounts, &format!("{}:{}", rustix::fs::major(device), rustix::fs::minor(device)))
}

fn fuse_type(mounts: &Mounts, device: &str) -> Option<String> {
    const SHARED: [&str; 9] = [
        "fuse.sshfs",
        "fuse.glusterfs",
        "fuse.s3fs",
        "fuse.rclone",
        "fuse.juicefs",
        "fuse.ceph-fuse",
        "fuse.seaweedfs",
        "fuse.moosefs",
        "fuse.gcsfuse",
    ];
    let Mount { kind, .. } = mounts.all().find(|mount| mount.device == device)?;
    SHARED.contains(&&*kind).then_some(kind)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn shared_file_systems_are_known_by_number() {
        assert_eq!(named(0x6969), Some("nfs"));
        assert_eq!(named(i128::from(0xff53_4d42_u32 as i32)), Some("cifs"));
        assert_eq!(named(0xef53), None); // ext4
        assert_eq!(named(0x0102_1994), None); // tmpfs
        assert_eq!(named(0x794c_7630), None); // overlay
    }

    #[test]
    fn fuse_file_systems_are_known_by_name() {
        let mounts = "36 35 0:52 / /mnt/far rw,noatime shared:1 - fuse.sshfs me@host:/ rw\n\
                      37 35 0:53 / /mnt/near rw - fuse.mergerfs a:b rw\n";
        let mounts = Mounts::from(mounts.to_owned());
        assert_eq!(fuse_type(&mounts, "0:52").as_deref(), Some("fuse.sshfs"));
        assert_eq!(fuse_type(&mounts, "0:53"), None);
        assert_eq!(fuse_type(&mounts, "0:54"), None);
    }

    #[test]
    fn a_path_that_is_yet_to_be_made_is_where_its_folder_is() {
        let folder = tempfile::tempdir().unwrap();
        let mounts = Mounts::current();
        let there = file_system(folder.path(), &mounts);
        assert_eq!(file_system(&folder.path().join("not/made/yet"), &mounts), there);
    }
}
