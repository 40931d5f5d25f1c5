use std::io::Write;
use std::process::ExitCode;

use bytes::Bytes;
use catalogue::RepositoryPath;

use super::beside;
use crate::config::{Notice, Settings};
use crate::log::Log;
use crate::opening::{self, Adoption};

/// ChartMuseum's `--gen-index`: prints what `GET /index.yaml` would answer, to the byte. Nothing else goes to standard
/// output, and a storage that fails is no empty index.
pub(super) fn run(settings: Settings) -> ExitCode {
    let log = Log::to_standard_error(&settings.log);
    log.install();
    settings.notices.iter().for_each(Notice::log);
    let runtime = tokio::runtime::Builder::new_multi_thread().enable_all().build().map_err(|error| error.to_string());
    let index = runtime.and_then(|runtime| runtime.block_on(index(&settings)));
    log.flush();
    let printed = index.and_then(|frames| {
        let mut out = std::io::stdout().lock();
        frames.iter().try_for_each(|frame| out.write_all(frame)).and_then(|()| out.flush()).map_err(|e| e.to_string())
    });
    printed.map_or_else(super::failed, |()| ExitCode::SUCCESS)
}

/// The index of the one repository, of the storage as it is now.
async fn index(settings: &Settings) -> Result<Vec<Bytes>, String> {
    beside::refuse_missing(settings)?;
    let adoption = Adoption::new(settings.log.json, |_| {});
    let opened = opening::open_beside(settings, adoption).await.map_err(|error| error.to_string())?;
    let catalogue = &opened.catalogue;
    let reconciled = catalogue.reconcile(false).await.map_err(|error| error.to_string());
    let view = catalogue.view();
    opened.close().await;
    reconciled?;
    Ok(view.repository_or_empty(&RepositoryPath::root()).index().identity.frames.to_vec())
}
