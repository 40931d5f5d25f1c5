//! The line of a request.

use std::net::IpAddr;
use std::sync::atomic::Ordering;
use std::time::Duration;

use http::{HeaderValue, Method, StatusCode, Uri};

use super::line::{Level, build, digits, escape, latency};
use super::{Caller, Cause, Log};

/// Orchestrators ask these every few seconds; a success says nothing.
const PROBES: [&str; 3] = ["/health", "/-/live", "/-/ready"];

/// What a request's line tells.
#[derive(Debug)]
pub struct Served<'a> {
    /// Its number in this process, from 1.
    pub number: u64,
    /// As it was sent.
    pub method: &'a Method,
    /// As it was sent; the query is not logged.
    pub uri: &'a Uri,
    /// The other end of the connection.
    pub client: IpAddr,
    /// What it was answered with.
    pub status: StatusCode,
    /// From its head to the last byte of the answer handed over.
    pub latency: Duration,
    /// Of the answer's body.
    pub bytes: u64,
    /// Its id.
    pub id: &'a HeaderValue,
    /// Who asked.
    pub caller: Option<&'a Caller>,
    /// Why it failed.
    pub cause: Option<&'a Cause>,
}

impl Log {
    /// The number of a request that has just come.
    pub fn number(&self) -> u64 {
        self.0.requests.fetch_add(1, Ordering::Relaxed) + 1
    }

    /// True if what helps to find a fault is logged.
    pub fn is_debug(&self) -> bool {
        self.0.settings.debug
    }

    /// A request has come.
    pub fn incoming(&self, number: u64, uri: &Uri) {
        build(self.0.style, |line| {
            line.begin(Level::Debug, |out, escape| {
                out.push(b'[');
                digits(out, number);
                out.extend_from_slice(b"] Incoming request: ");
                escape(out, uri.path());
            });
            self.0.sink.write(line.end());
        });
    }

    /// A request was answered.
    pub fn request(&self, served: &Served<'_>) {
        let settings = &self.0.settings;
        let status = served.status.as_u16();
        let path = served.uri.path();
        if !settings.health && matches!(status, 200 | 201) && PROBES.iter().any(|probe| path.ends_with(probe)) {
            return;
        }
        // ChartMuseum's levels, but that it knows no answers between 201 and 400
        let level = match status {
            ..400 => Level::Info,
            404 => Level::Warn,
            _ => Level::Error,
        };
        build(self.0.style, |line| {
            line.begin(level, |out, _| {
                out.push(b'[');
                digits(out, served.number);
                out.extend_from_slice(b"] Request served");
            });
            line.text("path", path);
            line.text("comment", served.cause.map_or("", |cause| &cause.0));
            line.quoted("clientIP", |out| address(out, served.client));
            line.text("method", served.method.as_str());
            line.number("statusCode", u64::from(status));
            if settings.latency_integer {
                line.number("latency", u64::try_from(served.latency.as_nanos()).unwrap_or(u64::MAX));
            } else {
                line.quoted("latency", |out| latency(out, served.latency));
            }
            line.text("reqID", served.id.to_str().unwrap_or_default());
            line.number("bytes", served.bytes);
            line.text("caller", served.caller.map_or("anonymous", |caller| &caller.0));
            self.0.sink.write(line.end());
        });
    }
}

fn address(out: &mut Vec<u8>, address: IpAddr) {
    match address {
        IpAddr::V4(address) => {
            for (position, part) in address.octets().into_iter().enumerate() {
                if position > 0 {
                    out.push(b'.');
                }
                digits(out, u64::from(part));
            }
        }
        IpAddr::V6(address) => escape(out, &address.to_string()),
    }
}
