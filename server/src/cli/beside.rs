//! Work on a storage beside a server that may be running.

use catalogue::Catalogue;

use crate::config::Settings;
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
