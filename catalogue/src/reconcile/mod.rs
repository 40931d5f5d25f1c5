//! Comparing the storage with the state: what people and ChartMuseum put there, took away or changed by hand.
//!
//! Listings are hints: nothing is believed to be there before it was read, nor gone before the storage said so twice.

mod absent;
mod before_read;
mod file;
mod first;
mod scan;

use std::collections::HashMap;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use futures_util::{StreamExt, stream};
use jiff::Timestamp;

use crate::change::Traces;
use crate::outcome::{CommitError, ReconcileReport, Reconciled};
use crate::replica::Replica;
use crate::state::Proposal;
use crate::{PublishIndexes, RepositoryPath, State, layout};

pub(crate) use absent::SUSPICIOUS_LOSS;
use before_read::Turns;
pub(crate) use file::Judged;
pub(crate) use scan::{CACHED_INDEX, Scan, ScannedFile};

/// Files that are read and judged at the same time.
const SIDE_BY_SIDE: usize = 16;

/// What this replica remembers between two reconciles: it costs nothing but reading again to lose it.
#[derive(Default)]
pub(crate) struct Memory {
    /// What a file looked like when it was read and nothing had to be done about it.
    seen: Mutex<HashMap<(RepositoryPath, String), Traces>>,
    /// Files that were not there at the last reconcile.
    absent: Mutex<Vec<(RepositoryPath, String)>>,
    /// Comparisons that reads wait for.
    turns: Turns,
    /// What the first adoption made of the storage, if this replica did it.
    adoption: Mutex<Option<ReconcileReport>>,
    /// The reconcile that ended last.
    last: Mutex<Option<Arc<Reconciled>>>,
    /// How many are under way.
    running: AtomicUsize,
    /// Those that were asked for wait for each other.
    turn: tokio::sync::Mutex<()>,
}

/// Counts a reconcile as running for as long as it lives.
struct Running<'a>(&'a AtomicUsize);

impl<'a> Running<'a> {
    fn begin(count: &'a AtomicUsize) -> Self {
        count.fetch_add(1, Ordering::Relaxed);
        Self(count)
    }
}

impl Drop for Running<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}

/// What became of one file.
pub(crate) enum Finding {
    /// Nothing to tell.
    Nothing,
    Adopted,
    Found,
    Unreadable(String),
}

