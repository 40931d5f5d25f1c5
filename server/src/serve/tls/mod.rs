//! Encrypted connections: handshakes, and files that are read again when they change.

mod identity;
mod plain;

use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use arc_swap::ArcSwap;
use tokio::net::TcpStream;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;

use crate::config::{self, TlsFiles};

pub use identity::TlsError;
use identity::{Contents, Identity};
pub(super) use plain::{is_handshake, refuse};

/// The name of HTTP/2 in a handshake.
pub(super) const HTTP_2: &[u8] = b"h2";

/// What this server proves who it is with, and whom it lets in.
pub struct Tls {
    files: TlsFiles,
    interval: Duration,
    current: ArcSwap<Current>,
    /// Why the files cannot be used now, if they cannot; the last good ones are.
    failure: Mutex<Option<TlsError>>,
    failed_handshakes: AtomicU64,
    hangup: tokio::sync::Mutex<Signal>,
}

/// A handshake, which has failed if nobody says otherwise: the timer may end it in the middle.
struct Attempt<'a> {
    failures: &'a AtomicU64,
    is_done: bool,
}

impl Drop for Attempt<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.failures.fetch_add(1, Ordering::Relaxed);
        }
    }
}

struct Current {
    contents: Contents,
    identity: Identity,
}

impl Tls {
    /// Reads the files; nothing if there are none to be read. Must be called within the runtime. From then on SIGHUP does
    /// not end the process.
    ///
    /// # Errors
    /// If a file cannot be used, with the setting that names it.
    pub fn open(settings: &config::Tls) -> Result<Option<Self>, TlsError> {
        let Some(files) = settings.files.clone() else { return Ok(None) };
        let contents = Contents::read(&files)?;
        let identity = contents.identity(&files)?;
        warn_of_end(&identity);
        let hangup = signal(SignalKind::hangup()).map_err(|error| TlsError::of_signals(&error))?;
        Ok(Some(Self {
            files,
            interval: settings.reload_interval,
            current: ArcSwap::from_pointee(Current { contents, identity }),
            failure: Mutex::default(),
            failed_handshakes: AtomicU64::new(0),
            hangup: tokio::sync::Mutex::new(hangup),
        }))
    }

    /// The end of the certificate in use, in seconds of Unix time.
    pub fn not_after(&self) -> i64 {
        self.current.load().identity.not_after
    }

    /// Why the files cannot be used now, though older ones are in use.
    pub fn failure(&self) -> Option<TlsError> {
        self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Handshakes that came to nothing.
    pub fn failed_handshakes(&self) -> u64 {
        self.failed_handshakes.load(Ordering::Relaxed)
    }

    pub(super) async fn accept(&self, stream: TcpStream) -> io::Result<TlsStream<TcpStream>> {
        let acceptor = TlsAcceptor::from(self.current.load().identity.config.clone());
        let mut attempt = Attempt { failures: &self.failed_handshakes, is_done: false };
        let stream = acceptor.accept(stream).await?;
        attempt.is_done = true;
        Ok(stream)
    }

    /// Reads the files again and again: content is compared, not times, so that a link that Kubernetes swaps is noticed.
    pub(super) async fn watch(self: &Arc<Self>) {
        let mut hangup = self.hangup.lock().await;
        loop {
            tokio::select! {
                Some(()) = hangup.recv() => {}
                () = tokio::time::sleep(self.interval), if !self.interval.is_zero() => {}
                else => std::future::pending().await,
            }
            let own = Arc::clone(self);
            // it reads files, which may lie on a slow disk
            let _ = tokio::task::spawn_blocking(move || own.reload()).await;
        }
    }

    fn reload(&self) {
        let outcome = Contents::read(&self.files).and_then(|contents| {
            if self.current.load().contents == contents {
                return Ok(None);
            }
            Ok(Some(Current { identity: contents.identity(&self.files)?, contents }))
        });
        let mut failure = self.failure.lock().unwrap_or_else(PoisonError::into_inner);
        match outcome {
            Ok(next) => {
                *failure = None;
                let Some(next) = next else { return };
                tracing::info!(not_after = next.identity.not_after, "The files of TLS have changed and are in use");
                warn_of_end(&next.identity);
                self.current.store(Arc::new(next));
            }
            Err(error) if failure.as_ref() == Some(&error) => {} // told already
            Err(error) => {
                tracing::error!(%error, "The files of TLS cannot be used; those before stay in use");
                *failure = Some(error);
            }
        }
    }
}

fn warn_of_end(identity: &Identity) {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default().as_secs();
    if u64::try_from(identity.not_after).unwrap_or(0) <= now {
        tracing::warn!(not_after = identity.not_after, "The certificate of TLS is no longer valid");
    }
}
