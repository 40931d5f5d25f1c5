//! Reading everything that exists again, and mending what has gone bad from what lies elsewhere.

mod content;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use bytes::Bytes;
use chart::{Digest, Package};
use futures_util::{StreamExt, stream};
use serde::Serialize;
use storage::{Key, Object, StorageError};

use crate::backup::{Damage, Progress};
use crate::blocking::blocking;
use crate::change::{StoredFile, Traces};
use crate::engine::ProposeError;
use crate::inventory::{Item, Role};
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{RepositoryPath, State, layout, pieces};
pub use content::Withdrawal;

/// Files that are read and hashed at the same time.
const SIDE_BY_SIDE: usize = 8;
/// Before what the storage did not give is asked for once more, when everything else was read: most of what fails on the way
/// is over by then, and one pause for all keeps a scrub of a storage that is down from taking hours.
const SECOND_LOOK: Duration = Duration::from_secs(2);

/// What was read, and what was wrong with it.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct ScrubReport {
    /// Nothing was to be changed.
    pub dry_run: bool,
    /// Packages and provenances that were looked at.
    pub files: u64,
    /// Bytes that were read.
    pub bytes: u64,
    /// What had gone bad and was, or with a dry run could be, mended.
    pub repaired: Vec<Repair>,
    /// Content of the registry that has gone bad and is gone, or with a dry run would be, until it is pushed again.
    pub withdrawn: Vec<Withdrawal>,
    /// What has gone bad and cannot be mended.
    pub damaged: Vec<Damage>,
    /// What the storage did not give, not even when it was asked again: nothing is known of it.
    pub unread: Vec<Damage>,
}

/// A file that had gone bad, and the same bytes elsewhere.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Repair {
    /// Its repository.
    pub repository: RepositoryPath,
    /// The file's name.
    pub file: String,
    /// Why it is needed.
    pub role: Role,
    /// What was wrong.
    pub reason: String,
    /// Where it lay.
    pub key: String,
    /// Where the same bytes lie.
    pub source: String,
}

/// How the bytes of a file are.
enum Condition {
    Sound(u64),
    /// Gone or other bytes.
    Bad(&'static str),
    /// Other bytes that are a package: somebody put it there, and a reconcile takes it in.
    Changed,
    Unread(String),
}

impl ScrubReport {
    /// Everything is as it was published.
    pub fn is_sound(&self) -> bool {
        [self.repaired.len(), self.withdrawn.len(), self.damaged.len(), self.unread.len()] == [0; 4]
    }
}

impl Replica {
    /// See [`crate::Catalogue::scrub`].
    pub async fn scrub(&self, dry_run: bool, progress: Progress) -> Result<ScrubReport, CommitError> {
        let state = self.current().await?.state.clone();
        let items = state.inventory();
        let (total, done) = (items.len() as u64, AtomicU64::new(0));
        let mut report = ScrubReport { dry_run, files: total, ..ScrubReport::default() };
        let seen = || progress(done.fetch_add(1, Ordering::Relaxed) + 1, total);
        let bad = self.conditions(&state, items, seen, &mut report).await;
        let (unread, mut bad): (Vec<_>, Vec<_>) =
            bad.into_iter().partition(|(_, condition)| matches!(condition, Condition::Unread(_)));
        if !unread.is_empty() {
            tokio::time::sleep(SECOND_LOOK).await;
            let unread = unread.into_iter().map(|(item, _)| item).collect();
            bad.extend(self.conditions(&state, unread, || {}, &mut report).await);
        }
        bad.sort_by(|(one, _), (other, _)| (&one.repository, &one.file).cmp(&(&other.repository, &other.file)));
        let may_withdraw = content::may_withdraw(&bad, &state);
        for (item, condition) in bad {
            self.settle_bad(&state, item, condition, may_withdraw, &mut report).await?;
        }
        Ok(report)
    }

    /// Reads files, and counts the sound ones. Returns the others, in any order.
    async fn conditions(
        &self,
        state: &State,
        items: Vec<Item>,
        seen: impl Fn() + Send + Sync,
        report: &mut ScrubReport,
    ) -> Vec<(Item, Condition)> {
        let seen = &seen;
        let conditions = stream::iter(items).map(|item| async move {
            let condition = self.condition(state, &item).await;
            seen();
            (item, condition)
        });
        let mut conditions = conditions.buffer_unordered(SIDE_BY_SIDE);
        let mut bad = Vec::new();
        while let Some((item, condition)) = conditions.next().await {
            match condition {
                Condition::Sound(bytes) => report.bytes += bytes,
                condition => bad.push((item, condition)),
            }
        }
        bad
    }

