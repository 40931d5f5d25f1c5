//! The first adoption: everything that lies in a storage which this program never served.

use std::collections::{BTreeMap, HashMap};
use std::sync::PoisonError;
use std::sync::atomic::{AtomicU64, Ordering};

use chart::Digest;
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::IgnoredAny;
use storage::StorageError;
use tokio::sync::Semaphore;

use super::file::Judged;
use super::scan::CACHED_INDEX;
use super::{Finding, Scan, ScannedFile};
use crate::blocking::blocking;
use crate::outcome::{CommitError, OpenError, ReconcileReport};
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{PublishIndexes, RepositoryPath, State, layout};

/// Packages that wait for their commit at the same time. Many, so that few entries hold them all.
const WAITING: usize = 4096;
/// Packages whose bytes are in memory at the same time.
const IN_MEMORY: usize = 16;
/// Progress is told after so many packages.
const TELL_EVERY: u64 = 100;

/// Publish times that ChartMuseum wrote down, by repository and file.
type Created = HashMap<(RepositoryPath, String), (Digest, Timestamp)>;

/// A package that may be the second file of its version.
struct Deferred {
    file: ScannedFile,
    judged: Judged,
    version: (RepositoryPath, String, String),
}

impl Replica {
    /// Takes everything in. Interrupted, it goes on where it was at the next start.
    pub async fn adopt_all(&self) -> Result<(), OpenError> {
        self.shared.set_adopting(Some("the packages in the storage are being taken in".to_owned()));
        // nobody has served it yet, so nobody who knows less is in the way
        if self.view().state.level < self.options.level {
            self.propose(Proposal::RaiseLevel { level: self.options.level })
                .await
                .map_err(|error| failed(error.into()))?;
        }
        let mut scan = Scan::of(&*self.store).await?;
        let created = self.publish_times(&scan.cached_indexes).await?;
        let (total, done) = (scan.packages.len() as u64, AtomicU64::new(0));
        let in_memory = Semaphore::new(IN_MEMORY);
        let (this, created, done, in_memory) = (self, &created, &done, &in_memory);
        let adoptions = stream::iter(std::mem::take(&mut scan.packages)).map(|file| async move {
            let deferred = this.adopt_first(file, created, in_memory).await?;
            let done = done.fetch_add(1, Ordering::Relaxed) + 1;
            if let Some(tell) = &this.options.progress
                && (done.is_multiple_of(TELL_EVERY) || done == total)
            {
                tell(done, total);
            }
            Ok(deferred)
        });
        let adoptions = adoptions.buffer_unordered(WAITING);
        let deferred = adoptions.try_filter_map(|deferred| async { Ok(deferred) }).try_collect::<Vec<_>>();
        self.adopt_deferred(deferred.await.map_err(failed)?).await.map_err(failed)?;
        let state = &self.view().state.clone();
        let provenances = stream::iter(std::mem::take(&mut scan.provenances))
            .map(|file| async move { this.look_at_provenance(state, &file, true).await.map(drop) });
        provenances.buffer_unordered(WAITING).try_collect::<()>().await.map_err(failed)?;
        self.propose_if_needed(Proposal::FinishAdoption).await.map_err(failed)?;
        self.shared.set_adopting(None);
        if self.options.publish_indexes == PublishIndexes::Never {
            scan.ignore_indexes();
        }
        let report = ReconcileReport::of_adoption(&self.view().state, scan.ignored);
        if total > 0 {
            tracing::info!(
                packages = total,
                served = report.adopted.len(),
                provenances = report.provenances.len(),
                refused = report.unreadable.len(),
                ignored = report.ignored.len(),
                "the storage is taken in"
            );
        }
        *self.memory.adoption.lock().unwrap_or_else(PoisonError::into_inner) = Some(report);
        Ok(())
    }

