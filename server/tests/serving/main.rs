//! The server behind a socket: its connections, their limits, its end. In process, with raw requests.

mod limits;
mod log;
mod start;
mod stop;
mod support;