impl Memory {
    pub fn adoption(&self) -> Option<ReconcileReport> {
        self.adoption.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Replica {
    /// See [`crate::Catalogue::reconcile`].
    pub async fn reconcile(&self, accept_loss: bool) -> Result<ReconcileReport, CommitError> {
        let _running = Running::begin(&self.memory.running);
        let began = self.options.clock.now();
        let report = self.compare(accept_loss).await?;
        self.remember_report(began, report.clone());
        Ok(report)
    }

    /// See [`crate::Catalogue::reconcile_twice`].
    pub async fn reconcile_twice(&self, accept_loss: bool) -> Result<Arc<Reconciled>, CommitError> {
        let _running = Running::begin(&self.memory.running);
        let _turn = self.memory.turn.lock().await;
        let began = self.options.clock.now();
        let mut report = self.compare(accept_loss).await?;
        // with the loss accepted, what is gone was believed to be so at the first look
        if !accept_loss && report.looks_wiped.is_none() {
            report.add(self.compare(accept_loss).await?);
        }
        Ok(self.remember_report(began, report))
    }

    /// The reconcile that ended last on this replica, and whether one is under way.
    pub fn reconciled(&self) -> (Option<Arc<Reconciled>>, bool) {
        let last = self.memory.last.lock().unwrap_or_else(PoisonError::into_inner).clone();
        (last, self.memory.running.load(Ordering::Relaxed) > 0)
    }

    fn remember_report(&self, began: Timestamp, report: ReconcileReport) -> Arc<Reconciled> {
        let reconciled = Arc::new(Reconciled { began, ended: self.options.clock.now(), report });
        *self.memory.last.lock().unwrap_or_else(PoisonError::into_inner) = Some(reconciled.clone());
        reconciled
    }

    async fn compare(&self, accept_loss: bool) -> Result<ReconcileReport, CommitError> {
        let state = self.current().await?.state.clone();
        let mut scan = Scan::of(&*self.store).await.map_err(|error| CommitError::Unavailable(error.to_string()))?;
        let mut report = ReconcileReport::default();
        let (this, known) = (self, &state);
        let mut findings = stream::iter(std::mem::take(&mut scan.packages))
            .map(|file| async move { (this.look_at(known, &file).await, file) })
            .buffer_unordered(SIDE_BY_SIDE);
        while let Some((finding, file)) = findings.next().await {
            let place = (file.repository, file.name);
            match finding? {
                Finding::Nothing => {}
                Finding::Adopted => report.adopted.push(place),
                Finding::Found => report.found.push(place),
                Finding::Unreadable(reason) => report.unreadable.push((place.0, place.1, reason)),
            }
        }
        drop(findings);
        for file in &scan.provenances {
            if self.look_at_provenance(&state, file, false).await? {
                report
                    .provenances
                    .push((file.repository.clone(), format!("{}{}", file.name, layout::PROVENANCE_SUFFIX)));
            }
        }
        match self.options.publish_indexes {
            PublishIndexes::Never => scan.ignore_indexes(),
            _ => self.check_indexes(&scan.indexes).await,
        }
        report.ignored = std::mem::take(&mut scan.ignored);
        self.finish_removals(&state, &scan).await;
        self.look_for_absent(&state, &scan, accept_loss, &mut report).await?;
        report.adopted.sort();
        report.provenances.sort();
        report.found.sort();
        report.missing.sort();
        report.unreadable.sort();
        Ok(report)
    }

    /// Moves to the trash what a crash left in its place after its removal.
    async fn finish_removals(&self, state: &State, scan: &Scan) {
        for (path, repository) in &state.repositories {
            for trashed in repository.trash.values() {
                let file = &trashed.version.file;
                let provenance = format!("{file}{}", layout::PROVENANCE_SUFFIX);
                if (scan.has(path, file) || scan.has(path, &provenance))
                    && let Err(error) = self.move_to_trash(path, trashed).await
                {
                    tracing::warn!(%file, %error, "a removed package is not in the trash yet");
                }
            }
        }
    }

    /// Proposes something that may have become needless meanwhile. True if it is so now.
    async fn propose_if_needed(&self, proposal: Proposal) -> Result<bool, CommitError> {
        match self.propose(proposal).await {
            Ok(_) => Ok(true),
            Err(crate::engine::ProposeError::Refused(_)) => Ok(false),
            Err(error) => Err(error.into()),
        }
    }
}

impl ReconcileReport {
    /// Takes in what a later look found: files that it read anew, and in what state it left the storage.
    fn add(&mut self, later: Self) {
        let Self { adopted, provenances, missing, found, unreadable, ignored, looks_wiped } = later;
        self.adopted.extend(adopted);
        self.provenances.extend(provenances);
        self.missing.extend(missing);
        self.found.extend(found);
        self.unreadable = unreadable;
        self.ignored = ignored;
        self.looks_wiped = looks_wiped;
    }

    /// One line for each thing that an operator should know.
    pub(crate) fn log(&self) {
        self.log_adopted();
        for (repository, file, reason) in &self.unreadable {
            tracing::warn!(repo = %repository, action = "added", package = %file, error = %reason, "Invalid package in storage");
        }
        for (repository, file) in &self.missing {
            tracing::warn!(repo = %repository, package = %file, "a package is gone from the storage");
        }
        if let Some(reason) = &self.looks_wiped {
            tracing::error!(error = %reason, "the storage looks wiped: nothing was changed");
        }
    }

    /// One line for what was taken in: the rest is found again by every comparison.
    pub(crate) fn log_adopted(&self) {
        let count = self.adopted.len();
        if count > 0 {
            tracing::info!(count, "packages found in the storage are served");
        }
    }
}
