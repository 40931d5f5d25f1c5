//! What is counted, and how Prometheus reads it: ChartMuseum's numbers by their names, and our own.
//!
//! Whoever does the work counts, by relaxed additions; whoever reads pays for the text. There is no registry: each part
//! writes its own families, so a name stands in one place.

mod catalogue;
mod histogram;
mod hosts;
mod process;
mod requests;
mod storage;
mod text;

use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

use ::catalogue::Status;
use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, Request};

use crate::App;
use crate::config::Settings;
use crate::serve::{ConnectionCounts, Tls};

pub use self::catalogue::Commits;
use self::requests::Requests;
pub use self::requests::{Answered, Arrival};
pub use self::storage::StorageCalls;
use self::text::{Kind, Text};

/// Where the numbers are read, whatever the context path.
pub const PATH: &str = "/metrics";

const CONTENT: HeaderValue = HeaderValue::from_static("text/plain; version=0.0.4; charset=utf-8");

/// Everything that is counted in this process.
pub struct Metrics {
    requests: Requests,
    received: AtomicU64,
    /// Counts the storage's calls.
    pub storage: Arc<StorageCalls>,
    /// Counts changes.
    pub commits: Arc<Commits>,
    /// Counts connections.
    pub connections: Arc<ConnectionCounts>,
    tls: Option<Arc<Tls>>,
}

impl Metrics {
    /// Everything at zero.
    pub fn new(settings: &Settings, tls: Option<Arc<Tls>>) -> Self {
        Self {
            requests: Requests::new(&settings.repository.context_path),
            received: AtomicU64::new(0),
            storage: Arc::default(),
            commits: Arc::default(),
            connections: Arc::default(),
            tls,
        }
    }

    /// A request has come.
    pub fn arrival<B>(&self, request: &Request<B>) -> Arrival {
        self.requests.arrival(request)
    }

    /// Bytes of a request's body have come.
    pub fn receive(&self, bytes: usize) {
        self.received.fetch_add(bytes as u64, Ordering::Relaxed);
    }

    /// A request was answered.
    pub fn answered(&self, answered: &Answered) {
        self.requests.observe(answered);
    }

    /// The text of all numbers; those of the catalogue as soon as it is open. Walks everything that exists: not for a
    /// thread that answers requests.
    pub fn text(&self, app: Option<&App>, status: &Status) -> String {
        let mut text = Text::default();
        if let Some(app) = app {
            catalogue::write(&mut text, app);
        }
        self.requests.write(&mut text);
        text.family("chandlery_build_info", Kind::Gauge, "The program's version; always 1.");
        text.sample("chandlery_build_info", &[("version", crate::VERSION)], 1);
        let is_ready = u8::from(status.not_ready.is_empty());
        text.single("chandlery_ready", Kind::Gauge, "1 if requests may be sent here.", is_ready);
        text.single(
            "chandlery_degraded",
            Kind::Gauge,
            "What is wrong though this replica serves: how many reasons /-/ready tells.",
            status.degraded.len(),
        );
        text.single(
            "chandlery_received_bytes_total",
            Kind::Counter,
            "Bytes of the bodies of requests.",
            self.received.load(Ordering::Relaxed),
        );
        self.commits.write(&mut text);
        self.storage.write(&mut text);
        self.write_connections(&mut text);
        process::write(&mut text);
        text.into_string()
    }

    fn write_connections(&self, text: &mut Text) {
        let counts = &self.connections;
        text.single("chandlery_open_connections", Kind::Gauge, "Connections that are open.", counts.open());
        text.single("chandlery_connections_total", Kind::Counter, "Connections that were accepted.", counts.accepted());
        text.single(
            "chandlery_connections_gave_way_total",
            Kind::Counter,
            "Unused connections that were closed so that others could be served.",
            counts.gave_way(),
        );
        let Some(tls) = &self.tls else { return };
        text.single(
            "chandlery_tls_failed_handshakes_total",
            Kind::Counter,
            "Handshakes that came to nothing.",
            tls.failed_handshakes(),
        );
        text.single(
            "chandlery_tls_not_after_seconds",
            Kind::Gauge,
            "Until when the certificate in use is good, in Unix time.",
            tls.not_after(),
        );
        text.single(
            "chandlery_tls_reload_failed",
            Kind::Gauge,
            "1 if the files of TLS cannot be used now and older ones are.",
            u8::from(tls.failure().is_some()),
        );
    }
}

/// The answer with the numbers.
pub fn show(text: String) -> Response {
    let length = text.len();
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, CONTENT);
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}
