//! What is written about requests and about the process: one line each, to standard error, in ChartMuseum's shapes.
//!
//! Requests have their own path ([`Log::request`]): a line is written by hand into a buffer that a thread empties, so
//! that it costs a request less than two microseconds. Everything else goes through `tracing` ([`Log::install`]).

mod access;
mod events;
mod line;
mod sink;

use std::io::{IsTerminal, Write};
use std::sync::Arc;
use std::sync::atomic::AtomicU64;

use crate::config;

pub use self::access::Served;
pub use self::line::{Level, on_one_line};
use self::line::{Line, Style};
use self::sink::Sink;

/// Why a request was answered with an error, for the log line only: put it into the response's extensions.
#[derive(Debug, Clone)]
pub struct Cause(pub String);

/// Who asked, for the log line: put it into the response's extensions. Absent means anonymous.
#[derive(Debug, Clone)]
pub struct Caller(pub String);

/// Where lines go, and how they look. Cheap to clone.
#[derive(Clone)]
pub struct Log(Arc<Inner>);

struct Inner {
    sink: Sink,
    style: Style,
    settings: config::Log,
    requests: AtomicU64,
}

impl Log {
    /// A log on standard error, coloured if that is a terminal.
    pub fn to_standard_error(settings: &config::Log) -> Self {
        let coloured = std::io::stderr().is_terminal();
        Self::new(settings, coloured, Box::new(std::io::stderr()))
    }

    /// A log anywhere.
    pub fn new(settings: &config::Log, coloured: bool, writer: Box<dyn Write + Send>) -> Self {
        let style = match settings {
            config::Log { json: true, .. } => Style::Json,
            _ => Style::Console { coloured },
        };
        let (sink, requests) = (Sink::new(writer), AtomicU64::new(0));
        Self(Arc::new(Inner { sink, style, settings: settings.clone(), requests }))
    }

    /// Makes this the place where this process's events and panics go.
    pub fn install(&self) {
        events::install(self.clone());
    }

    /// Writes the process's last words, and waits until they are out.
    pub fn fatal(&self, message: &str) {
        self.event(Level::Fatal, message, |_| {});
        self.flush();
    }

    /// Returns when everything written so far is out.
    pub fn flush(&self) {
        self.0.sink.flush();
    }

    fn event(&self, level: Level, message: &str, fields: impl FnOnce(&mut Line)) {
        line::build(self.0.style, |line| {
            line.begin(level, |out, escape| escape(out, message));
            fields(line);
            self.0.sink.write(line.end());
        });
    }
}

#[cfg(test)]
mod tests;
