//! Where the catalogue's SQLite file goes.

use std::fs::{self, DirBuilder, File, TryLockError};
use std::io;
use std::os::unix::fs::{DirBuilderExt, MetadataExt};
use std::path::{Path, PathBuf};

use uuid::Uuid;

use super::mounts::Mounts;
use super::network;

/// Held by the process that uses the folder.
const LOCK_FILE: &str = "lock";

/// Replicas of one storage on one machine that get folders of their own; further ones work in memory.
const LARGEST_NUMBER: u32 = 16;

/// Begins the name of the folder in the temporary folder; the user's number follows.
const TEMPORARY_FOLDER: &str = "chandlery-";

/// A folder that this process alone uses.
#[derive(Debug)]
pub(super) struct CatalogueFolder {
    pub(super) path: PathBuf,
    _lock: File,
}

enum Unusable {
    InUse,
    Other(String),
}

/// Names the network file system of a path.
type Network = fn(&Path) -> Option<String>;

fn file_system(path: &Path) -> Option<String> {
    network::file_system(path, &Mounts::current())
}

/// The chosen folder; else one for this storage in the user's cache folder, else in the temporary folder, else none.
pub(super) fn find(chosen: Option<&Path>, storage: Uuid) -> Result<Option<CatalogueFolder>, String> {
    if let Some(path) = chosen {
        return match take(path, file_system) {
            Ok(folder) => Ok(Some(folder)),
            Err(Unusable::InUse) => Err(format!("the folder {} is used by another process", path.display())),
            Err(Unusable::Other(reason)) => Err(format!("the folder {}: {reason}", path.display())),
        };
    }
    let cache = cache_folder().map(|folder| folder.join("chandlery"));
    let found = find_in(cache.into_iter().chain(own_temporary_folder()), storage, file_system);
    if found.is_none() {
        tracing::warn!(
            "No folder for the catalogue can be written (setting catalogue): it is kept in memory, and every start reads it from the storage"
        );
    }
    Ok(found)
}

/// Where [`find`] would look first, and then; without making anything.
pub(super) fn places(chosen: Option<&Path>, storage: Option<Uuid>) -> Vec<PathBuf> {
    if let Some(chosen) = chosen {
        return vec![chosen.to_owned()];
    }
    let own = rustix::process::geteuid().as_raw();
    let temporary = std::env::temp_dir().join(format!("{TEMPORARY_FOLDER}{own}"));
    let parents = cache_folder().map(|folder| folder.join("chandlery")).into_iter().chain([temporary]);
    parents.map(|parent| storage.map_or(parent.clone(), |storage| parent.join(storage.to_string()))).collect()
}

fn find_in(parents: impl IntoIterator<Item = PathBuf>, storage: Uuid, network: Network) -> Option<CatalogueFolder> {
    for parent in parents {
        for path in numbered(&parent, storage) {
            match take(&path, network) {
                Ok(folder) => return Some(folder),
                Err(Unusable::InUse) => {} // another replica on this machine
                Err(Unusable::Other(reason)) => {
                    tracing::debug!(folder = %path.display(), reason, "Not used for the catalogue");
                    break;
                }
            }
        }
    }
    None
}

/// True if another process of this machine has the storage's catalogue open: in the chosen folder, or in one that would be
/// its default.
pub(super) fn is_used(chosen: Option<&Path>, storage: Uuid) -> bool {
    let by_default = || {
        let parents = cache_folder().map(|folder| folder.join("chandlery")).into_iter().chain(own_temporary_folder());
        parents.flat_map(move |parent| numbered(&parent, storage)).any(|folder| is_locked(&folder))
    };
    chosen.is_some_and(is_locked) || by_default()
}

/// The folders of a storage's replicas.
fn numbered(parent: &Path, storage: Uuid) -> Vec<PathBuf> {
    let name = |number| if number == 1 { storage.to_string() } else { format!("{storage}-{number}") };
    (1..=LARGEST_NUMBER).map(|number| parent.join(name(number))).collect()
}

fn is_locked(folder: &Path) -> bool {
    let lock = File::options().write(true).open(folder.join(LOCK_FILE));
    lock.is_ok_and(|lock| matches!(lock.try_lock(), Err(TryLockError::WouldBlock)))
}

fn cache_folder() -> Option<PathBuf> {
    let named = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).filter(|path| path.is_absolute());
    named.or_else(|| std::env::home_dir().filter(|home| home.is_absolute()).map(|home| home.join(".cache")))
}

