//! What happens to every request, in order: it gets an id and a line in the log, probes are answered, and the door
//! answers the rest; a panic becomes a 500.

mod body;
mod cors;
mod record;
mod request_id;
mod upload;

use std::any::Any;
use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use catalogue::Status;
use futures_util::FutureExt;
use http::header::{CONNECTION, HOST, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Method, Request, StatusCode, Version};
use hyper::body::{Body as _, Incoming};
use tower_http::cors::CorsLayer;

use crate::answer;
use crate::config::Settings;
use crate::error::Error;
use crate::log::{Cause, Log};
use crate::metrics::{self, Metrics};
use crate::opening::SharedStore;
use crate::probes;
use crate::router::{self, Door, Route};
use crate::serve::{Pulse, Seat, Stop, Tls};

pub use body::Answer;
use record::Record;
use upload::Upload;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// When a client may ask again, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

const CLOSE: HeaderValue = HeaderValue::from_static("close");

/// What stands before the door, from the first connection on; the door may open later.
pub struct Front {
    door: OnceLock<Door>,
    /// What is being done until the door is open.
    doing: Mutex<String>,
    storage: OnceLock<SharedStore>,
    stop: Stop,
    log: Log,
    context_path: String,
    cors: Option<CorsLayer>,
    read_timeout: Duration,
    metrics: Arc<Metrics>,
    /// Whether the numbers can be read, and requests are counted.
    counts: bool,
}

/// A client's connection.
pub struct Connection {
    pub(crate) front: Arc<Front>,
    pub(crate) client: IpAddr,
    pub(crate) pulse: Arc<Pulse>,
    seat: Arc<Seat>,
}

impl Connection {
    pub(crate) fn new(front: Arc<Front>, client: IpAddr, pulse: Arc<Pulse>, seat: Arc<Seat>) -> Self {
        Self { front, client, pulse, seat }
    }
}

impl Front {
    /// A closed front, which tells the numbers of `tls` too.
    pub fn new(settings: &Settings, log: Log, stop: Stop, tls: Option<Arc<Tls>>) -> Self {
        Self {
            door: OnceLock::new(),
            doing: Mutex::new("the catalogue is being opened".to_owned()),
            storage: OnceLock::new(),
            stop,
            log,
            context_path: settings.repository.context_path.clone(),
            cors: settings.web.cors.as_ref().map(cors::layer),
            read_timeout: settings.listen.read_timeout,
            metrics: Arc::new(Metrics::new(settings, tls)),
            counts: settings.metrics.enabled,
        }
    }

    /// What is counted in this process.
    pub fn metrics(&self) -> &Arc<Metrics> {
        &self.metrics
    }

    /// Lets requests through from now on. Only the first call counts.
    pub fn open(&self, door: Door) {
        let _ = self.door.set(door);
    }

    /// Says from now on what is wrong with the storage. Only the first call counts.
    pub fn watch_storage(&self, storage: SharedStore) {
        let _ = self.storage.set(storage);
    }

    /// Says what is being done until the door is open.
    pub fn set_doing(&self, doing: String) {
        *self.doing.lock().unwrap_or_else(PoisonError::into_inner) = doing;
    }

    /// How this replica is.
    pub fn status(&self) -> Status {
        let mut status = match self.door.get() {
            Some(door) => door.app().catalogue.status(),
            None => {
                let doing = self.doing.lock().unwrap_or_else(PoisonError::into_inner).clone();
                Status { not_ready: vec![doing], ..Status::default() }
            }
        };
        status.degraded.extend(self.storage.get().and_then(SharedStore::trouble));
        if self.stop.is_asked() {
            status.not_ready.push("the server is stopping".to_owned());
        }
        status
    }

    async fn pass(&self, request: Request<Body>, seat: &Seat, noted: &mut Option<&'static Route>) -> Response {
        if let Some(probe) = probes::find(&self.context_path, &request) {
            *noted = router::route_at(probe.path());
            return probes::show(probe, || self.status());
        }
        if request.uri().path() == metrics::PATH && matches!(*request.method(), Method::GET | Method::HEAD) {
            return Box::pin(self.show_metrics()).await;
        }
        let Some(door) = self.door.get() else { return starting() };
        if !seat.is_taken() && !Box::pin(seat.take()).await {
            return last(Error::Crowded);
        }
        // not an async function of its own: each layer of futures is moved once more
        let answer = match &self.cors {
            None => AssertUnwindSafe(door.answer_noting(request, noted)).catch_unwind().await,
            Some(rules) => {
                AssertUnwindSafe(Box::pin(cors::answer(rules, door.clone(), request, noted))).catch_unwind().await
            }
        };
        answer.unwrap_or_else(|panic| panicked(&*panic))
    }

