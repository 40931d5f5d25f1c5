//! What lies in the storage, folder by folder.

use std::collections::{BTreeMap, BTreeSet};

use futures_util::{StreamExt, TryStreamExt};
use storage::{Key, Listed, ObjectMeta, ObjectStore, Prefix, StorageError};

use crate::change::Traces;
use crate::layout::{PACKAGE_SUFFIX, PROVENANCE_SUFFIX};
use crate::{RepositoryPath, layout};

/// A file directly in a repository's folder.
#[derive(Debug, Clone)]
pub(crate) struct ScannedFile {
    pub repository: RepositoryPath,
    /// The package's file name, for a provenance too.
    pub name: String,
    pub key: Key,
    pub traces: Traces,
}

/// One pass over the storage.
#[derive(Debug, Default)]
pub(crate) struct Scan {
    pub packages: Vec<ScannedFile>,
    pub provenances: Vec<ScannedFile>,
    /// Everything below `objects/`.
    pub objects: BTreeSet<Key>,
    /// Repositories with ChartMuseum's cached index.
    pub cached_indexes: Vec<RepositoryPath>,
    /// Files with the name of an index: of a static repository, or ours for when no server runs.
    pub indexes: BTreeMap<RepositoryPath, ObjectMeta>,
    /// What is neither, and why: the first [`MOST_IGNORED`].
    pub ignored: Vec<(String, String)>,
    /// Files of packages and of provenances, by their whole names.
    names: BTreeSet<(RepositoryPath, String)>,
}

/// A storage may hold anything beside packages. Nobody reads more than this.
const MOST_IGNORED: usize = 1000;

/// ChartMuseum's cached index, beside the packages.
pub(crate) const CACHED_INDEX: &str = "index-cache.yaml";

impl Scan {
    pub async fn of(store: &dyn ObjectStore) -> Result<Self, StorageError> {
        let mut scan = Self::default();
        let mut folders = vec![Prefix::root()];
        while let Some(folder) = folders.pop() {
            let mut listing = store.list_folder(&folder);
            while let Some(listed) = listing.next().await {
                match listed? {
                    Listed::Folder(below) if repository_of(&below).is_some() => folders.push(below),
                    Listed::Folder(below) => scan.ignore_folder(&below),
                    Listed::Object(key, meta) => scan.add(&folder, key, meta),
                }
            }
        }
        let objects = store.list(&layout::objects_folder());
        let keys = objects.try_filter_map(|listed| async move {
            Ok(match listed {
                Listed::Object(key, _) => Some(key),
                Listed::Folder(_) => None,
            })
        });
        scan.objects = keys.boxed().try_collect().await?;
        Ok(scan)
    }

    /// The listing had this file, of a package or a provenance.
    pub fn has(&self, repository: &RepositoryPath, file: &str) -> bool {
        self.names.contains(&(repository.clone(), file.to_owned()))
    }

    fn add(&mut self, folder: &Prefix, key: Key, meta: ObjectMeta) {
        let Some(repository) = repository_of(folder) else { return };
        let name = key.file_name().to_owned();
        if name == layout::INDEX {
            self.indexes.insert(repository, meta);
            return;
        }
        let traces = Traces { size: meta.size, modified: meta.modified, etag: meta.etag };
        if name == CACHED_INDEX {
            self.cached_indexes.push(repository);
        } else if name.ends_with(PACKAGE_SUFFIX) {
            self.names.insert((repository.clone(), name.clone()));
            self.packages.push(ScannedFile { repository, name, key, traces });
        } else if let Some(package) = name.strip_suffix(PROVENANCE_SUFFIX)
            && package.ends_with(PACKAGE_SUFFIX)
        {
            self.names.insert((repository.clone(), name.clone()));
            self.provenances.push(ScannedFile { repository, name: package.to_owned(), key, traces });
        } else {
            self.ignore(key.to_string(), other_name());
        }
    }

    /// Indexes are none of ours, but of whoever put them there.
    pub fn ignore_indexes(&mut self) {
        for path in std::mem::take(&mut self.indexes).into_keys() {
            if let Ok(key) = layout::index(&path) {
                self.ignore(key.to_string(), other_name());
            }
        }
    }

    fn ignore_folder(&mut self, folder: &Prefix) {
        let path = folder.as_str().trim_end_matches('/');
        if path != layout::OWN_FOLDER
            && let Err(error) = RepositoryPath::parse(path)
        {
            self.ignore(folder.to_string(), error.to_string());
        }
    }

    fn ignore(&mut self, place: String, reason: String) {
        if self.ignored.len() < MOST_IGNORED {
            self.ignored.push((place, reason));
        }
    }
}

fn other_name() -> String {
    format!("its name ends neither in {PACKAGE_SUFFIX} nor in {PACKAGE_SUFFIX}{PROVENANCE_SUFFIX}")
}

/// The repository whose packages lie in the folder, unless no repository can have that name.
fn repository_of(folder: &Prefix) -> Option<RepositoryPath> {
    RepositoryPath::parse(folder.as_str().trim_end_matches('/')).ok()
}
