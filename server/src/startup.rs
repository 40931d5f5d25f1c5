//! From settings to a running server, and to its end.

use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use tokio::net::TcpListener;

use crate::App;
use crate::auth::{Authentication, AuthenticationError};
use crate::classic::own_pages;
use crate::config::{Notice, Settings};
use crate::log::Log;
use crate::middleware::Front;
use crate::opening::{self, Adoption, OpeningError};
use crate::router::Door;
use crate::serve::{self, ListenError, Stop, Tls, TlsError};

/// How long the catalogue may take to finish what it does when the server stops.
const CLOSING: Duration = Duration::from_secs(4);

/// Why a server does not start.
#[derive(Debug, thiserror::Error)]
pub enum StartError {
    /// The address cannot be had.
    #[error(transparent)]
    Listen(#[from] ListenError),
    /// Authentication cannot be set up.
    #[error(transparent)]
    Authentication(#[from] AuthenticationError),
    /// The files of TLS cannot be used.
    #[error(transparent)]
    Tls(#[from] TlsError),
    /// The storage or the catalogue cannot be opened.
    #[error(transparent)]
    Opening(#[from] OpeningError),
}

/// A server that listens, but answers nothing yet.
pub struct Server {
    listener: TcpListener,
    address: SocketAddr,
    tls: Option<Arc<Tls>>,
    settings: Settings,
    authentication: Authentication,
    log: Log,
    stop: Stop,
}

impl Server {
    /// Takes the address of the settings, and what connections are encrypted with.
    ///
    /// # Errors
    /// If one of them cannot be had, or if authentication cannot be set up.
    pub async fn listen(settings: Settings, log: Log, stop: Stop) -> Result<Self, StartError> {
        let authentication = Authentication::new(&settings.auth)?.at_depth(settings.repository.depth);
        let tls = Tls::open(&settings.tls)?.map(Arc::new);
        let (listener, address) = serve::listen(&settings.listen).await?;
        Ok(Self { listener, address, tls, settings, authentication, log, stop })
    }

    /// Where it listens, with the real port.
    pub fn address(&self) -> SocketAddr {
        self.address
    }

    /// Serves until it is told to stop. Probes are answered at once, everything else when the catalogue is open.
    ///
    /// # Errors
    /// If the storage or the catalogue cannot be opened.
    pub async fn run(self) -> Result<(), StartError> {
        let Self { listener, address, tls, settings, authentication, log, stop } = self;
        let (host, port) = (address.ip(), address.port());
        tracing::info!(%host, port, %address, version = crate::VERSION, "Starting Chandlery");
        settings.notices.iter().for_each(Notice::log);
        if let Some(folder) = &settings.web.template_folder {
            own_pages::check(folder);
        }
        let front = Arc::new(Front::new(&settings, log, stop.clone(), tls.clone()));
        let serving = {
            let (front, settings, stop) = (Arc::clone(&front), settings.listen.clone(), stop.clone());
            tokio::spawn(async move { serve::serve(listener, tls, front, &settings, &stop).await })
        };
        let adoption = {
            let front = Arc::clone(&front);
            Adoption::new(settings.log.json, move |doing| front.set_doing(doing))
        };
        let opened = tokio::select! {
            opened = opening::open(&settings, adoption, front.metrics()) => Some(opened?),
            () = stop.asked() => None,
        };
        if let Some(opened) = &opened {
            front.watch_storage(opened.storage.clone());
            let storage = opened.catalogue.view().state.storage;
            let authentication = authentication.with_tokens(settings.registry.token_key.as_deref(), storage)?;
            authentication.watch().map(tokio::spawn);
            let redirects = opened.storage.redirects(&settings.storage);
            let app = App { redirects, ..App::new(settings, authentication, opened.catalogue.clone()) };
            front.open(Door::new(Arc::new(app)));
            tracing::info!(sequence = opened.catalogue.status().sequence, "Chandlery is ready");
        }
        if let Err(error) = serving.await {
            tracing::error!(%error, "Serving ended by itself");
        }
        if let Some(opened) = opened
            && tokio::time::timeout(CLOSING, opened.close()).await.is_err()
        {
            tracing::warn!("The catalogue did not close in time: the next start takes longer");
        }
        Ok(())
    }
}