    async fn show_metrics(&self) -> Response {
        if !self.counts {
            return Error::NotFound.into_response();
        }
        let (metrics, app) = (Arc::clone(&self.metrics), self.door.get().map(|door| Arc::clone(door.app())));
        let status = self.status();
        let text = tokio::task::spawn_blocking(move || metrics.text(app.as_deref(), &status));
        match text.await {
            Ok(text) => metrics::show(text),
            Err(error) => Error::Internal(error.to_string()).into_response(),
        }
    }
}

/// Answers one request of a connection.
pub(crate) async fn serve(connection: Arc<Connection>, request: Request<Incoming>) -> Response<Answer> {
    connection.pulse.begin();
    let id = request_id::of(request.headers());
    let mut record = Record::new(Arc::clone(&connection), &request, id.clone());
    let closes_by_header = request.version() < Version::HTTP_2;
    let mut has_stalled = None;
    let request = request.map(|body| match body.is_end_stream() {
        true => Body::empty(),
        false => {
            let flag = has_stalled.insert(Arc::new(AtomicBool::new(false)));
            Body::new(Upload::new(body, Arc::clone(&connection), connection.front.read_timeout, Arc::clone(flag)))
        }
    });
    // where its body ends, or whom it is for, is a matter of opinion, so nothing that follows can be trusted
    let flaw = match connection.pulse.take_ambiguous() {
        true => Some(last(Error::AmbiguousLength)),
        false => wrong_host(&request).map(|reason| last(Error::Host(reason))),
    };
    let mut response = match flaw {
        Some(refused) => refused,
        None => connection.front.pass(request, &connection.seat, &mut record.route).await,
    };
    if has_stalled.is_some_and(|flag| flag.load(Ordering::Relaxed)) && response.status().is_client_error() {
        *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    }
    record.note(&mut response);
    let is_error = response.status().is_client_error() || response.status().is_server_error();
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID.clone(), id);
    if !closes_by_header {
        headers.remove(CONNECTION);
    } else if connection.front.stop.is_asked() || is_error && connection.pulse.has_unread() {
        // what is left of a body stands before the next request: the client need not send the rest, and should know
        headers.insert(CONNECTION, CLOSE);
    }
    response.map(|body| Answer::new(body, record))
}

fn starting() -> Response {
    let mut response = answer::json_error(StatusCode::SERVICE_UNAVAILABLE, "the server is starting");
    response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    response
}

/// What is wrong with a request's host (RFC 9112, section 3.2); Go's words, which ChartMuseum answers with. HTTP/2 has it in
/// the target.
fn wrong_host<B>(request: &Request<B>) -> Option<&'static str> {
    let count = request.headers().get_all(HOST).iter().take(2).count();
    match request.version() {
        Version::HTTP_11 if count == 0 => Some("missing required Host header"),
        Version::HTTP_09 | Version::HTTP_10 | Version::HTTP_11 if count > 1 => Some("too many Host headers"),
        _ => None,
    }
}

/// An error after which the connection is closed.
fn last(error: Error) -> Response {
    let mut response = error.into_response();
    response.headers_mut().insert(CONNECTION, CLOSE);
    response
}

/// Makes an answer of a panic too.
fn panicked(panic: &(dyn Any + Send)) -> Response {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
    let mut response = answer::json_error(StatusCode::INTERNAL_SERVER_ERROR, "internal server error");
    response.extensions_mut().insert(Cause(format!("panic: {text}")));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Hyper moves the future of every request into its connection: what is large costs hot requests too, and belongs
    /// into a box.
    #[test]
    fn the_future_of_a_request_is_small() {
        fn size<A, B, F: Future>(_: impl Fn(A, B) -> F) -> usize {
            size_of::<F>()
        }
        let sizes = (size(serve), size(|door: &'static Door, request| door.answer(request)));
        assert!(sizes.0 <= 4096, "{sizes:?}");
    }

    #[tokio::test]
    async fn a_panic_is_answered_and_its_text_goes_to_the_log_only() {
        let panic = AssertUnwindSafe(async { panic!("no version {}", 7) }).catch_unwind().await;
        let response = panic.unwrap_or_else(|panic| panicked(&*panic));
        assert_eq!(response.status(), 500);
        assert_eq!(response.extensions().get::<Cause>().unwrap().0, "panic: no version 7");
        let body = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
        assert_eq!(body, r#"{"error":"internal server error"}"#);
    }
}
