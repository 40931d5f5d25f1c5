//! The calls of a door: everything that the rest of the program may ask of the catalogue.

use std::sync::{Arc, Weak};
use std::time::Duration;

use bytes::Bytes;
use chart::{Package, Provenance};
use storage::{ObjectStore, StorageError};
use tokio::sync::{mpsc, oneshot};

use crate::blocking::blocking;
use crate::database::Database;
use crate::engine::{Backlog, Engine, Request};
use crate::outcome::{CommitError, FreshView, LoadError, OpenError, PublishOutcome, ReconcileReport, Stale, Status};
use crate::published::{Published, publish};
use crate::reconcile::Memory;
use crate::replica::Replica;
use crate::sessions::Sessions;
use crate::shared::Shared;
use crate::start::{Start, fingerprint, start};
use crate::upload::Sorted;
use crate::{Options, PackageLocation, PublishIndexes, RepositoryPath, Spooled, Terms, Upload, View};

/// Requests that wait for the engine before those who ask have to wait themselves.
const INBOX: usize = 8192;

/// One replica's view of what exists on one storage, and its hand in changing it. Cheap to clone.
#[derive(Clone)]
pub struct Catalogue {
    replica: Arc<Replica>,
}

impl Catalogue {
    /// Opens the storage: creates `format.json` if there is none, loads the state, follows the journal, adopts what
    /// lies in the storage. Background work stops when the last clone is dropped.
    ///
    /// # Errors
    /// If the storage or the database folder cannot be used.
    pub async fn open(store: Arc<dyn ObjectStore>, options: Options) -> Result<Self, OpenError> {
        let Start { state, regions, database, recorded } = start(&store, &options).await?;
        let index = Arc::new(options.index.clone());
        let state = Arc::new(state);
        let view = blocking({
            let state = state.clone();
            let embedded = options.embedded.clone();
            move || View::render(state, index, regions).with_embedded(embedded.as_deref())
        });
        let view = view.await.map_err(|error| OpenError::Format(error.to_string()))?;
        let shared = Arc::new(Shared::new(view));
        let (sender, inbox) = mpsc::channel(INBOX);
        let (index_changed, indexes_to_publish) = mpsc::unbounded_channel();
        let engine = Engine {
            store: store.clone(),
            clock: options.clock.clone(),
            replica: (options.new_id)(),
            level: options.level,
            new_id: options.new_id.clone(),
            recorded: recorded.then(|| state.sequence),
            state,
            shared: shared.clone(),
            fingerprint: fingerprint(&options.index),
            database: database.clone(),
            follow_interval: options.follow_interval,
            backlog: Backlog::default(),
            index_changed: (options.publish_indexes == PublishIndexes::Always).then_some(index_changed),
        };
        tokio::spawn(engine.run(inbox));
        let (memory, sessions, published) = (Memory::default(), Sessions::default(), Published::default());
        let engine = sender;
        let replica = Replica { store, options, shared, engine, database, memory, sessions, published };
        let replica = Arc::new(replica);
        replica.look().await.map_err(|reason| match replica.shared.halted() {
            Some(reason) => OpenError::Format(reason),
            None => StorageError::Unavailable(reason).into(),
        })?;
        if !replica.view().state.adopted {
            replica.adopt_all().await?;
        }
        replica.take_up_again().await?;
        if replica.options.publish_indexes == PublishIndexes::Always {
            tokio::spawn(publish(Arc::downgrade(&replica), indexes_to_publish));
        }
        let interval = replica.options.reconcile_interval;
        if !interval.is_zero() {
            tokio::spawn(keep_house(Arc::downgrade(&replica), interval));
        }
        Ok(Self { replica })
    }

    /// What was last known, without asking.
    pub fn view(&self) -> Arc<View> {
        self.replica.view()
    }

    /// A view as fresh as [`Options::freshness`] promises, or as the storage is if [`Options::reconcile_on_read`] is set.
    ///
    /// # Errors
    /// If the storage could not be asked for longer than [`Options::stale_while_down`].
    pub async fn fresh(&self) -> Result<FreshView, Stale> {
        if self.replica.options.reconcile_on_read {
            Box::pin(self.replica.reconcile_before_read()).await;
        }
        self.replica.fresh().await
    }

    /// A view that includes everything committed anywhere before this call. Every 404 asks here first.
    ///
    /// # Errors
    /// As [`Catalogue::fresh`].
    pub async fn checked(&self) -> Result<FreshView, Stale> {
        self.replica.checked().await
    }

    /// Publishes all that was uploaded in one commit, or nothing of it. Returns when it is durable and visible, and what it
    /// replaced or pushed out is gone. Goes on to its end even if the caller stops waiting.
    ///
    /// # Errors
    /// [`CommitError`] by meaning. After anything but `Unavailable` nothing of it is visible.
    pub async fn upload(
        &self,
        repository: &RepositoryPath,
        upload: Upload,
        terms: Terms,
    ) -> Result<PublishOutcome, CommitError> {
        self.refuse_embedded(repository)?;
        let (repository, upload) = (repository.clone(), Sorted::from(upload));
        self.to_the_end(move |replica| async move { replica.upload(&repository, &upload, terms).await }).await
    }

    /// Publishes one package, with the provenance that came along, without limits.
    ///
    /// # Errors
    /// As [`Catalogue::upload`].
    pub async fn publish(
        &self,
        repository: &RepositoryPath,
        package: &Package,
        provenance: Option<(&Provenance, Bytes)>,
        overwrite: bool,
    ) -> Result<PublishOutcome, CommitError> {
        let provenances = provenance.map(|(provenance, bytes)| (provenance.clone(), bytes)).into_iter().collect();
        let upload = Upload { packages: vec![package.clone()], provenances };
        self.upload(repository, upload, Terms::overwriting(overwrite)).await
    }

