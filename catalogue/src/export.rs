//! A repository as files that any static web server serves: packages, provenances, and last the index that names them.

use std::collections::HashSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt, stream};
use serde::Serialize;
use storage::{Key, ObjectStore, StorageError};

use crate::backup::{BackupError, Damage, Progress};
use crate::blocking::blocking;
use crate::format::known_storage_id;
use crate::inventory::{Item, Role};
use crate::published;
use crate::replica::Replica;
use crate::view::RepositoryView;
use crate::{IndexOptions, PackageLocation, PackageUrls, Repository, RepositoryPath, layout};

/// Files whose bytes are in memory at the same time.
const SIDE_BY_SIDE: usize = 4;

/// What was written.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ExportReport {
    /// Repositories whose index was written.
    pub repositories: usize,
    /// Versions in their indexes.
    pub versions: usize,
    /// Packages and provenances written now.
    pub written: u64,
    /// Packages and provenances that were there already.
    pub present: u64,
    /// Files that could not be had. Their versions are in no index.
    pub damaged: Vec<Damage>,
}

/// What became of one file.
enum Fate {
    Written,
    Present,
    Damaged(String),
}

impl Replica {
    /// See [`crate::Catalogue::export`].
    pub async fn export(
        &self,
        to: &dyn ObjectStore,
        only: Option<&RepositoryPath>,
        progress: Progress,
    ) -> Result<ExportReport, BackupError> {
        if known_storage_id(to).await?.is_some() {
            return Err(BackupError::Refused("it is the storage of a server, which would take files in".to_owned()));
        }
        let state = self.current().await?.state.clone();
        let chosen = |path: &RepositoryPath| only.is_none_or(|only| only == path);
        let repositories: Vec<_> = state.repositories.values().filter(|one| chosen(&one.path)).collect();
        if let Some(only) = only.filter(|_| repositories.is_empty()) {
            return Err(BackupError::Refused(format!("there is no repository {only}")));
        }
        let files = |repository: &Repository| {
            let items = repository.inventory().into_iter();
            items.filter(|item| matches!(item.role, Role::Package | Role::Provenance)).collect::<Vec<_>>()
        };
        let total = repositories.iter().map(|repository| files(repository).len() as u64).sum();
        let done = AtomicU64::new(0);
        let mut report = ExportReport::default();
        for repository in repositories {
            // one alone lies at the top
            let top = RepositoryPath::root();
            let folder = if only.is_some() { &top } else { &repository.path };
            let mut damaged = HashSet::new();
            let fates = stream::iter(files(repository)).map(|item| async {
                let fate = self.export_one(to, folder, &item).await?;
                progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
                Ok::<_, BackupError>((item, fate))
            });
            let fates: Vec<_> = fates.buffer_unordered(SIDE_BY_SIDE).try_collect().await?;
            for (Item { repository, file, role, .. }, fate) in fates {
                match fate {
                    Fate::Written => report.written += 1,
                    Fate::Present => report.present += 1,
                    Fate::Damaged(reason) => {
                        damaged.insert(file.clone());
                        report.damaged.push(Damage { repository, file, role, reason });
                    }
                }
            }
            report.versions += self.export_index(to, folder, state.storage, repository, damaged).await?;
            report.repositories += 1;
        }
        report.damaged.sort_by(|one, other| (&one.repository, &one.file).cmp(&(&other.repository, &other.file)));
        Ok(report)
    }

    async fn export_one(
        &self,
        to: &dyn ObjectStore,
        folder: &RepositoryPath,
        item: &Item,
    ) -> Result<Fate, BackupError> {
        let (Some(key), Some(digest)) = (item.places.first().cloned(), item.digest.sha256()) else {
            return Ok(Fate::Damaged("it has no place".to_owned()));
        };
        let bytes = match self.load(&PackageLocation { key, digest, size: item.size }).await {
            Ok(bytes) => bytes,
            Err(error) => return Ok(Fate::Damaged(error.to_string())),
        };
        let target = match layout::flat(folder, &item.file) {
            Ok(target) => target,
            Err(error) => return Ok(Fate::Damaged(error.to_string())),
        };
        Ok(if write(to, &target, bytes).await? { Fate::Written } else { Fate::Present })
    }

    /// Writes the index of what is there. Returns how many versions it has.
    async fn export_index(
        &self,
        to: &dyn ObjectStore,
        folder: &RepositoryPath,
        storage: uuid::Uuid,
        repository: &Arc<Repository>,
        damaged: HashSet<String>,
    ) -> Result<usize, BackupError> {
        let (format, repository) = (self.options.index.format, repository.clone());
        let render = move || {
            let options = IndexOptions { format, package_urls: PackageUrls::Files, ..IndexOptions::default() };
            let whole = RepositoryView::render(storage, repository, options.into(), None);
            let versions = whole.version_count();
            if damaged.is_empty() {
                return (published::text(&whole), versions);
            }
            let is_there = |file: &str| !damaged.contains(file);
            let charts = whole.repository.charts.values().flat_map(|chart| &chart.versions);
            let left = charts.filter(|version| is_there(&version.file)).count();
            let index =
                whole.index_of(|versions| (0..versions.len()).filter(|at| is_there(&versions[*at].file)).collect());
            (index.identity.frames.concat().into(), left)
        };
        let (text, versions) = blocking(render)
            .await
            .map_err(|error| BackupError::Source(StorageError::Unavailable(error.to_string())))?;
        let key = layout::index(folder).map_err(|error| BackupError::Refused(error.to_string()))?;
        write(to, &key, text).await?;
        Ok(versions)
    }
}

/// False if these bytes are there already.
async fn write(to: &dyn ObjectStore, key: &Key, bytes: Bytes) -> Result<bool, BackupError> {
    match to.get(key, None).await {
        Ok(object) if object.bytes == bytes => return Ok(false),
        Ok(_) | Err(StorageError::NotFound(_)) => {}
        Err(error) => return Err(BackupError::Target(error)),
    }
    to.put(key, bytes).await.map_err(BackupError::Target)?;
    Ok(true)
}
