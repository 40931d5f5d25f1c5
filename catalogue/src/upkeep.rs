//! The calls of those who run a server: comparing, tidying, copying and mending what is stored.

use std::sync::Arc;

use storage::ObjectStore;

use crate::hand_back::HandBackReport;
use crate::outcome::{CommitError, ReconcileReport, Reconciled};
use crate::{
    BackupError, BackupReport, Catalogue, Collectable, ExportReport, LevelReport, Progress, RepositoryPath,
    ScrubReport, State,
};

impl Catalogue {
    /// Compares the storage with the state now. With `accept_loss` packages that are gone are believed to be gone,
    /// even if that is most of them.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn reconcile(&self, accept_loss: bool) -> Result<ReconcileReport, CommitError> {
        self.replica().reconcile(accept_loss).await
    }

    /// Makes what ChartMuseum would serve from this storage what the catalogue serves, and writes down what became of each
    /// file. No other replica may run meanwhile. Done again it leaves the same files.
    ///
    /// # Errors
    /// If the storage fails, looks wiped, or another replica changed something meanwhile.
    pub async fn hand_back(&self) -> Result<HandBackReport, CommitError> {
        self.replica().hand_back().await
    }

    /// Reconciles twice in a row, since a file is believed to be gone when it was not there twice. Goes on to its end
    /// even if the caller stops waiting; several that were asked for wait for each other.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn reconcile_twice(&self, accept_loss: bool) -> Result<Arc<Reconciled>, CommitError> {
        self.to_the_end(move |replica| async move { replica.reconcile_twice(accept_loss).await }).await
    }

    /// The reconcile that ended last on this replica, if one did since its start, and whether one is under way.
    pub fn reconciled(&self) -> (Option<Arc<Reconciled>>, bool) {
        self.replica().reconciled()
    }

    /// Lets go what has been unreferenced, removed or replaced for long enough. Returns how many objects were deleted.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn collect(&self) -> Result<usize, CommitError> {
        self.replica().collect().await
    }

    /// What [`Catalogue::collect`] would let go or delete now, and why. Nothing is changed.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn collectable(&self) -> Result<Vec<Collectable>, CommitError> {
        self.replica().collectable().await
    }

    /// Copies everything that exists to another storage, at one state, while others go on changing it. The copy has the
    /// same id and serves the same bytes. What an earlier backup to the same place has is not copied again.
    ///
    /// # Errors
    /// If `to` holds something else, or one of the storages fails.
    pub async fn backup(&self, to: Arc<dyn ObjectStore>, progress: Progress) -> Result<BackupReport, BackupError> {
        self.replica().backup(to, progress).await
    }

    /// Writes packages, provenances and indexes to another storage as files that any static web server serves: of one
    /// repository, which then lies at the top, or of all in their folders. What is there with the same bytes is left.
    ///
    /// # Errors
    /// If there is no such repository, if `to` is the storage of a server, or if one of the storages fails.
    pub async fn export(
        &self,
        to: &dyn ObjectStore,
        only: Option<&RepositoryPath>,
        progress: Progress,
    ) -> Result<ExportReport, BackupError> {
        self.replica().export(to, only, progress).await
    }

    /// Reads and hashes everything that exists or can be restored, and mends from equal bytes elsewhere what has gone
    /// bad: with a commit that gives it another place. With `dry_run` nothing is changed.
    ///
    /// # Errors
    /// If the journal cannot be read or written. What the storage does not give of the files is in the report.
    pub async fn scrub(&self, dry_run: bool, progress: Progress) -> Result<ScrubReport, CommitError> {
        self.to_the_end(move |replica| async move { replica.scrub(dry_run, progress).await }).await
    }

    /// Writes a snapshot of the state now, whether one is due or not.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn write_snapshot(&self) -> Result<(), CommitError> {
        let state: Arc<State> = self.replica().current().await?.state.clone();
        let written = crate::snapshot::write(&*self.replica().store, state).await;
        written.map_err(|error| CommitError::Unavailable(error.to_string()))
    }

    /// Raises the journal to the newest level that this replica knows. A replica that does not know it stops following
    /// from then on. With `dry_run` nothing is changed.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn raise_level(&self, dry_run: bool) -> Result<LevelReport, CommitError> {
        self.to_the_end(move |replica| async move { replica.raise_level(dry_run).await }).await
    }
}
