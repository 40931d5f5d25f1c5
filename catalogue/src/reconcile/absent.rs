//! Versions whose bytes are not where they should be.

use std::collections::BTreeMap;
use std::sync::PoisonError;

use storage::{Key, StorageError};

use super::Scan;
use crate::outcome::{CommitError, ReconcileReport};
use crate::replica::Replica;
use crate::shared::Loss;
use crate::state::Proposal;
use crate::{RepositoryPath, State, layout};

/// So many packages gone at once, and more than half of a repository's, look like a wiped or unmounted storage.
pub(crate) const SUSPICIOUS_LOSS: usize = 10;

type Absent = BTreeMap<(RepositoryPath, String), Key>;

impl Replica {
    pub(super) async fn look_for_absent(
        &self,
        state: &State,
        scan: &Scan,
        accept_loss: bool,
        report: &mut ReconcileReport,
    ) -> Result<(), CommitError> {
        let absent = self.absent(state, scan).await?;
        let wiped = if accept_loss { None } else { self.looks_wiped(state, &absent).await? };
        report.looks_wiped = wiped.as_ref().map(|loss| loss.reason.clone());
        self.shared.set_looks_wiped(wiped);
        if report.looks_wiped.is_some() {
            return Ok(());
        }
        let before = {
            let mut memory = self.memory.absent.lock().unwrap_or_else(PoisonError::into_inner);
            std::mem::replace(&mut *memory, absent.keys().cloned().collect())
        };
        for ((repository, file), key) in absent {
            let place = (repository.clone(), file.clone());
            if (accept_loss || before.contains(&place))
                && self.propose_if_needed(Proposal::Missing { repository, file, key }).await?
            {
                report.missing.push(place);
            }
        }
        self.look_for_returned(state, scan, report).await
    }

    /// Listed versions of which the listing showed nothing and the storage says that they are not there.
    async fn absent(&self, state: &State, scan: &Scan) -> Result<Absent, CommitError> {
        let mut absent = Absent::new();
        for (path, repository) in &state.repositories {
            for version in repository.charts.values().flat_map(|chart| &chart.versions) {
                let key = &version.package.key;
                let listed =
                    if layout::is_flat(key) { scan.has(path, &version.file) } else { scan.objects.contains(key) };
                if listed {
                    continue;
                }
                match self.store.head(key).await {
                    Ok(_) => {}
                    Err(StorageError::NotFound(_)) => {
                        absent.insert((path.clone(), version.file.to_string()), key.clone());
                    }
                    Err(error) => return Err(CommitError::Unavailable(error.to_string())),
                }
            }
        }
        Ok(absent)
    }

    async fn looks_wiped(&self, state: &State, absent: &Absent) -> Result<Option<Loss>, CommitError> {
        let accept = "if this loss is meant, run `chandlery reconcile --accept-loss`";
        let format = layout::format();
        match self.store.head(&format).await {
            Ok(_) => {}
            Err(StorageError::NotFound(_)) => {
                return Ok(Some(Loss { reason: format!("{format} is gone; {accept}"), of_journal: true }));
            }
            Err(error) => return Err(CommitError::Unavailable(error.to_string())),
        }
        for (path, repository) in &state.repositories {
            let gone = absent.keys().filter(|(absent, _)| absent == path).count();
            let all = repository.version_count();
            if gone >= SUSPICIOUS_LOSS && gone * 2 > all {
                let reason = format!("{gone} of {all} packages of repository \"{path}\" are gone; {accept}");
                return Ok(Some(Loss { reason, of_journal: false }));
            }
        }
        Ok(None)
    }

    /// Missing versions below `objects/` whose bytes are there again; flat ones are found by the look at each file.
    async fn look_for_returned(
        &self,
        state: &State,
        scan: &Scan,
        report: &mut ReconcileReport,
    ) -> Result<(), CommitError> {
        for (path, repository) in &state.repositories {
            for (file, facts) in &repository.files {
                let Some(version) = &facts.missing else { continue };
                let back = !layout::is_flat(&version.package.key)
                    && scan.objects.contains(&version.package.key)
                    && self.load(&(&version.package).into()).await.is_ok();
                let (repository, file) = (path.clone(), file.to_string());
                if back
                    && self
                        .propose_if_needed(Proposal::Found { repository: repository.clone(), file: file.clone() })
                        .await?
                {
                    report.found.push((repository, file));
                }
            }
        }
        Ok(())
    }
}