    /// Publishes a provenance alone; its package may come later.
    ///
    /// # Errors
    /// As [`Catalogue::upload`].
    pub async fn publish_provenance(
        &self,
        repository: &RepositoryPath,
        provenance: &Provenance,
        bytes: Bytes,
        overwrite: bool,
    ) -> Result<(), CommitError> {
        let upload = Upload { packages: Vec::new(), provenances: vec![(provenance.clone(), bytes)] };
        self.upload(repository, upload, Terms::overwriting(overwrite)).await.map(drop)
    }

    /// Removes one version.
    ///
    /// # Errors
    /// `NotFound` if there is no such version.
    pub async fn remove(&self, repository: &RepositoryPath, name: &str, version: &str) -> Result<(), CommitError> {
        self.refuse_embedded(repository)?;
        let (repository, name, version) = (repository.clone(), name.to_owned(), version.to_owned());
        self.to_the_end(move |replica| async move { replica.remove(&repository, &name, Some(&version)).await })
            .await
            .map(drop)
    }

    /// Removes all versions of a chart, in one commit. Returns how many.
    ///
    /// # Errors
    /// `NotFound` if there is no such chart.
    pub async fn remove_chart(&self, repository: &RepositoryPath, name: &str) -> Result<usize, CommitError> {
        self.refuse_embedded(repository)?;
        let (repository, name) = (repository.clone(), name.to_owned());
        self.to_the_end(move |replica| async move { replica.remove(&repository, &name, None).await }).await
    }

    /// Brings the newest removed version of this name and version back from the trash.
    ///
    /// # Errors
    /// `NotFound` if the trash has none; `Exists` if it was published again.
    pub async fn restore(&self, repository: &RepositoryPath, name: &str, version: &str) -> Result<(), CommitError> {
        self.refuse_embedded(repository)?;
        let (repository, name, version) = (repository.clone(), name.to_owned(), version.to_owned());
        self.to_the_end(move |replica| async move { replica.restore(&repository, &name, &version).await }).await
    }

    /// The bytes of a file, verified against their digest before the first is returned.
    ///
    /// # Errors
    /// `Unavailable`, never "not found": the state says that it exists. A caller whose location is not from a checked
    /// view looks again before it reports this.
    pub async fn load(&self, location: &PackageLocation) -> Result<Bytes, LoadError> {
        self.replica.load(location).await
    }

    /// The bytes of a file that is too large to be held in memory, on the local disk and verified against their digest
    /// before the first can be read. Memory for a few of them at a time is enough.
    ///
    /// # Errors
    /// As [`Catalogue::load`], and if the local disk fails.
    pub async fn spool(&self, location: &PackageLocation) -> Result<Spooled, LoadError> {
        self.replica.spool(location).await
    }

    /// The bytes of a file in a repository's folder that is called like a package and is no version: no package, or a second
    /// one of its version. None if there is no such file, or it is larger than `limit`. Nothing vouches for them.
    ///
    /// # Errors
    /// If the storage fails.
    pub async fn load_unlisted(
        &self,
        repository: &RepositoryPath,
        file: &str,
        limit: u64,
    ) -> Result<Option<Bytes>, LoadError> {
        self.replica.load_unlisted(repository, file, limit).await
    }

    /// What the first adoption made of the storage, if it happened when this catalogue was opened.
    pub fn adoption(&self) -> Option<ReconcileReport> {
        self.replica.memory.adoption()
    }

    /// How this replica is.
    pub fn status(&self) -> Status {
        let (not_ready, mut degraded) = self.replica.shared.troubles();
        degraded.extend(self.replica.database.as_ref().and_then(Database::failure));
        Status { not_ready, degraded, sequence: self.replica.view().state.sequence }
    }

    /// How long ago this replica last asked the journal for news and got an answer; `None` if it never did.
    pub fn age(&self) -> Option<Duration> {
        self.replica.shared.age()
    }

    /// Finishes what was begun, writes what is waiting to the database, and stops.
    pub async fn close(&self) {
        let (reply, stopped) = oneshot::channel();
        if self.replica.engine.send(Request::Stop { reply }).await.is_ok() {
            let _ = stopped.await;
        }
    }

    fn refuse_embedded(&self, repository: &RepositoryPath) -> Result<(), CommitError> {
        if self.view().is_embedded(repository) { Err(CommitError::Embedded) } else { Ok(()) }
    }

    pub(crate) fn replica(&self) -> &Arc<Replica> {
        &self.replica
    }

    /// Runs a use case to its end, whether or not the caller goes on waiting: a client that hangs up leaves nothing
    /// half done.
    pub(crate) async fn to_the_end<T, E, F>(&self, run: impl FnOnce(Arc<Replica>) -> F) -> Result<T, E>
    where
        T: Send + 'static,
        E: From<CommitError> + Send + 'static,
        F: Future<Output = Result<T, E>> + Send + 'static,
    {
        let run = run(self.replica.clone());
        tokio::spawn(run).await.unwrap_or_else(|error| Err(CommitError::Unavailable(error.to_string()).into()))
    }
}

/// Reconciles and collects, at once and then at every interval, for as long as the replica exists.
async fn keep_house(replica: Weak<Replica>, interval: Duration) {
    while let Some(replica) = replica.upgrade() {
        match replica.reconcile(false).await {
            Ok(report) => report.log(),
            Err(error) => tracing::warn!(%error, "the storage could not be reconciled"),
        }
        if let Err(error) = replica.collect().await {
            tracing::warn!(%error, "the storage could not be tidied");
        }
        drop(replica);
        tokio::time::sleep(interval).await;
    }
}
