//! The one task that writes, and what it shares with the handles.

use std::path::Path;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock, PoisonError};

use tokio::sync::{Notify, watch};
use tokio::time::{Duration, Instant, timeout_at};
use uuid::Uuid;

use super::connection::{Connection, Place};
use super::pending::{Batch, Due, Pending};
use super::{DatabaseError, Loaded, Update, load, write};
use crate::State;
use crate::view::ChangedRegion;

/// How long a start waits for a process that is just ending, as when a service is restarted.
const PATIENCE: Duration = Duration::from_secs(2);

#[derive(Debug)]
pub(super) struct Shared {
    place: Place,
    pending: Mutex<Pending>,
    wake: Notify,
    /// None once closed or switched off.
    connection: tokio::sync::Mutex<Option<Connection>>,
    failure: OnceLock<String>,
    ended: watch::Sender<bool>,
}

/// Writes until the database is closed or fails.
pub(super) async fn run(shared: Arc<Shared>) {
    // also if the task is dropped with its runtime
    struct End(Arc<Shared>);
    impl Drop for End {
        fn drop(&mut self) {
            self.0.pending().abandon();
            self.0.ended.send_replace(true);
        }
    }
    let end = End(shared);
    while let Some((batch, waiting)) = end.0.next().await {
        if let Some(batch) = batch
            && let Err(error) = end.0.write(&batch).await
        {
            end.0.switch_off(&error).await;
            return;
        }
        for waiting in waiting {
            let _ = waiting.send(());
        }
    }
    if let Some(connection) = end.0.connection.lock().await.take() {
        connection.close().await;
    }
}

impl Shared {
    pub(super) async fn open(folder: &Path, storage: Uuid) -> Result<Self, DatabaseError> {
        let (place, connection) = Place::open(folder, storage, PATIENCE).await?;
        Ok(Self {
            place,
            pending: Mutex::default(),
            wake: Notify::new(),
            connection: tokio::sync::Mutex::new(Some(connection)),
            failure: OnceLock::new(),
            ended: watch::Sender::new(false),
        })
    }

    pub(super) async fn load(&self, fingerprint: &str) -> Result<Option<Loaded>, DatabaseError> {
        let mut connection = self.connection.lock().await;
        let Some(open) = connection.as_mut() else { return Err(self.off()) };
        match load::load(&self.place, open, fingerprint).await {
            Ok(loaded) => {
                if loaded.is_some() {
                    self.pending().set_based();
                }
                Ok(loaded)
            }
            Err(error) => {
                tracing::warn!(%error, "the catalogue database is made anew");
                let renewed = match connection.take() {
                    Some(broken) => self.place.renew(broken).await,
                    None => return Err(self.off()),
                };
                match renewed {
                    Ok(renewed) => *connection = Some(renewed),
                    Err(error) => {
                        drop(connection);
                        self.switch_off(&error).await;
                        return Err(error);
                    }
                }
                Ok(None)
            }
        }
    }

    pub(super) fn record(&self, update: Update) {
        self.pending().record(update);
        self.wake.notify_one();
    }

    pub(super) fn replace(&self, state: Arc<State>, regions: Vec<ChangedRegion>, fingerprint: &str) {
        self.pending().replace(state, regions, fingerprint.to_owned());
        self.wake.notify_one();
    }

    pub(super) async fn flush(&self) {
        let written = self.pending().written();
        self.wake.notify_one();
        // an error says that the writer has ended, which its failure tells
        let _ = written.await;
    }

    pub(super) fn begin_closing(&self) {
        self.pending().close();
        self.wake.notify_one();
    }

    pub(super) async fn close(&self) {
        self.begin_closing();
        // it fails only if there is no sender, and the sender is here
        let _ = self.ended.subscribe().wait_for(|ended| *ended).await;
    }

    pub(super) fn failure(&self) -> Option<String> {
        self.failure.get().cloned()
    }

    /// Waits until something is to be written. None if nothing will come any more.
    async fn next(&self) -> Option<(Option<Box<Batch>>, Vec<tokio::sync::oneshot::Sender<()>>)> {
        loop {
            let due = self.pending().due(Instant::now());
            match due {
                Due::Now(batch, waiting) => return Some((batch, waiting)),
                Due::At(instant) => {
                    let _ = timeout_at(instant, self.wake.notified()).await;
                }
                Due::Later => self.wake.notified().await,
                Due::Never => return None,
            }
        }
    }

    async fn write(&self, batch: &Batch) -> Result<(), DatabaseError> {
        match self.connection.lock().await.as_mut() {
            Some(connection) => write::write(connection, batch).await,
            None => Err(self.off()),
        }
    }

    /// The file is no use any more: says so once, and removes it so that the next start begins anew.
    async fn switch_off(&self, error: &DatabaseError) {
        if self.failure.set(error.to_string()).is_ok() {
            tracing::error!(%error, "the catalogue database is switched off until the next start");
        }
        self.pending().abandon();
        self.wake.notify_one();
        if let Some(connection) = self.connection.lock().await.take() {
            self.place.remove(connection).await;
        }
    }

    fn off(&self) -> DatabaseError {
        DatabaseError::Off { reason: self.failure().unwrap_or_else(|| "it was closed".to_owned()) }
    }

    fn pending(&self) -> MutexGuard<'_, Pending> {
        // every change of what is pending is made of steps that cannot panic halfway
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