/// Makes the folder and takes its lock.
fn take(path: &Path, network: Network) -> Result<CatalogueFolder, Unusable> {
    if let Some(kind) = network(path) {
        let reason = format!("it is on a network file system ({kind}); SQLite needs a local disk");
        return Err(Unusable::Other(reason));
    }
    let other = |error: io::Error| Unusable::Other(error.to_string());
    DirBuilder::new().recursive(true).mode(0o700).create(path).map_err(other)?;
    let lock = File::options().create(true).truncate(false).write(true).open(path.join(LOCK_FILE)).map_err(other)?;
    match lock.try_lock() {
        Ok(()) => Ok(CatalogueFolder { path: path.to_owned(), _lock: lock }),
        Err(TryLockError::WouldBlock) => Err(Unusable::InUse),
        Err(TryLockError::Error(error)) => Err(other(error)),
    }
}

/// A folder in the temporary folder, where others may write too: only if it is really our own.
fn own_temporary_folder() -> Option<PathBuf> {
    let own = rustix::process::geteuid().as_raw();
    own_folder(&std::env::temp_dir(), own)
}

fn own_folder(parent: &Path, own: u32) -> Option<PathBuf> {
    let path = parent.join(format!("{TEMPORARY_FOLDER}{own}"));
    let _ = DirBuilder::new().mode(0o700).create(&path); // it may be there
    let meta = fs::symlink_metadata(&path).ok()?;
    (meta.is_dir() && meta.uid() == own && meta.mode() & 0o022 == 0).then_some(path)
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    fn own() -> u32 {
        rustix::process::geteuid().as_raw()
    }

    #[test]
    fn a_chosen_folder_is_made_and_taken_by_one_process() {
        let parent = tempfile::tempdir().unwrap();
        let path = parent.path().join("a/b");
        let taken = find(Some(&path), Uuid::new_v4()).unwrap().unwrap();
        assert_eq!(taken.path, path);
        assert!(path.is_dir());
        let reason = find(Some(&path), Uuid::new_v4()).unwrap_err();
        assert!(reason.ends_with("a/b is used by another process"), "{reason}");
        drop(taken);
        assert!(find(Some(&path), Uuid::new_v4()).is_ok());
    }

    #[test]
    fn a_chosen_folder_that_cannot_be_made_is_told() {
        let parent = tempfile::tempdir().unwrap();
        fs::write(parent.path().join("file"), "").unwrap();
        let reason = find(Some(&parent.path().join("file/folder")), Uuid::new_v4()).unwrap_err();
        assert!(reason.contains("file/folder: "), "{reason}");
    }

    #[test]
    fn replicas_on_one_machine_get_folders_of_their_own() {
        let parent = tempfile::tempdir().unwrap();
        let storage = Uuid::new_v4();
        let find = || find_in([parent.path().join("file/x"), parent.path().to_owned()], storage, |_| None);
        fs::write(parent.path().join("file"), "").unwrap(); // the first parent cannot be made
        let first = find().unwrap();
        assert_eq!(first.path, parent.path().join(storage.to_string()));
        assert!(is_locked(&first.path) && !is_locked(parent.path()));
        let second = find().unwrap();
        assert_eq!(second.path, parent.path().join(format!("{storage}-2")));
        let path = first.path.clone();
        drop(first);
        assert!(!is_locked(&path));
        assert_eq!(find().unwrap().path, parent.path().join(storage.to_string()));
        assert!(find_in([parent.path().join("file")], storage, |_| None).is_none());
    }

    #[test]
    fn a_network_file_system_is_refused_if_chosen_and_avoided_if_not() {
        let parent = tempfile::tempdir().unwrap();
        let far = |path: &Path| path.to_string_lossy().contains("far").then(|| "nfs".to_owned());
        let Err(Unusable::Other(reason)) = take(&parent.path().join("far"), far) else { panic!() };
        assert_eq!(reason, "it is on a network file system (nfs); SQLite needs a local disk");
        assert!(!parent.path().join("far").exists());
        let found = find_in([parent.path().join("far"), parent.path().join("near")], Uuid::new_v4(), far).unwrap();
        assert!(found.path.starts_with(parent.path().join("near")));
    }

    #[test]
    fn a_temporary_folder_that_others_can_write_is_not_used() {
        let parent = tempfile::tempdir().unwrap();
        let path = own_folder(parent.path(), own()).unwrap();
        assert_eq!(fs::metadata(&path).unwrap().mode() & 0o777, 0o700);
        fs::set_permissions(&path, fs::Permissions::from_mode(0o777)).unwrap();
        assert_eq!(own_folder(parent.path(), own()), None);
        fs::remove_dir(&path).unwrap();
        std::os::unix::fs::symlink(parent.path(), &path).unwrap();
        assert_eq!(own_folder(parent.path(), own()), None);
        assert_eq!(own_folder(parent.path(), own() + 1).map(|path| path.is_dir()), None, "it is not ours");
    }
}
