//! From settings to an open catalogue.

mod adoption;
mod folder;
mod network;

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use catalogue::{Catalogue, Freshness, IndexOptions, OpenError, Options};
use storage::filesystem::FileStore;
use storage::{ObjectStore, StorageError};

use crate::config::{self, Settings};

pub use adoption::Adoption;
use folder::CatalogueFolder;

/// How old answers may be on a local disk, if nobody says otherwise: the catalogue is followed that often anyway.
const LOCAL_FRESHNESS: Duration = Duration::from_secs(1);

/// Why the catalogue cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The storage cannot be used.
    #[error("cannot open the storage (setting storage-local-rootdir): {0}")]
    Storage(StorageError),
    /// The folder of the SQLite file cannot be used.
    #[error("setting catalogue: {0}")]
    Folder(String),
    /// The catalogue cannot be opened.
    #[error("cannot open the catalogue: {0}")]
    Catalogue(#[from] OpenError),
}

/// An open catalogue, and its folder's lock.
pub struct Opened {
    /// The catalogue.
    pub catalogue: Catalogue,
    /// No other process uses the folder while this lives.
    _folder: Option<CatalogueFolder>,
}

/// Opens the storage and the catalogue of a server.
///
/// # Errors
/// If one of them cannot be used.
pub async fn open(settings: &Settings, adoption: Adoption) -> Result<Opened, OpeningError> {
    let config::Storage::Local { root } = &settings.storage;
    let store = open_storage(&settings.storage).await?;
    let id = catalogue::storage_id(&*store).await?;
    let chosen = settings.catalogue.folder.clone();
    let folder = blocking(move || folder::find(chosen.as_deref(), id)).await.map_err(OpeningError::Folder)?;
    let mut options = options(settings, root);
    options.database = folder.as_ref().map(|folder| folder.path.clone());
    options.progress = Some(adoption.into_progress());
    Ok(Opened { catalogue: Catalogue::open(store, options).await?, _folder: folder })
}

/// Opens the storage and a catalogue that keeps nothing and does nothing by itself, beside a server that may run.
///
/// # Errors
/// If the storage cannot be used.
pub async fn open_beside(settings: &Settings, adoption: Adoption) -> Result<Catalogue, OpeningError> {
    let config::Storage::Local { root } = &settings.storage;
    let store = open_storage(&settings.storage).await?;
    let progress = Some(adoption.into_progress());
    let options = Options { reconcile_interval: Duration::ZERO, progress, ..options(settings, root) };
    Ok(Catalogue::open(store, options).await?)
}

/// Opens any storage.
///
/// # Errors
/// If it cannot be used.
pub async fn open_storage(storage: &config::Storage) -> Result<Arc<dyn ObjectStore>, OpeningError> {
    let config::Storage::Local { root } = storage;
    let root = root.clone();
    let store = blocking(move || FileStore::open(root)).await.map_err(OpeningError::Storage)?;
    Ok(Arc::new(store))
}

fn options(settings: &Settings, root: &Path) -> Options {
    let own = match network::file_system(root) {
        Some(_) => Freshness::Strict,
        None => Freshness::Within(LOCAL_FRESHNESS),
    };
    let config::Catalogue { freshness, stale_while_down, reconcile_interval, reconcile_on_read, trash_window, .. } =
        settings.catalogue;
    let context_path = &settings.repository.context_path;
    Options {
        freshness: freshness.unwrap_or(own),
        stale_while_down,
        reconcile_interval,
        reconcile_on_read,
        trash_window,
        index: IndexOptions {
            format: settings.index.format,
            chart_url: settings.index.chart_url.as_ref().map(|base| format!("{base}{context_path}")),
            context_path: context_path.clone(),
            urls_by_digest: settings.repository.allow_overwrite,
        },
        limits: settings.upload.limits.clone(),
        ..Options::default()
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()), // never cancelled: nobody keeps its handle
    }
}
