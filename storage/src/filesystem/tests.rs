//! What is particular to files; the promises of the trait are tried by the contract suite.

use std::ffi::OsStr;
use std::fs;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::symlink;
use std::path::Path;
use std::time::{Duration, SystemTime};

use futures_util::FutureExt;
use rustix::fs::{CWD, Mode};
use rustix::mount::{MountFlags, UnmountFlags, mount, mount_remount, unmount};
use tempfile::TempDir;

use super::*;

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

fn open() -> (TempDir, FileStore) {
    let root = tempfile::tempdir().unwrap();
    let store = FileStore::open(root.path().to_owned()).unwrap();
    (root, store)
}

async fn list(store: &FileStore) -> Vec<String> {
    let name = |line| match line {
        Listed::Object(key, _) => key.to_string(),
        Listed::Folder(folder) => folder.to_string(),
    };
    store.list(&Prefix::root()).map_ok(name).try_collect().await.unwrap()
}

#[track_caller]
fn assert_denied<T: std::fmt::Debug>(outcome: Result<T>, saying: &str) {
    assert!(matches!(&outcome, Err(StorageError::Denied(why)) if why.contains(saying)), "{saying}: {outcome:?}");
}

#[track_caller]
fn assert_unavailable<T: std::fmt::Debug>(outcome: Result<T>, saying: &str) {
    assert!(matches!(&outcome, Err(StorageError::Unavailable(why)) if why.contains(saying)), "{saying}: {outcome:?}");
}

#[track_caller]
fn assert_corrupt<T: std::fmt::Debug>(outcome: Result<T>) {
    assert!(matches!(outcome, Err(StorageError::Corrupt(_))), "{outcome:?}");
}

fn unfinished(root: &Path) -> usize {
    fs::read_dir(root.join(".chandlery/tmp")).unwrap().count()
}

#[tokio::test]
async fn an_object_is_a_plain_file_and_nothing_else_stays() {
    let (root, store) = open();
    let key = key("stable/web-1.0.0+b 1.tgz");
    store.put_new(&key, "package".into()).await.unwrap();
    assert_eq!(fs::read(root.path().join(key.as_str())).unwrap(), b"package");
    store.put_new(&key, "other".into()).await.unwrap_err();
    assert_eq!(unfinished(root.path()), 0);
}

#[tokio::test]
async fn what_people_put_there_is_found() {
    let (root, store) = open();
    fs::create_dir_all(root.path().join("old/deep")).unwrap();
    fs::write(root.path().join("old/deep/web-1.0.0.tgz"), "by hand").unwrap();
    assert_eq!(list(&store).await, ["old/deep/web-1.0.0.tgz"]);
    let before = store.head(&key("old/deep/web-1.0.0.tgz")).await.unwrap();
    fs::write(root.path().join("old/deep/web-1.0.0.tgz"), "in place").unwrap();
    let after = store.get(&key("old/deep/web-1.0.0.tgz"), None).await.unwrap();
    assert_ne!(before.etag, after.meta.etag);
    assert_eq!(after.bytes, "in place");
    store.delete(&key("old/deep/web-1.0.0.tgz")).await.unwrap();
    assert!(root.path().join("old/deep").exists(), "people's folders stay");
}

#[tokio::test]
async fn folders_of_ours_go_with_their_last_object() {
    let (root, store) = open();
    let session = key(".chandlery/uploads/1/parts/0");
    store.put_new(&session, "".into()).await.unwrap();
    store.put_new(&key(".chandlery/uploads/2"), "".into()).await.unwrap();
    store.delete(&session).await.unwrap();
    assert!(!root.path().join(".chandlery/uploads/1").exists());
    store.delete(&key(".chandlery/uploads/2")).await.unwrap();
    assert!(root.path().join(".chandlery/uploads").exists());
    store.put_new(&session, "again".into()).await.unwrap();
}

