//! The first adoption: everything that lies in a storage which this program never served.

use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};

use chart::Digest;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;
use storage::StorageError;
use tokio::sync::Semaphore;

use super::scan::CACHED_INDEX;
use super::{Finding, Scan, ScannedFile};
use crate::blocking::blocking;
use crate::outcome::{CommitError, OpenError};
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{RepositoryPath, layout};

/// Packages that wait for their commit at the same time. Many, so that few entries hold them all.
const WAITING: usize = 4096;
/// Packages whose bytes are in memory at the same time.
const IN_MEMORY: usize = 16;
/// Progress is told after so many packages.
const TELL_EVERY: u64 = 100;

/// Publish times that ChartMuseum wrote down, by repository and file.
type Created = HashMap<(RepositoryPath, String), (Digest, Timestamp)>;

impl Replica {
    /// Takes everything in. Interrupted, it goes on where it was at the next start.
    pub async fn adopt_all(&self) -> Result<(), OpenError> {
        self.shared.set_adopting(Some("the packages in the storage are being taken in".to_owned()));
        let mut scan = Scan::of(&*self.store).await?;
        let created = self.publish_times(&scan.cached_indexes).await?;
        let (total, done) = (scan.packages.len() as u64, AtomicU64::new(0));
        let in_memory = Semaphore::new(IN_MEMORY);
        let (this, created, done, in_memory) = (self, &created, &done, &in_memory);
        let adoptions = stream::iter(std::mem::take(&mut scan.packages)).map(|file| async move {
            this.adopt_first(&file, created, in_memory).await?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(tell) = &this.options.progress
                && (done.is_multiple_of(TELL_EVERY) || done == total)
            {
                tell(done, total);
            }
            Ok(())
        });
        adoptions.buffer_unordered(WAITING).try_collect::<()>().await.map_err(failed)?;
        let state = &self.view().state.clone();
        let provenances = stream::iter(std::mem::take(&mut scan.provenances))
            .map(|file| async move { this.look_at_provenance(state, &file, true).await });
        provenances.buffer_unordered(WAITING).try_collect::<()>().await.map_err(failed)?;
        self.propose_if_needed(Proposal::FinishAdoption).await.map_err(failed)?;
        self.shared.set_adopting(None);
        if total > 0 {
            tracing::info!(packages = total, served = self.view().state.version_count(), "the storage is taken in");
        }
        Ok(())
    }

    async fn adopt_first(
        &self,
        file: &ScannedFile,
        created: &Created,
        in_memory: &Semaphore,
    ) -> Result<(), CommitError> {
        let known = |state: &crate::State| {
            let facts = state.repository(&file.repository).and_then(|repository| repository.file(&file.name)).cloned();
            facts.filter(|facts| facts.flat_used || facts.unreadable.is_some())
        };
        if known(&self.view().state).is_some() {
            return Ok(()); // taken in before an interruption, or by another replica
        }
        let judged = {
            let _permit = in_memory.acquire().await.map_err(|error| CommitError::Unavailable(error.to_string()))?;
            let bytes = match self.store.get(&file.key, None).await {
                Ok(object) => object.bytes,
                Err(StorageError::NotFound(_)) => return Ok(()),
                Err(StorageError::Unavailable(reason)) => return Err(CommitError::Unavailable(reason)),
                Err(error) => {
                    let finding = self.mark_unreadable(file, error.to_string()).await?;
                    tell(file, &finding);
                    return Ok(());
                }
            };
            let digest = Digest::of(&bytes);
            let created = created.get(&(file.repository.clone(), file.name.clone()));
            let created = created.filter(|(noted, _)| *noted == digest).map(|(_, created)| *created);
            self.judge(None, file, bytes, digest, created).await?
        };
        let finding = self.settle_judged(file, judged).await?;
        tell(file, &finding);
        Ok(())
    }

    /// Reads the publish times of ChartMuseum's cached indexes. One that cannot be read costs only its times.
    async fn publish_times(&self, repositories: &[RepositoryPath]) -> Result<Created, OpenError> {
        let mut created = Created::new();
        for repository in repositories {
            let Ok(key) = layout::flat(repository, CACHED_INDEX) else { continue };
            let object = match self.store.get(&key, None).await {
                Ok(object) => object,
                Err(StorageError::Unavailable(reason)) => return Err(StorageError::Unavailable(reason).into()),
                Err(_) => continue,
            };
            let read = blocking(move || read_cached_index(&object.bytes)).await;
            let Ok(Some(index)) = read else {
                tracing::warn!(%key, "the cached index cannot be read: publish times are those of the files");
                continue;
            };
            for entry in index.entries.into_values().flatten() {
                let file = entry.urls.first().and_then(|url| url.rsplit('/').next()).map(str::to_owned);
                if let (Some(file), Some(at), Ok(digest)) = (file, entry.created, entry.digest.parse::<Digest>()) {
                    created.insert((repository.clone(), file), (digest, at));
                }
            }
        }
        Ok(created)
    }
}

#[derive(Deserialize)]
struct CachedIndex {
    #[serde(default)]
    entries: HashMap<String, Vec<CachedEntry>>,
}

#[derive(Deserialize)]
struct CachedEntry {
    #[serde(default)]
    urls: Vec<String>,
    #[serde(default)]
    created: Option<Timestamp>,
    #[serde(default)]
    digest: String,
}

fn read_cached_index(bytes: &[u8]) -> Option<CachedIndex> {
    // `--json-index` writes JSON under the same name, and a JSON parser is much faster
    serde_json::from_slice(bytes).ok().or_else(|| serde_yaml::from_slice(bytes).ok())
}

fn tell(file: &ScannedFile, finding: &Finding) {
    if let Finding::Unreadable(reason) = finding {
        tracing::warn!(repo = %file.repository, package = %file.name, error = %reason, "Invalid package in storage");
    }
}

fn failed(error: CommitError) -> OpenError {
    OpenError::Storage(StorageError::Unavailable(error.to_string()))
}
