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
use axum::response::Response;
use catalogue::Status;
use futures_util::FutureExt;
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use hyper::body::{Body as _, Incoming};
use tower_http::cors::CorsLayer;

use crate::answer;
use crate::config::Settings;
use crate::log::{Cause, Log};
use crate::opening::SharedStore;
use crate::probes;
use crate::router::Door;
use crate::serve::{Phase, Pulse, Stop};

pub use body::Answer;
use record::Record;
use upload::Upload;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// When a client may ask again, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

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
}

/// A client's connection.
pub struct Connection {
    pub(crate) front: Arc<Front>,
    pub(crate) client: IpAddr,
    pub(crate) pulse: Arc<Pulse>,
    /// The client stopped sending the body of the request.
    has_stalled: AtomicBool,
}

impl Connection {
    pub(crate) fn new(front: Arc<Front>, client: IpAddr, pulse: Arc<Pulse>) -> Self {
        Self { front, client, pulse, has_stalled: AtomicBool::new(false) }
    }
}

impl Front {
    /// A closed front.
    pub fn new(settings: &Settings, log: Log, stop: Stop) -> Self {
        Self {
            door: OnceLock::new(),
            doing: Mutex::new("the catalogue is being opened".to_owned()),
            storage: OnceLock::new(),
            stop,
            log,
            context_path: settings.repository.context_path.clone(),
            cors: settings.web.cors.as_ref().map(cors::layer),
            read_timeout: settings.listen.read_timeout,
        }
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

    async fn pass(&self, request: Request<Body>) -> Response {
        if let Some(probe) = probes::find(&self.context_path, &request) {
            return probes::show(probe, || self.status());
        }
        let Some(door) = self.door.get() else { return starting() };
        // not an async function of its own: each layer of futures is moved once more
        let answer = match &self.cors {
            None => AssertUnwindSafe(door.answer(request)).catch_unwind().await,
            Some(rules) => AssertUnwindSafe(Box::pin(cors::answer(rules, door.clone(), request))).catch_unwind().await,
        };
        answer.unwrap_or_else(|panic| panicked(&*panic))
    }
}

/// Answers one request of a connection.
pub(crate) async fn serve(connection: Arc<Connection>, request: Request<Incoming>) -> Response<Answer> {
    connection.pulse.enter(Phase::Busy);
    let id = request_id::of(request.headers());
    let mut record = Record::new(Arc::clone(&connection), &request, id.clone());
    let request = request.map(|body| match body.is_end_stream() {
        true => Body::empty(),
        false => Body::new(Upload::new(body, Arc::clone(&connection), connection.front.read_timeout)),
    });
    let mut response = connection.front.pass(request).await;
    if connection.has_stalled.load(Ordering::Relaxed) && response.status().is_client_error() {
        *response.status_mut() = StatusCode::REQUEST_TIMEOUT;
    }
    record.note(&mut response);
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID.clone(), id);
    if connection.front.stop.is_asked() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| Answer::new(body, record))
}

fn starting() -> Response {
    let mut response = answer::json_error(StatusCode::SERVICE_UNAVAILABLE, "the server is starting");
    response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
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
