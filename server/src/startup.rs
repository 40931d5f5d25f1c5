//! From settings to a running server, and to its end.

use std::sync::Arc;
use std::time::Duration;

use crate::App;
use crate::config::Settings;
use crate::log::Log;
use crate::middleware::Front;
use crate::opening::{self, Adoption, OpeningError};
use crate::router::Door;
use crate::serve::{self, ListenError, Stop};

/// How long the catalogue may take to finish what it does when the server stops.
const CLOSING: Duration = Duration::from_secs(4);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// The storage or the catalogue cannot be opened.
    #[error(transparent)]
    Opening(#[from] OpeningError),
}

/// Runs a server until it is told to stop. Listens first, so that probes are answered while the catalogue opens.
///
/// # Errors
/// If it does not start.
pub async fn run(settings: Settings, log: Log, stop: Stop) -> Result<(), StartError> {
    let listener = serve::listen(&settings.listen).await?;
    if let Ok(address) = listener.local_addr() {
        let (host, port) = (address.ip(), address.port());
        tracing::info!(%host, port, %address, version = crate::VERSION, "Starting Chandlery");
    }
    let front = Arc::new(Front::new(&settings, log, stop.clone()));
    let serving = {
        let (front, settings, stop) = (Arc::clone(&front), settings.listen.clone(), stop.clone());
        tokio::spawn(async move { serve::serve(listener, front, &settings, &stop).await })
    };
    let adoption = {
        let front = Arc::clone(&front);
        Adoption::new(settings.log.json, move |doing| front.set_doing(doing))
    };
    front.set_doing("the catalogue is being opened".to_owned());
    let opened = tokio::select! {
        opened = opening::open(&settings, adoption) => Some(opened?),
        () = stop.asked() => None,
    };
    if let Some(opened) = &opened {
        front.open(Door::new(Arc::new(App::new(settings, opened.catalogue.clone()))));
        tracing::info!(sequence = opened.catalogue.status().sequence, "Chandlery is ready");
    }
    if let Err(error) = serving.await {
        tracing::error!(%error, "Serving ended by itself");
    }
    if let Some(opened) = opened
        && tokio::time::timeout(CLOSING, opened.catalogue.close()).await.is_err()
    {
        tracing::warn!("The catalogue did not close in time: the next start takes longer");
    }
    Ok(())
}
