//! From settings to an open catalogue.

mod adoption;
mod folder;
mod mounts;
mod network;
mod patience;
mod reach;
mod store;

use std::path::PathBuf;
use std::sync::Arc;
use std::time::Duration;

use catalogue::{
    Catalogue, Embedded, Freshness, IndexOptions, OpenError, Options, PackageUrls, PublishIndexes, UploadLimits,
};
use storage::observed::Observed;
use uuid::Uuid;

use crate::config::{self, Settings};
use crate::metrics::Metrics;

pub use adoption::Adoption;
use folder::CatalogueFolder;
pub use mounts::{Mount, Mounts};
use patience::Patience;
pub use reach::{Unreached, unreached};
use store::hides_absence;
pub use store::{SharedStore, open_storage};

/// How old answers may be on a local disk, if nobody says otherwise: the catalogue is followed that often anyway.
const LOCAL_FRESHNESS: Duration = Duration::from_secs(1);

/// Why the catalogue cannot be opened.
#[derive(Debug, thiserror::Error)]
pub enum OpeningError {
    /// The storage cannot be used.
    #[error("cannot open the storage ({subject}): {reason}")]
    Storage {
        /// The setting, or what else is to be looked at.
        subject: &'static str,
        /// A sentence.
        reason: String,
    },
    /// It did not answer in time, or is busy.
    #[error("cannot open the storage ({subject}): {reason}")]
    Unanswered {
        /// The setting, or what else is to be looked at.
        subject: &'static str,
        /// A sentence.
        reason: String,
    },
    /// The folder of the SQLite file cannot be used.
    #[error("setting catalogue: {0}")]
    Folder(String),
    /// A replica runs.
    #[error("a server has this storage open: stop every replica first")]
    Used,
    /// The charts of the program itself cannot be served.
    #[error("cannot serve the charts of this program: {0}")]
    Stack(String),
    /// The catalogue cannot be opened.
    #[error("cannot open the catalogue: {0}")]
    Catalogue(#[from] OpenError),
}

/// Refuses work that needs the storage for itself, if a replica on this machine has it open. One on another machine cannot
/// be seen from here.
///
/// # Errors
/// `Used`, or if the storage cannot be used at all.
pub async fn refuse_if_used(settings: &Settings) -> Result<(), OpeningError> {
    let store = open_storage(&settings.storage).await?;
    let id = catalogue::storage_id(&*store).await?;
    let chosen = settings.catalogue.folder.clone();
    if blocking(move || folder::is_used(chosen.as_deref(), id)).await { Err(OpeningError::Used) } else { Ok(()) }
}

/// An open catalogue, its folder's lock, and its storage.
pub struct Opened {
    /// The catalogue.
    pub catalogue: Catalogue,
    /// What the catalogue stands on.
    pub storage: SharedStore,
    /// No other process uses the folder while this lives.
    _folder: Option<CatalogueFolder>,
}

impl Opened {
    /// Finishes what was begun, and lets other replicas write.
    pub async fn close(&self) {
        self.catalogue.close().await;
        self.storage.release().await;
    }
}

/// Opens the storage and the catalogue of a server. A store that does not answer is waited for.
///
/// # Errors
/// If one of them cannot be used.
pub async fn open(settings: &Settings, adoption: Adoption, metrics: &Metrics) -> Result<Opened, OpeningError> {
    let mounts = Mounts::current();
    let options = options(settings, &mounts)?;
    let (patience, adoption) = (Patience::begin(), Arc::new(adoption));
    let storage = loop {
        match SharedStore::open(&settings.storage, &mounts).await {
            Err(error) if patience.with_opening(&error, &adoption).await => {}
            outcome => break outcome?,
        }
    };
    let mut store = storage.store.clone();
    if settings.metrics.enabled || settings.log.debug {
        store = Arc::new(Observed::new(store, metrics.storage.clone()));
    }
    let id = loop {
        match catalogue::storage_id(&*store).await {
            Err(error) if patience.with_catalogue(&error, &storage, &adoption).await => {}
            outcome => break outcome?,
        }
    };
    let chosen = settings.catalogue.folder.clone();
    let folder = blocking(move || folder::find(chosen.as_deref(), id)).await.map_err(OpeningError::Folder)?;
    let mut options = options;
    options.database = folder.as_ref().map(|folder| folder.path.clone());
    options.progress = Some(adoption.clone().into_progress());
    options.observer = Some(metrics.commits.clone());
    options.embedded = stack(settings)?.map(Arc::new);
    let catalogue = loop {
        match Catalogue::open(store.clone(), options.clone()).await {
            Err(error) if patience.with_catalogue(&error, &storage, &adoption).await => {}
            outcome => break outcome?,
        }
    };
    reach::tell_unreached(settings, &catalogue.view().state);
    Ok(Opened { catalogue, storage, _folder: folder })
}

/// Opens the storage and a catalogue that keeps nothing and does nothing by itself, beside a server that may run.
///
/// # Errors
/// If the storage cannot be used.
pub async fn open_beside(settings: &Settings, adoption: Adoption) -> Result<Opened, OpeningError> {
    let storage = SharedStore::open_beside(&settings.storage).await?;
    let progress = Some(Arc::new(adoption).into_progress());
    let publish_indexes = if settings.index.publish { PublishIndexes::AtReconcile } else { PublishIndexes::Never };
    let own = options(settings, &Mounts::current())?;
    let options = Options { reconcile_interval: Duration::ZERO, publish_indexes, progress, ..own };
    let catalogue = Catalogue::open(storage.store.clone(), options).await?;
    Ok(Opened { catalogue, storage, _folder: None })
}

fn options(settings: &Settings, mounts: &Mounts) -> Result<Options, OpeningError> {
    let hides_absence = match &settings.storage {
        config::Storage::Local { root } => hides_absence(root, mounts),
        config::Storage::Amazon(_) => None,
    };
    let own = match (&settings.storage, hides_absence) {
        (_, Some(sentence)) if settings.catalogue.freshness == Some(Freshness::Strict) => {
            let reason = format!("strict cannot be kept: {sentence}");
            return Err(OpeningError::Storage { subject: "setting read-freshness", reason });
        }
        (_, Some(_)) => Freshness::Within(LOCAL_FRESHNESS),
        (config::Storage::Local { root }, None) if network::file_system(root, mounts).is_none() => {
            Freshness::Within(LOCAL_FRESHNESS)
        }
        _ => Freshness::Strict, // others may write there
    };
    let config::Catalogue { freshness, stale_while_down, reconcile_interval, reconcile_on_read, trash_window, .. } =
        settings.catalogue;
    Ok(Options {
        freshness: freshness.unwrap_or(own),
        stale_while_down,
        reconcile_interval,
        reconcile_on_read,
        trash_window,
        index: index_options(settings),
        publish_indexes: if settings.index.publish { PublishIndexes::Always } else { PublishIndexes::Never },
        limits: settings.upload.limits.clone(),
        uploads: UploadLimits {
            blob_size: settings.registry.blob_size,
            sessions: settings.registry.uploads,
            idle: settings.registry.upload_timeout,
        },
        ..Options::default()
    })
}

/// The repository of our own charts, unless it is turned off.
pub(crate) fn stack(settings: &Settings) -> Result<Option<Embedded>, OpeningError> {
    let Some(path) = settings.repository.stack.clone() else { return Ok(None) };
    let broken = |reason: String| OpeningError::Stack(reason);
    let packages = stack::packages().map_err(|error| broken(error.to_string()))?;
    Embedded::new(path, packages, stack::RELEASED).map(Some).map_err(|error| broken(error.to_string()))
}

/// How indexes are rendered with these settings.
pub fn index_options(settings: &Settings) -> IndexOptions {
    let context_path = &settings.repository.context_path;
    IndexOptions {
        format: settings.index.format,
        chart_url: settings.index.chart_url.as_ref().map(|base| format!("{base}{context_path}")),
        context_path: context_path.clone(),
        urls_by_digest: settings.repository.allow_overwrite,
        package_urls: PackageUrls::Served,
    }
}

/// Where a server of this storage would keep the catalogue's file, the first choice first.
pub fn catalogue_places(settings: &Settings, storage: Option<Uuid>) -> Vec<PathBuf> {
    folder::places(settings.catalogue.folder.as_deref(), storage)
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> T + Send + 'static) -> T {
    match tokio::task::spawn_blocking(work).await {
        Ok(outcome) => outcome,
        Err(error) => std::panic::resume_unwind(error.into_panic()), // never cancelled: nobody keeps its handle
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Storage;

    #[test]
    fn strict_is_refused_where_absence_is_remembered_and_kept_elsewhere() {
        let folder = tempfile::tempdir().expect("a temporary folder can be made");
        let root = folder.path().canonicalize().expect("it is there");
        let mut settings = Settings { storage: Storage::Local { root: root.clone() }, ..Settings::default() };
        let mounted = |options: &str| {
            Mounts::from(format!("40 22 0:44 / {} rw - nfs4 files:/charts {options}\n", root.display()))
        };
        let (bad, good) = (mounted("rw,hard"), mounted("rw,hard,lookupcache=pos"));

        let freshness = |settings: &Settings, mounts| options(settings, mounts).map(|options| options.freshness);
        assert_eq!(freshness(&settings, &bad).ok(), Some(Freshness::Within(LOCAL_FRESHNESS)));
        settings.catalogue.freshness = Some(Freshness::Strict);
        assert_eq!(freshness(&settings, &good).ok(), Some(Freshness::Strict));
        let refused = freshness(&settings, &bad).expect_err("it cannot be kept").to_string();
        let expected = format!(
            "cannot open the storage (setting read-freshness): strict cannot be kept: the NFS volume at {} is mounted \
             without lookupcache=positive (or none), so that a replica may overlook for a while what another one wrote",
            root.display()
        );
        assert_eq!(refused, expected);
    }
}