    /// Of several files with one version the one with its proper name is served. The others wait, so that it is the same
    /// at each start.
    async fn adopt_first(
        &self,
        file: ScannedFile,
        created: &Created,
        in_memory: &Semaphore,
    ) -> Result<Option<Deferred>, CommitError> {
        let known = |state: &State| {
            let facts = state.repository(&file.repository).and_then(|repository| repository.file(&file.name)).cloned();
            facts.filter(|facts| facts.flat_used || facts.unreadable.is_some())
        };
        if known(&self.view().state).is_some() {
            return Ok(None); // taken in before an interruption, or by another replica
        }
        let judged = {
            let _permit = in_memory.acquire().await.map_err(|error| CommitError::Unavailable(error.to_string()))?;
            let bytes = match self.store.get(&file.key, None).await {
                Ok(object) => object.bytes,
                Err(StorageError::NotFound(_)) => return Ok(None),
                Err(StorageError::Unavailable(reason)) => return Err(CommitError::Unavailable(reason)),
                Err(error) => {
                    let finding = self.mark_unreadable(&file, error.to_string()).await?;
                    tell(&file, &finding);
                    return Ok(None);
                }
            };
            let digest = Digest::of(&bytes);
            let created = created.get(&(file.repository.clone(), file.name.clone()));
            let created = created.filter(|(noted, _)| *noted == digest).map(|(_, created)| *created);
            self.judge(None, &file, bytes, digest, created).await?
        };
        if let Judged::Version { published, .. } = &judged
            && file.name != format!("{}-{}{}", published.name, published.version, layout::PACKAGE_SUFFIX)
        {
            let version = (file.repository.clone(), published.name.to_string(), published.version.to_string());
            return Ok(Some(Deferred { file, judged, version }));
        }
        let finding = self.settle_judged(&file, judged).await?;
        tell(&file, &finding);
        Ok(None)
    }

    /// Files with names of people's choice, version by version, each version's in order.
    async fn adopt_deferred(&self, deferred: Vec<Deferred>) -> Result<(), CommitError> {
        let mut versions = BTreeMap::<_, Vec<_>>::new();
        for Deferred { file, judged, version } in deferred {
            versions.entry(version).or_default().push((file, judged));
        }
        let adoptions = stream::iter(versions.into_values()).map(|mut files| async move {
            files.sort_by(|(one, _), (other, _)| one.name.cmp(&other.name));
            for (file, judged) in files {
                let finding = self.settle_judged(&file, judged).await?;
                tell(&file, &finding);
            }
            Ok(())
        });
        adoptions.buffer_unordered(WAITING).try_collect().await
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
                let file = entry.urls.iter().find_map(|url| url.text()?.rsplit('/').next());
                let at = entry.created.text().and_then(|at| at.parse().ok());
                let digest = entry.digest.text().and_then(|digest| digest.parse().ok());
                if let (Some(file), Some(at), Some(digest)) = (file, at, digest) {
                    created.insert((repository.clone(), file.to_owned()), (digest, at));
                }
            }
        }
        Ok(created)
    }
}

impl ReconcileReport {
    /// What the adoption made of the storage, by the state that it ended with.
    fn of_adoption(state: &State, ignored: Vec<(String, String)>) -> Self {
        let mut report = Self { ignored, ..Self::default() };
        for (path, repository) in &state.repositories {
            for (file, facts) in &repository.files {
                let file = file.to_string();
                if facts.provenance.is_some() {
                    report.provenances.push((path.clone(), format!("{file}{}", layout::PROVENANCE_SUFFIX)));
                }
                match &facts.unreadable {
                    Some(reason) => report.unreadable.push((path.clone(), file, reason.clone())),
                    None if facts.listed.is_some() => report.adopted.push((path.clone(), file)),
                    None => {}
                }
            }
        }
        report
    }
}

#[derive(Deserialize)]
struct CachedIndex {
    #[serde(default)]
    entries: HashMap<String, Vec<CachedEntry>>,
}

/// One entry that is not as expected costs its own time and no other.
#[derive(Deserialize)]
struct CachedEntry {
    #[serde(default)]
    urls: Vec<Lenient>,
    #[serde(default)]
    created: Lenient,
    #[serde(default)]
    digest: Lenient,
}

/// A text, or whatever else stands in its place.
#[derive(Deserialize)]
#[serde(untagged)]
enum Lenient {
    Text(String),
    Other(IgnoredAny),
}

impl Lenient {
    fn text(&self) -> Option<&str> {
        match self {
            Self::Text(text) => Some(text),
            Self::Other(_) => None,
        }
    }
}

impl Default for Lenient {
    fn default() -> Self {
        Self::Other(IgnoredAny)
    }
}

fn read_cached_index(bytes: &[u8]) -> Option<CachedIndex> {
    // `--json-index` writes JSON under the same name, and a JSON parser is much faster
    serde_json::from_slice(bytes).ok().or_else(|| serde_yaml::from_slice(bytes).ok())
}

fn tell(file: &ScannedFile, finding: &Finding) {
    if let Finding::Unreadable(reason) = finding {
        tracing::warn!(repo = %file.repository, action = "added", package = %file.name, error = %reason, "Invalid package in storage");
    }
}

fn failed(error: CommitError) -> OpenError {
    OpenError::Storage(StorageError::Unavailable(error.to_string()))
}
