//! A repository that the program brings along. It is read like those of the storage, and never written: neither to the
//! storage nor to the journal nor to SQLite. One of the storage with the same path comes before it.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use bytes::Bytes;
use chart::Package;
use jiff::Timestamp;
use storage::{Key, KeyError};

use crate::{Chart, FileFacts, Made, PackageLocation, Repository, RepositoryPath, StoredFile, Version, layout};

/// Packages in memory, as a repository.
#[derive(Debug, Clone)]
pub struct Embedded {
    repository: Arc<Repository>,
    packages: HashMap<Key, Package>,
}

impl Embedded {
    /// A repository at this path of these packages, all of them published at `released`.
    ///
    /// # Errors
    /// If a file name is longer than a key may be.
    pub fn new(path: RepositoryPath, packages: Vec<Package>, released: Timestamp) -> Result<Self, KeyError> {
        let mut repository = Repository::empty(path, released);
        let mut charts: BTreeMap<_, Vec<_>> = BTreeMap::new();
        let mut by_key = HashMap::new();
        for package in packages {
            let (file, digest) = (package.file_name(), package.digest());
            let key = layout::embedded(&file)?;
            let mut version = Version {
                name: package.name().clone(),
                version: package.version().clone(),
                file: file.as_str().into(),
                package: StoredFile { key: key.clone(), digest, size: package.bytes().len() as u64 },
                created: released,
                metadata: package.metadata_json().into(),
                replaced: false,
                made: Made::default(),
            };
            version.renew_made(None, |_| false);
            let listed = Some((version.name.clone(), version.version.clone()));
            let facts = FileFacts { digests: vec![digest], listed, ..FileFacts::default() };
            repository.files.insert(version.file.clone(), Arc::new(facts));
            charts.entry(version.name.clone()).or_default().push(Arc::new(version));
            by_key.insert(key, package);
        }
        for (name, versions) in charts {
            let chart = Chart::of(versions, |version| repository.files.get(&version.file));
            repository.charts.insert(name, Arc::new(chart));
        }
        Ok(Self { repository: Arc::new(repository), packages: by_key })
    }

    /// What exists in it.
    pub fn repository(&self) -> &Arc<Repository> {
        &self.repository
    }

    /// Every package, in no order.
    pub fn packages(&self) -> impl Iterator<Item = &Package> {
        self.packages.values()
    }

    /// The bytes at this place, if it is one of its own.
    pub(crate) fn bytes(&self, location: &PackageLocation) -> Option<Bytes> {
        let package = self.packages.get(&location.key)?;
        (package.digest() == location.digest).then(|| package.bytes().clone())
    }
}
