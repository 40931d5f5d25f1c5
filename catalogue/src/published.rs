//! Indexes in the storage itself, beside the packages: for a bucket's website, a content network or any static web server,
//! while no server of ours runs.
//!
//! Each replica writes what its own commits changed. Replicas overtake each other, so whoever has written looks at the
//! journal once more and writes again if the repository has changed meanwhile; what is left wrong by one that was killed
//! is found by the next reconcile of any other.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Arc, Mutex, PoisonError, Weak};
use std::time::Duration;

use bytes::{Bytes, BytesMut};
use storage::{ObjectMeta, StorageError};
use tokio::sync::mpsc;
use tokio::time::timeout;

use crate::blocking::blocking;
use crate::outcome::CommitError;
use crate::replica::Replica;
use crate::view::RepositoryView;
use crate::{IndexOptions, PackageUrls, RepositoryPath, layout};

/// Before an index that could not be written is tried again.
const PAUSE: Duration = Duration::from_secs(5);

/// What this replica knows of the indexes in the storage.
#[derive(Default)]
pub(crate) struct Published {
    known: Mutex<BTreeMap<RepositoryPath, Known>>,
    /// One index is written at a time: there may be a hundred megabytes of it.
    turn: tokio::sync::Mutex<()>,
}

struct Known {
    /// What was rendered last. Pages that did not change are not rendered again.
    rendered: Arc<RepositoryView>,
    /// Length and ETag of the object that held it.
    there: Option<(u64, String)>,
}

fn traces(meta: &ObjectMeta) -> (u64, String) {
    (meta.size, meta.etag.clone())
}

/// Writes the indexes of the repositories that it is told of, and at first of all of them, for as long as the replica
/// exists.
pub(crate) async fn publish(replica: Weak<Replica>, mut changed: mpsc::UnboundedReceiver<RepositoryPath>) {
    let mut due: BTreeSet<RepositoryPath> = match replica.upgrade() {
        Some(replica) => replica.view().state.repositories.keys().cloned().collect(),
        None => return,
    };
    loop {
        while let Ok(path) = changed.try_recv() {
            due.insert(path);
        }
        let Some(replica) = replica.upgrade() else { return };
        for path in std::mem::take(&mut due) {
            if let Err(error) = replica.publish_index(&path).await {
                tracing::warn!(repo = %path, %error, "the index in the storage is not the current one yet");
                due.insert(path);
            }
        }
        drop(replica);
        if due.is_empty() {
            match changed.recv().await {
                Some(path) => drop(due.insert(path)),
                None => return,
            }
        } else if let Ok(None) = timeout(PAUSE, async { changed.recv().await.map(|path| due.insert(path)) }).await {
            return;
        }
    }
}

impl Replica {
    /// Makes the index in the storage that of the repository as it is now.
    async fn publish_index(&self, path: &RepositoryPath) -> Result<(), CommitError> {
        let _turn = self.published.turn.lock().await;
        let key = layout::index(path).map_err(|error| CommitError::Name(error.to_string()))?;
        loop {
            let Some(rendered) = self.render_for_storage(path).await? else { return Ok(()) };
            if self.published.is_there(path, &rendered) {
                return Ok(());
            }
            let text = text(&rendered);
            let there = match self.store.get(&key, None).await {
                Ok(object) if object.bytes == text => object.meta,
                Ok(_) | Err(StorageError::NotFound(_)) => {
                    self.writable().map_err(CommitError::from)?;
                    self.store.put(&key, text).await.map_err(unavailable)?
                }
                Err(error) => return Err(unavailable(error)),
            };
            self.published.note(path, rendered, Some(traces(&there)));
            // another replica may have written an older one over it, or have committed something newer
            self.look().await.map_err(CommitError::Unavailable)?;
        }
    }

    /// Looks whether the indexes that a listing has are those that belong there, and writes what is wrong or missing.
    pub(crate) async fn check_indexes(&self, listed: &BTreeMap<RepositoryPath, ObjectMeta>) {
        for path in self.view().state.repositories.keys() {
            self.published.forget_unless(path, listed.get(path).map(traces).as_ref());
            if let Err(error) = self.publish_index(path).await {
                tracing::warn!(repo = %path, %error, "the index in the storage is not the current one yet");
            }
        }
    }

    /// The repository with addresses in the storage. None if nothing was ever stored in it.
    async fn render_for_storage(&self, path: &RepositoryPath) -> Result<Option<Arc<RepositoryView>>, CommitError> {
        let state = self.view().state.clone();
        let Some(repository) = state.repository(path).cloned() else { return Ok(None) };
        let before = self.published.rendered(path);
        if let Some(before) = before.as_ref().filter(|before| before.repository.changed == repository.changed) {
            return Ok(Some(before.clone()));
        }
        let format = self.options.index.format;
        let options = IndexOptions { format, package_urls: PackageUrls::Keys, ..IndexOptions::default() };
        let render = move || RepositoryView::render(state.storage, repository, options.into(), before.as_deref());
        let rendered = blocking(render).await.map_err(|error| CommitError::Unavailable(error.to_string()))?;
        Ok(Some(Arc::new(rendered)))
    }
}

impl Published {
    fn with_known<T>(&self, ask: impl FnOnce(&mut BTreeMap<RepositoryPath, Known>) -> T) -> T {
        ask(&mut self.known.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn rendered(&self, path: &RepositoryPath) -> Option<Arc<RepositoryView>> {
        self.with_known(|known| known.get(path).map(|known| known.rendered.clone()))
    }

    fn is_there(&self, path: &RepositoryPath, rendered: &Arc<RepositoryView>) -> bool {
        self.with_known(|known| {
            known.get(path).is_some_and(|known| known.there.is_some() && Arc::ptr_eq(&known.rendered, rendered))
        })
    }

    fn note(&self, path: &RepositoryPath, rendered: Arc<RepositoryView>, there: Option<(u64, String)>) {
        self.with_known(|known| known.insert(path.clone(), Known { rendered, there }));
    }

    /// What is not as it was left is read again.
    fn forget_unless(&self, path: &RepositoryPath, listed: Option<&(u64, String)>) {
        self.with_known(|known| {
            if let Some(known) = known.get_mut(path)
                && known.there.as_ref() != listed
            {
                known.there = None;
            }
        });
    }
}

/// An index as one text.
pub(crate) fn text(view: &RepositoryView) -> Bytes {
    let body = &view.index().identity;
    let mut text = BytesMut::with_capacity(usize::try_from(body.length).unwrap_or_default());
    for frame in body.frames.iter() {
        text.extend_from_slice(frame);
    }
    text.freeze()
}

fn unavailable(error: StorageError) -> CommitError {
    CommitError::Unavailable(error.to_string())
}
