//! ChartMuseum's numbers of requests. Every counter is found by position: nothing is hashed, locked or allocated for a
//! request but when a route answers with a status for the first time.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use http::header::HOST;
use http::{Method, Request, StatusCode};

use super::histogram::{Histogram, OF_REQUESTS};
use super::hosts::{Hosts, SLOTS};
use super::text::{Kind, Text};
use crate::router::{Route, routes};

/// Methods that routes have, and all others.
const METHODS: [&str; 8] = ["GET", "HEAD", "POST", "DELETE", "PUT", "PATCH", "OPTIONS", "other"];

/// ChartMuseum names a function of its own here; it is always the same one.
const HANDLER: &str = "chandlery";

/// Statuses from this one on have a counter each, up to [`STATUSES`] of them.
const FIRST_STATUS: usize = 100;
const STATUSES: usize = 500;

pub(super) struct Requests {
    /// One row for each route, and one for what has none.
    rows: Box<[Row]>,
    hosts: Hosts,
    request_bytes: Summary,
    response_bytes: Summary,
}

struct Row {
    url: String,
    cells: [OnceLock<Statuses>; METHODS.len()],
}

/// By status; made when the first answer of a method comes.
type Statuses = Box<[OnceLock<Box<Cell>>]>;

/// What is counted for one route, method and status.
struct Cell {
    durations: Histogram,
    by_host: [AtomicU64; SLOTS],
}

#[derive(Default)]
struct Summary {
    sum: AtomicU64,
    count: AtomicU64,
}

impl Summary {
    fn observe(&self, amount: u64) {
        self.sum.fetch_add(amount, Ordering::Relaxed);
        self.count.fetch_add(1, Ordering::Relaxed);
    }

    fn write(&self, text: &mut Text, name: &str, help: &str) {
        text.family(name, Kind::Summary, help);
        text.sample(&format!("{name}_sum"), &[], self.sum.load(Ordering::Relaxed));
        text.sample(&format!("{name}_count"), &[], self.count.load(Ordering::Relaxed));
    }
}

/// What is known of a request when it comes.
#[derive(Debug, Clone, Copy)]
pub struct Arrival {
    host: usize,
    /// Of its head, and of its body as far as declared.
    bytes: u64,
}

/// A request that was answered.
#[derive(Debug)]
pub struct Answered<'a> {
    /// When it came.
    pub arrival: Arrival,
    /// Its method.
    pub method: &'a Method,
    /// What it led to, if anywhere.
    pub route: Option<&'static Route>,
    /// How it was answered.
    pub status: StatusCode,
    /// How long it took.
    pub duration: Duration,
    /// Of the answer's body.
    pub bytes: u64,
}

impl Requests {
    /// `context_path` stands before the routes in their labels, as it does in requests.
    pub(super) fn new(context_path: &str) -> Self {
        let row = |url: String| Row { url, cells: Default::default() };
        let labels = routes().iter().map(|route| row(label(context_path, route)));
        Self {
            rows: labels.chain([row("other".to_owned())]).collect(),
            hosts: Hosts::default(),
            request_bytes: Summary::default(),
            response_bytes: Summary::default(),
        }
    }

    pub(super) fn arrival<B>(&self, request: &Request<B>) -> Arrival {
        let named = request.uri().authority().map(http::uri::Authority::as_str);
        let host = named.or_else(|| request.headers().get(HOST)?.to_str().ok()).unwrap_or_default();
        let target = request.uri().path_and_query().map_or(0, |target| target.as_str().len());
        let headers: usize = request.headers().iter().map(|(name, value)| name.as_str().len() + value.len()).sum();
        let length = request.headers().get(http::header::CONTENT_LENGTH);
        let body: u64 = length.and_then(|length| length.to_str().ok()?.parse().ok()).unwrap_or(0);
        let head = request.method().as_str().len() + target + "HTTP/1.1".len() + headers;
        Arrival { host: self.hosts.slot(host), bytes: (head as u64).saturating_add(body) }
    }

    /// As ChartMuseum: what was not found is not counted.
    pub(super) fn observe(&self, answered: &Answered) {
        if answered.status == StatusCode::NOT_FOUND {
            return;
        }
        let row = answered.route.map_or(self.rows.len() - 1, Route::position);
        let method = METHODS.iter().position(|method| *method == answered.method.as_str());
        let cells = self.rows[row].cells[method.unwrap_or(METHODS.len() - 1)]
            .get_or_init(|| (0..STATUSES).map(|_| OnceLock::new()).collect());
        let status = usize::from(answered.status.as_u16()) - FIRST_STATUS;
        let cell = cells[status.min(STATUSES - 1)]
            .get_or_init(|| Box::new(Cell { durations: Histogram::new(OF_REQUESTS), by_host: Default::default() }));
        cell.durations.observe(answered.duration);
        cell.by_host[answered.arrival.host].fetch_add(1, Ordering::Relaxed);
        self.request_bytes.observe(answered.arrival.bytes);
        self.response_bytes.observe(answered.bytes);
    }

    pub(super) fn write(&self, text: &mut Text) {
        let name = "chartmuseum_requests_total";
        text.family(name, Kind::Counter, "Requests answered, but those of what was not found.");
        self.each(|code, method, url, cell| {
            for (slot, count) in cell.by_host.iter().enumerate() {
                let count = count.load(Ordering::Relaxed);
                if count > 0 {
                    let host = self.hosts.name(slot);
                    let labels =
                        [("code", code), ("handler", HANDLER), ("host", host), ("method", method), ("url", url)];
                    text.sample(name, &labels, count);
                }
            }
        });
        let name = "chartmuseum_request_duration_seconds";
        text.family(name, Kind::Histogram, "From a request's head to the last byte of its answer.");
        self.each(|code, method, url, cell| {
            cell.durations.write(text, name, &[("code", code), ("method", method), ("url", url)]);
        });
        self.request_bytes.write(text, "chartmuseum_request_size_bytes", "Bytes of requests, about.");
        self.response_bytes.write(text, "chartmuseum_response_size_bytes", "Bytes of the bodies of answers.");
    }

    fn each(&self, mut visit: impl FnMut(&str, &str, &str, &Cell)) {
        for row in &self.rows {
            for (method, cells) in METHODS.iter().zip(&row.cells) {
                for (status, cell) in cells.get().into_iter().flatten().enumerate() {
                    if let Some(cell) = cell.get() {
                        visit(&(status + FIRST_STATUS).to_string(), method, &row.url, cell);
                    }
                }
            }
        }
    }
}

/// A route as ChartMuseum labels it: `/:repo/charts/:filename`.
fn label(context_path: &str, route: &Route) -> String {
    let path = route.path.replace("{repository}", "{repo}").replace('{', ":").replace('}', "");
    if route.is_at_root() { path } else { format!("{context_path}{path}") }
}