#[tokio::test]
async fn links_are_neither_followed_nor_listed() {
    for walks in [false, true] {
        let (root, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let disk = Disk::open(Root::new(root.path().to_owned(), walks)).unwrap();
        let store = FileStore { disk: Arc::new(disk) };
        fs::write(outside.path().join("secret"), "secret").unwrap();
        symlink(outside.path(), root.path().join("folder")).unwrap();
        symlink(outside.path().join("secret"), root.path().join("file")).unwrap();
        symlink("nowhere", root.path().join("dangling")).unwrap();
        for text in ["folder/secret", "folder/a/b", "file", "dangling"] {
            assert_denied(store.get(&key(text), None).await, "link");
            assert_denied(store.head(&key(text)).await, "link");
            assert_denied(store.copy_new(&key(text), &key("copy")).await, "link");
        }
        for text in ["folder/new", "folder/secret", "folder/a/b"] {
            assert_denied(store.put_new(&key(text), "".into()).await, "link");
            assert_denied(store.put(&key(text), "".into()).await, "link");
            assert_denied(store.delete(&key(text)).await, "link");
        }
        for text in ["file", "dangling"] {
            assert!(store.put_new(&key(text), "".into()).await.unwrap_err().is_already_exists());
        }
        assert_eq!(list(&store).await, [""; 0]);
        let within: Vec<_> = store.list(&Prefix::new("folder/s").unwrap()).collect().await;
        assert_denied(within.into_iter().next().unwrap(), "link");
        let folders: Vec<_> = store.list_folder(&Prefix::root()).collect().await;
        assert!(folders.is_empty(), "{folders:?}");
        store.put(&key("file"), "mine".into()).await.unwrap();
        store.delete(&key("dangling")).await.unwrap();
        assert_eq!(list(&store).await, ["file"]);
        assert_eq!(fs::read(outside.path().join("secret")).unwrap(), b"secret");
        assert_eq!(fs::read_dir(outside.path()).unwrap().count(), 1);
    }
}

#[tokio::test]
async fn the_root_itself_may_be_a_link() {
    let (outside, beside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    symlink(outside.path(), beside.path().join("charts")).unwrap();
    let store = FileStore::open(beside.path().join("charts")).unwrap();
    store.put_new(&key("a"), "1".into()).await.unwrap();
    assert_eq!(fs::read(outside.path().join("a")).unwrap(), b"1");
}

#[tokio::test]
async fn what_no_key_can_name_is_passed_over() {
    let (root, store) = open();
    fs::write(root.path().join(OsStr::from_bytes(b"latin-\xe9.tgz")), "").unwrap();
    fs::create_dir(root.path().join("lost+found")).unwrap();
    fs::write(root.path().join("lost+found/#12"), "").unwrap();
    fs::write(root.path().join(".chandlery/tmp/0123"), "in flight").unwrap();
    rustix::fs::mkfifoat(CWD, root.path().join("pipe"), Mode::RWXU).unwrap();
    assert_eq!(list(&store).await, [""; 0]);
    for folder in ["", ".chandlery/", ".chandlery/tmp/", ".chandlery/tmp/0"] {
        let lines: Vec<_> = store.list_folder(&Prefix::new(folder).unwrap()).collect().await;
        assert!(lines.is_empty(), "{folder}: {lines:?}");
    }
    store.get(&key("pipe"), None).await.unwrap_err();
    assert_denied(store.get(&key(".chandlery/tmp/0123"), None).await, "unfinished");
    assert_denied(store.put_new(&key(".chandlery/tmp"), "".into()).await, "unfinished");
    store.put_new(&key(".chandlery/tmpfile/a"), "".into()).await.unwrap();
}

#[tokio::test]
async fn a_folder_in_the_place_of_an_object_is_corrupt_and_the_reverse_unavailable() {
    let (root, store) = open();
    fs::create_dir(root.path().join("folder")).unwrap();
    fs::write(root.path().join("file"), "").unwrap();
    let (folder, below) = (key("folder"), key("file/a"));
    assert_corrupt(store.get(&folder, None).await);
    assert_corrupt(store.head(&folder).await);
    assert_corrupt(store.put_new(&folder, "".into()).await);
    assert_corrupt(store.put(&folder, "".into()).await);
    assert_corrupt(store.delete(&folder).await);
    assert_unavailable(store.get(&below, None).await, "a file is where a folder should be");
    assert_unavailable(store.put_new(&below, "".into()).await, "a file is where a folder should be");
    assert_unavailable(store.delete(&below).await, "a file is where a folder should be");
    assert_eq!(unfinished(root.path()), 0);
}

#[tokio::test]
async fn a_missing_root_is_unavailable_for_every_call() {
    let (root, store) = open();
    store.put_new(&key("a"), "1".into()).await.unwrap();
    let mut stage = store.stage(&key("b")).await.unwrap();
    stage.append("2".into()).await.unwrap();
    fs::rename(root.path(), root.path().with_extension("away")).unwrap();
    let missing = "is missing";
    assert_unavailable(store.get(&key("a"), None).await, missing);
    assert_unavailable(store.head(&key("b")).await, missing);
    assert_unavailable(store.put_new(&key("b"), "".into()).await, missing);
    assert_unavailable(store.put(&key("b"), "".into()).await, missing);
    assert_unavailable(store.delete(&key("b")).await, missing);
    assert_unavailable(store.copy_new(&key("a"), &key("b")).await, missing);
    assert_unavailable(store.stage(&key("b")).await.map(|_| ()), missing);
    assert_unavailable(stage.publish_new().await, missing);
    assert_unavailable(store.list(&Prefix::root()).try_collect::<Vec<_>>().await, missing);
    assert_unavailable(store.list_folder(&Prefix::new("x/").unwrap()).try_collect::<Vec<_>>().await, missing);
    assert!(!root.path().exists(), "a volume that is not mounted is not made up");
    fs::rename(root.path().with_extension("away"), root.path()).unwrap();
    assert_eq!(list(&store).await, ["a"]);
}

#[tokio::test]
async fn a_restored_root_is_taken_up_at_once() {
    let (root, store) = open();
    store.put_new(&key("a"), "1".into()).await.unwrap();
    let away = root.path().with_extension("old");
    fs::rename(root.path(), &away).unwrap();
    fs::create_dir(root.path()).unwrap();
    assert!(store.get(&key("a"), None).await.unwrap_err().is_not_found());
    store.put_new(&key("b/c"), "2".into()).await.unwrap();
    assert!(root.path().join("b/c").exists() && !away.join("b").exists());
    fs::remove_dir_all(away).unwrap();
}

#[test]
fn a_root_that_cannot_be_is_named_at_once() {
    let place = tempfile::tempdir().unwrap();
    let file = place.path().join("file");
    fs::write(&file, "").unwrap();
    assert_unavailable(FileStore::open(file.clone()), "is not a folder");
    assert_unavailable(FileStore::open(file.join("charts")), "cannot create the root folder");
    assert_unavailable(FileStore::open("/proc/chandlery".into()), "cannot create the root folder");
    FileStore::open(place.path().join("made/with/parents")).unwrap();
    assert!(place.path().join("made/with/parents/.chandlery/tmp").is_dir());
}

#[test]
fn unfinished_uploads_of_a_day_ago_are_swept() {
    let (root, _) = open();
    let folder = root.path().join(".chandlery/tmp");
    let hours_ago = |hours: u64| SystemTime::now() - Duration::from_secs(hours * 3600);
    for (name, hours) in [("old", 25), ("young", 23)] {
        let file = fs::File::create(folder.join(name)).unwrap();
        file.set_modified(hours_ago(hours)).unwrap();
    }
    fs::create_dir(folder.join("not-ours")).unwrap();
    FileStore::open(root.path().to_owned()).unwrap();
    assert!(!folder.join("old").exists());
    assert!(folder.join("young").exists() && folder.join("not-ours").exists());
}

#[tokio::test]
async fn the_place_of_unfinished_uploads_is_made_again() {
    let (root, store) = open();
    fs::remove_dir_all(root.path().join(".chandlery")).unwrap();
    store.put_new(&key("a"), "1".into()).await.unwrap();
    let mut stage = store.stage(&key("b")).await.unwrap();
    stage.append("2".into()).await.unwrap();
    fs::remove_dir_all(root.path().join(".chandlery")).unwrap();
    assert!(matches!(stage.publish_new().await, Err(StorageError::Unavailable(_))));
    assert_eq!(list(&store).await, ["a"]);
}

#[tokio::test]
async fn an_append_that_was_given_up_spoils_the_object() {
    let (root, store) = open();
    let mut stage = store.stage(&key("a")).await.unwrap();
    drop(stage.append(vec![0; 1 << 20].into())); // never polled: nothing was begun
    stage.append("1".into()).await.unwrap();
    let begun = stage.append(vec![0; 8 << 20].into()).now_or_never();
    let outcome = stage.publish_new().await;
    match begun {
        Some(_) => assert_eq!(outcome.unwrap().size, (8 << 20) + 1),
        None => assert_unavailable(outcome, "an earlier part"),
    }
    assert!(root.path().join("a").exists() == begun.is_some());
}

/// A small file system of its own; only root may mount one.
struct SmallDisk(TempDir);

impl SmallDisk {
    fn mount() -> Option<Self> {
        let place = tempfile::tempdir().unwrap();
        match mount("tmpfs", place.path(), "tmpfs", MountFlags::empty(), Some(c"size=1m")) {
            Ok(()) => Some(Self(place)),
            Err(errno) => {
                eprintln!("skipped: a file system cannot be mounted here ({errno})");
                None
            }
        }
    }

    fn path(&self) -> &Path {
        self.0.path()
    }

    fn read_only(&self) {
        mount_remount(self.path(), MountFlags::RDONLY, "size=1m").unwrap();
    }
}

impl Drop for SmallDisk {
    fn drop(&mut self) {
        unmount(self.0.path(), UnmountFlags::DETACH).unwrap();
    }
}

#[tokio::test]
async fn a_full_disk_is_named_and_leaves_nothing() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = FileStore::open(disk.path().to_owned()).unwrap();
    let large = Bytes::from(vec![1; 2 << 20]);
    let full = "the disk is full";
    assert_unavailable(store.put_new(&key("a/b"), large.clone()).await, full);
    assert_unavailable(store.put(&key("a/b"), large.clone()).await, full);
    let mut stage = store.stage(&key("a/b")).await.unwrap();
    stage.append("1".into()).await.unwrap();
    assert_unavailable(stage.append(large).await, full);
    assert_unavailable(stage.append("2".into()).await, "an earlier part");
    assert_unavailable(stage.publish_new().await, "an earlier part");
    let half = Bytes::from(vec![1; 600 << 10]);
    store.put_new(&key("half"), half).await.unwrap();
    assert_unavailable(store.copy_new(&key("half"), &key("copy")).await, full);
    assert_eq!(list(&store).await, ["half"]);
    assert_eq!(unfinished(disk.path()), 0);
    store.put_new(&key("a/b"), "small".into()).await.unwrap();
}

#[tokio::test]
async fn a_read_only_disk_refuses_writes_and_serves_reads() {
    let Some(disk) = SmallDisk::mount() else { return };
    let store = FileStore::open(disk.path().to_owned()).unwrap();
    store.put_new(&key("a"), "1".into()).await.unwrap();
    disk.read_only();
    let read_only = "read-only";
    assert_denied(store.put_new(&key("b"), "".into()).await, read_only);
    assert_denied(store.put(&key("a"), "".into()).await, read_only);
    assert_denied(store.delete(&key("a")).await, read_only);
    assert_denied(store.copy_new(&key("a"), &key("b")).await, read_only);
    assert_denied(store.stage(&key("b")).await.map(|_| ()), read_only);
    assert_eq!(store.get(&key("a"), None).await.unwrap().bytes, "1");
    assert!(store.put_new(&key("a"), "".into()).await.unwrap_err().is_already_exists());
    assert_denied(FileStore::open(disk.path().to_owned()), "read-only");
}

#[tokio::test]
async fn another_file_system_below_the_root_takes_no_objects() {
    let (root, store) = open();
    let Some(disk) = SmallDisk::mount() else { return };
    fs::create_dir(root.path().join("other")).unwrap();
    let place = root.path().join("other");
    rustix::mount::mount_bind(disk.path(), &place).unwrap();
    fs::write(place.join("a"), "1").unwrap();
    let read = store.get(&key("other/a"), None).await;
    let written = store.put_new(&key("other/b"), "2".into()).await;
    unmount(&place, UnmountFlags::DETACH).unwrap();
    assert_eq!(read.unwrap().bytes, "1");
    assert!(
        matches!(&written, Err(StorageError::Unsupported(why)) if why.contains("another file system")),
        "{written:?}"
    );
}

/// With five calls for one look, a client that is not kept from it would give up one read in 30,000.
#[tokio::test]
async fn an_imitated_nfs_client_reads_what_nobody_touches_however_often_it_loses_it() {
    let root = tempfile::tempdir().unwrap();
    let client = Arc::new(nfs::Client::new(2));
    let disk = FileStore::open_over(root.path().to_owned(), client.clone()).unwrap().disk;
    disk.put_new(&key("a"), b"1").unwrap();
    for _ in 0..20_000 {
        assert_eq!(disk.get(&key("a"), None).unwrap().bytes, "1");
    }
    assert!(client.oddities().stale > 2000, "{:?}", client.oddities());
}