    async fn condition(&self, state: &State, item: &Item) -> Condition {
        let facts = state.repository(&item.repository).and_then(|repository| repository.file(&item.file));
        let noted = facts.and_then(|facts| facts.traces.as_ref());
        let mut condition = Condition::Bad("its file is gone");
        for key in &item.places {
            if item.role == Role::Content {
                match pieces::is_right(&*self.store, key, item.size, item.digest).await {
                    Ok(true) => return Condition::Sound(item.size),
                    Ok(false) => condition = Condition::Bad("its bytes are not those that were pushed"),
                    Err(StorageError::NotFound(_)) => {}
                    Err(error) => return Condition::Unread(error.to_string()),
                }
                continue;
            }
            let Object { meta, bytes } = match self.store.get(key, None).await {
                Ok(object) => object,
                Err(StorageError::NotFound(_)) => continue,
                Err(error) => return Condition::Unread(error.to_string()),
            };
            let limits = self.options.limits.clone();
            let expected = item.digest;
            // whoever changes a file leaves traces, and the reconcile looks at it for them; a disk that forgets does not
            let traces = Traces { size: meta.size, modified: meta.modified, etag: meta.etag };
            let may_be_changed = item.role == Role::Package && layout::is_flat(key) && noted != Some(&traces);
            let judged = blocking(move || match expected.matches(&bytes) {
                true => Condition::Sound(bytes.len() as u64),
                false if may_be_changed && Package::parse(bytes, &limits).is_ok() => Condition::Changed,
                false => Condition::Bad("its bytes are not those that were published"),
            });
            match judged.await {
                Ok(sound @ Condition::Sound(_)) => return sound,
                Ok(other) => condition = other,
                Err(error) => return Condition::Unread(error.to_string()),
            }
        }
        condition
    }

    /// Mends a file if that is possible, and says what became of it.
    async fn settle_bad(
        &self,
        state: &State,
        item: Item,
        condition: Condition,
        may_withdraw: bool,
        report: &mut ScrubReport,
    ) -> Result<(), CommitError> {
        let now = self.current().await?.state.clone();
        if !now.needs(&item) {
            return Ok(()); // removed, moved or replaced since
        }
        let damage = |item: Item, reason: &str| {
            let Item { repository, file, role, .. } = item;
            Damage { repository, file, role, reason: reason.to_owned() }
        };
        let reason = match condition {
            Condition::Sound(_) => return Ok(()),
            Condition::Unread(reason) => {
                report.unread.push(damage(item, &reason));
                return Ok(());
            }
            Condition::Changed => {
                let reason = "another package was put in its place: `chandlery reconcile` takes it in";
                report.damaged.push(damage(item, reason));
                return Ok(());
            }
            Condition::Bad(reason) => reason,
        };
        if item.role == Role::Content {
            return self.settle_content(&now, item, reason, may_withdraw, report).await;
        }
        // what was replaced or removed has no other use than its bytes in their place
        let mendable = matches!(item.role, Role::Package | Role::Provenance | Role::Missing);
        let found = if mendable { self.same_bytes(state, &item).await? } else { None };
        let Some((source, bytes)) = found else {
            report.damaged.push(damage(item, reason));
            return Ok(());
        };
        let Some(key) = item.places.last().cloned() else { return Ok(()) };
        if !report.dry_run && !self.repair(&item, &key, &bytes).await? {
            return Ok(()); // it changed since
        }
        report.repaired.push(Repair {
            repository: item.repository,
            file: item.file,
            role: item.role,
            reason: reason.to_owned(),
            key: key.to_string(),
            source: source.to_string(),
        });
        Ok(())
    }

    /// The bytes of a file from anywhere else: from the trash, from another version or repository, or from ChartMuseum's
    /// place, where they may lie since before.
    async fn same_bytes(&self, state: &State, item: &Item) -> Result<Option<(Key, Bytes)>, CommitError> {
        let elsewhere = state.inventory().into_iter().filter(|other| other.digest == item.digest);
        let places = elsewhere.flat_map(|other| other.places).chain(layout::flat(&item.repository, &item.file));
        for key in places.filter(|key| !item.places.contains(key)) {
            match self.store.get(&key, None).await {
                Ok(object) if item.digest.matches(&object.bytes) => return Ok(Some((key, object.bytes))),
                Ok(_) | Err(StorageError::NotFound(_)) => {}
                Err(error) => return Err(CommitError::Unavailable(error.to_string())),
            }
        }
        Ok(None)
    }

    /// Writes the bytes to a fresh place and says so in the journal. False if the file is not needed any more.
    async fn repair(&self, item: &Item, from: &Key, bytes: &Bytes) -> Result<bool, CommitError> {
        let since = self.now();
        let to: StoredFile = self.put_fresh(&item.file, bytes, Digest::of(bytes)).await?;
        let file = item.file.strip_suffix(layout::PROVENANCE_SUFFIX).unwrap_or(&item.file).to_owned();
        let (repository, key) = (item.repository.clone(), to.key.clone());
        let proposal = Proposal::Repair { repository, file, from: from.clone(), to };
        match self.propose_since(proposal, since).await {
            Ok(_) => Ok(true),
            Err(ProposeError::Refused(_)) => {
                self.delete_unneeded(&key).await;
                Ok(false)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn delete_unneeded(&self, key: &Key) {
        if let Err(error) = self.store.delete(key).await {
            tracing::warn!(%key, %error, "a copy that nobody needs could not be deleted");
        }
    }
}
