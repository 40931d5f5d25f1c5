//! Coming back from ChartMuseum: what it deleted or overwrote of the versions whose bytes we keep elsewhere.
//!
//! For a version in its flat place the reconcile sees that. Others were only lent: a hand-back notes them, and the next
//! start looks what became of them.

use bytes::Bytes;
use chart::Digest;
use serde::{Deserialize, Serialize};
use storage::{Key, StorageError};

use crate::change::Traces;
use crate::engine::ProposeError;
use crate::hand_back::HandBackReport;
use crate::outcome::{CommitError, OpenError};
use crate::reconcile::{Judged, SUSPICIOUS_LOSS, ScannedFile};
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{RepositoryPath, State, layout};

/// A package that lies in its flat place though the catalogue keeps it elsewhere.
#[derive(Debug, Clone, Serialize, Deserialize)]
struct Lent {
    repository: RepositoryPath,
    file: String,
    digest: Digest,
}

/// What lies in a lent package's place now.
enum Place {
    AsItWas,
    Empty,
    Other(Box<ScannedFile>, Bytes),
}

impl Replica {
    /// Notes what was put into flat places, for the next start.
    pub async fn note_handed_back(&self, state: &State, report: &HandBackReport) -> Result<(), CommitError> {
        let failed = |key: &Key| report.failed.iter().any(|(failed, _)| failed == key.as_str());
        let mut lent = Vec::new();
        for (path, repository) in &state.repositories {
            for version in repository.charts.values().flat_map(|chart| &chart.versions) {
                let flat = layout::flat(path, &version.file);
                if !layout::is_flat(&version.package.key) && flat.is_ok_and(|key| !failed(&key)) {
                    let (repository, file) = (path.clone(), version.file.to_string());
                    lent.push(Lent { repository, file, digest: version.package.digest });
                }
            }
        }
        let note = serde_json::to_vec(&lent).map_err(|error| CommitError::Unavailable(error.to_string()))?;
        self.store.put(&layout::handed_back(), note.into()).await.map_err(unavailable)?;
        Ok(())
    }

    /// Believes what ChartMuseum did to lent packages: one that is gone was deleted, and can be restored; one that has other
    /// bytes was overwritten.
    pub async fn take_up_again(&self) -> Result<(), OpenError> {
        let note = match self.store.get(&layout::handed_back(), None).await {
            Ok(object) => object.bytes,
            Err(StorageError::NotFound(_)) => return Ok(()),
            Err(error) => return Err(error.into()),
        };
        let lent: Vec<Lent> = serde_json::from_slice(&note)
            .map_err(|error| OpenError::Format(format!("{} cannot be read: {error}", layout::handed_back())))?;
        let state = self.view().state.clone();
        let (mut gone, mut changed) = (Vec::new(), Vec::new());
        for lent in &lent {
            let listed = state.repository(&lent.repository).and_then(|r| r.version_of_file(&lent.file));
            let Some(version) = listed.filter(|version| version.package.digest == lent.digest) else { continue };
            match self.place(lent).await? {
                Place::AsItWas => {}
                Place::Empty => gone.push((lent, version.clone())),
                Place::Other(file, bytes) => changed.push((file, bytes, version.clone())),
            }
        }
        if gone.len() >= SUSPICIOUS_LOSS && gone.len() * 2 > lent.len() {
            tracing::warn!(
                gone = gone.len(),
                of = lent.len(),
                "most packages that were handed back are gone: they are served as before"
            );
            gone.clear();
        }
        for (lent, version) in gone {
            let (name, text) = (version.name.to_string(), version.version.to_string());
            tracing::info!(repo = %lent.repository, package = %lent.file, "a package was deleted after it was handed back");
            let proposal = Proposal::Remove { repository: lent.repository.clone(), name, version: Some(text) };
            match self.propose(proposal).await {
                Ok(_) | Err(ProposeError::Refused(_)) => {}
                Err(error) => return Err(failed(error.into())),
            }
        }
        for (file, bytes, version) in changed {
            let digest = Digest::of(&bytes);
            let judged = self.judge(Some(&state), &file, bytes, digest, None).await.map_err(failed)?;
            if let Judged::Version { published, since, .. } = judged
                && (&published.name, &published.version) == (&version.name, &version.version)
            {
                let replaces = Some(version.package.key.clone());
                let judged = Judged::Version { published, replaces, since };
                self.settle_judged(&file, judged).await.map_err(failed)?;
            }
        }
        self.store.delete(&layout::handed_back()).await?;
        Ok(())
    }

    async fn place(&self, lent: &Lent) -> Result<Place, OpenError> {
        let Lent { repository, file, digest } = lent;
        let Ok(key) = layout::flat(repository, file) else { return Ok(Place::AsItWas) };
        let object = match self.store.get(&key, None).await {
            Ok(object) => object,
            Err(StorageError::NotFound(_)) => return Ok(Place::Empty),
            Err(error) => return Err(error.into()),
        };
        if Digest::of(&object.bytes) == *digest {
            return Ok(Place::AsItWas);
        }
        let meta = object.meta;
        let traces = Traces { size: meta.size, modified: meta.modified, etag: meta.etag };
        let file = ScannedFile { repository: repository.clone(), name: file.clone(), key, traces };
        Ok(Place::Other(Box::new(file), object.bytes))
    }
}

fn unavailable(error: StorageError) -> CommitError {
    CommitError::Unavailable(error.to_string())
}

fn failed(error: CommitError) -> OpenError {
    OpenError::Storage(StorageError::Unavailable(error.to_string()))
}
