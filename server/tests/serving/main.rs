//! The server behind a socket: its connections, their limits, its end. In process, with raw requests.

#![expect(clippy::unwrap_used, reason = "what a test cannot go on without fails it")]

mod framing;
mod http2;
mod limits;
mod log;
mod start;
mod stop;
mod support;
mod tls;
