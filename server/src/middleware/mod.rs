//! What happens to every request, in order: it gets an id and a line in the log, probes are answered, and the door
//! answers the rest; a panic becomes a 500.

mod answer;
mod record;
mod request_id;
mod upload;

use std::net::IpAddr;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, OnceLock, PoisonError};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use catalogue::Status;
use futures_util::FutureExt;
use http::header::{CONNECTION, RETRY_AFTER};
use http::{HeaderName, HeaderValue, Request, StatusCode};
use hyper::body::{Body as _, Incoming};

use crate::config::Settings;
use crate::log::{Cause, Log};
use crate::probes;
use crate::router::Door;
use crate::serve::{Phase, Pulse, Stop};

pub use answer::Answer;
use record::Record;
pub use upload::Stalled;
use upload::Upload;

static X_REQUEST_ID: HeaderName = HeaderName::from_static("x-request-id");

/// When a client may ask again, in seconds.
const RETRY_SECONDS: HeaderValue = HeaderValue::from_static("5");

/// What stands before the door, from the first connection on; the door may open later.
pub struct Front {
    door: OnceLock<Door>,
    /// What is being done until the door is open.
    doing: Mutex<String>,
    stop: Stop,
    log: Log,
    context_path: String,
    read_timeout: Duration,
}

/// A client's connection.
pub struct Connection {
    pub(crate) front: Arc<Front>,
    pub(crate) client: IpAddr,
    pub(crate) pulse: Arc<Pulse>,
}

impl Front {
    /// A closed front.
    pub fn new(settings: &Settings, log: Log, stop: Stop) -> Self {
        Self {
            door: OnceLock::new(),
            doing: Mutex::new("the storage is being opened".to_owned()),
            stop,
            log,
            context_path: settings.repository.context_path.clone(),
            read_timeout: settings.listen.read_timeout,
        }
    }

    /// Lets requests through from now on. Only the first call counts.
    pub fn open(&self, door: Door) {
        let _ = self.door.set(door);
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
        if self.stop.is_asked() {
            status.not_ready.push("the server is stopping".to_owned());
        }
        status
    }

    async fn pass(&self, request: Request<Body>) -> Response {
        if let Some(operation) = probes::find(&self.context_path, &request) {
            return probes::answer(operation, || self.status());
        }
        let Some(door) = self.door.get() else { return starting() };
        match AssertUnwindSafe(door.answer(request)).catch_unwind().await {
            Ok(response) => response,
            Err(panic) => {
                let text = panic.downcast_ref::<String>().map(String::as_str);
                let text = text.or_else(|| panic.downcast_ref::<&str>().copied()).unwrap_or_default();
                panicked(text)
            }
        }
    }
}

/// Answers one request of a connection.
pub(crate) async fn answer(connection: Arc<Connection>, request: Request<Incoming>) -> Response<Answer> {
    connection.pulse.enter(Phase::Busy);
    let id = request_id::of(request.headers());
    let mut record = Record::new(Arc::clone(&connection), &request, id.clone());
    let request = request.map(|body| match body.is_end_stream() {
        true => Body::empty(),
        false => Body::new(Upload::new(body, Arc::clone(&connection), connection.front.read_timeout)),
    });
    let mut response = connection.front.pass(request).await;
    record.note(&mut response);
    let headers = response.headers_mut();
    headers.insert(X_REQUEST_ID.clone(), id);
    if connection.front.stop.is_asked() {
        headers.insert(CONNECTION, HeaderValue::from_static("close"));
    }
    response.map(|body| Answer::new(body, record))
}

fn starting() -> Response {
    let mut response = probes::json(StatusCode::SERVICE_UNAVAILABLE, r#"{"error":"the server is starting"}"#.into());
    response.headers_mut().insert(RETRY_AFTER, RETRY_SECONDS);
    response
}

fn panicked(text: &str) -> Response {
    let body = r#"{"error":"internal server error"}"#.into();
    let mut response = probes::json(StatusCode::INTERNAL_SERVER_ERROR, body);
    response.extensions_mut().insert(Cause(format!("panic: {text}")));
    response
}
