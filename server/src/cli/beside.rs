//! Work on a storage beside a server that may be running.

use catalogue::Catalogue;

use crate::config::{Settings, Storage};
use crate::log::Log;
use crate::opening::{self, Adoption};

/// Runs a command's work to its end, with the log on standard error.
pub(super) fn run<T>(settings: &Settings, work: impl Future<Output = Result<T, String>>) -> Result<T, String> {
    let log = Log::to_standard_error(&settings.log);
    log.install();
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string());
    let outcome = runtime.and_then(|runtime| runtime.block_on(work));
    log.flush();
    outcome
}

/// Refuses a folder that is not there: a mistyped one, or a volume that is not mounted, is no empty storage that all is
/// well with. Only servers and `reconcile`, which come first, make it.
pub(super) fn refuse_missing(settings: &Settings) -> Result<(), String> {
    match &settings.storage {
        Storage::Local { root } if !root.exists() => {
            Err(format!("the folder {} is missing (setting storage-local-rootdir)", root.display()))
        }
        _ => Ok(()),
    }
}

/// [`with_catalogue`], of a storage that is there.
pub(super) async fn with_storage<T, E: ToString>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Catalogue) -> Result<T, E>,
) -> Result<T, String> {
    refuse_missing(settings)?;
    with_catalogue(settings, work).await
}

/// Opens the catalogue, does something with it, and closes it.
pub(super) async fn with_catalogue<T, E: ToString>(
    settings: &Settings,
    work: impl AsyncFnOnce(&Catalogue) -> Result<T, E>,
) -> Result<T, String> {
    let adoption = Adoption::new(settings.log.json, |_| {});
    let opened = opening::open_beside(settings, adoption).await.map_err(|error| error.to_string())?;
    let outcome = work(&opened.catalogue).await.map_err(|error| error.to_string());
    opened.close().await;
    outcome
}
