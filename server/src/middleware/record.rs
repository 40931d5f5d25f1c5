use std::sync::Arc;
use std::time::Instant;

use axum::response::Response;
use http::{HeaderValue, Method, Request, StatusCode, Uri};

use super::Connection;
use crate::log::{Caller, Cause, Served};
use crate::metrics::{self, Answered, Arrival};
use crate::router::Route;

/// What stands in the log for a request whose client closed the connection before there was an answer; nginx's number.
const CLIENT_GONE: u16 = 499;

/// A request's line in the log while it is being written. It is logged when it is dropped, whatever happens.
pub(super) struct Record {
    pub(super) connection: Arc<Connection>,
    started: Instant,
    number: u64,
    method: Method,
    uri: Uri,
    id: HeaderValue,
    /// Absent until there is an answer.
    status: Option<StatusCode>,
    pub(super) bytes: u64,
    /// The whole answer was handed over.
    pub(super) is_whole: bool,
    caller: Option<Caller>,
    cause: Option<Cause>,
    /// Where it led.
    pub(super) route: Option<&'static Route>,
    /// Absent if it is not counted.
    arrival: Option<Arrival>,
}

impl Record {
    pub(super) fn new<B>(connection: Arc<Connection>, request: &Request<B>, id: HeaderValue) -> Self {
        let log = &connection.front.log;
        let number = log.number();
        if log.is_debug() {
            log.incoming(number, request.uri());
        }
        let counts = connection.front.counts && request.uri().path() != metrics::PATH;
        let arrival = counts.then(|| connection.front.metrics.arrival(request));
        Self {
            started: Instant::now(),
            number,
            method: request.method().clone(),
            uri: request.uri().clone(),
            id,
            status: None,
            bytes: 0,
            is_whole: false,
            caller: None,
            cause: None,
            route: None,
            arrival,
            connection,
        }
    }

    /// Takes what the answer says of itself.
    pub(super) fn note(&mut self, response: &mut Response) {
        self.status = Some(response.status());
        self.caller = response.extensions_mut().remove();
        self.cause = response.extensions_mut().remove();
        self.is_whole = self.method == Method::HEAD; // nobody reads the body
    }

    /// The answer's body failed.
    pub(super) fn fail(&mut self, cause: String) {
        self.cause = Some(Cause(cause));
    }
}

impl Drop for Record {
    fn drop(&mut self) {
        let status = self.status.or(StatusCode::from_u16(CLIENT_GONE).ok()).unwrap_or_default();
        if !self.is_whole && self.cause.is_none() {
            self.cause = Some(Cause("the client did not wait for the whole answer".to_owned()));
        }
        let duration = self.started.elapsed();
        if let Some(arrival) = self.arrival {
            self.connection.front.metrics.answered(&Answered {
                arrival,
                method: &self.method,
                route: self.route,
                status,
                duration,
                bytes: self.bytes,
            });
        }
        self.connection.front.log.request(&Served {
            number: self.number,
            method: &self.method,
            uri: &self.uri,
            client: self.connection.client,
            status,
            latency: duration,
            bytes: self.bytes,
            id: &self.id,
            caller: self.caller.as_ref(),
            cause: self.cause.as_ref(),
        });
        self.connection.pulse.finish();
    }
}
