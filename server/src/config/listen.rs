use std::net::Ipv6Addr;
use std::time::Duration;

use super::{Kind, Setting, SettingError, Values};

pub(super) const SETTINGS: &[&Setting] = &[
    &HOST,
    &PORT,
    &MAX_CONNECTIONS,
    &HEADER_READ_TIMEOUT,
    &READ_TIMEOUT,
    &WRITE_TIMEOUT,
    &KEEP_ALIVE_TIMEOUT,
    &SHUTDOWN_TIMEOUT,
];

const HOST: Setting =
    Setting::new("listen-host", Kind::Text, "Address or host name to listen on; IPv6 with or without brackets.")
        .key("listen.host")
        .default("0.0.0.0");
const PORT: Setting =
    Setting::new("port", Kind::Integer(0, 65535), "Port to listen on; 0 takes a free one.").key("port").default("8080");
const MAX_CONNECTIONS: Setting = Setting::new(
    "max-connections",
    Kind::Integer(1, 1_000_000),
    "Connections served at a time; idle ones give way to further ones.",
)
.key("maxconnections")
.default("10000");
const HEADER_READ_TIMEOUT: Setting = Setting::new(
    "header-read-timeout",
    Kind::Duration,
    "Longest time for the head of a request, from its first byte; 0 for none.",
)
.key("headerreadtimeout")
.default("30s");
const READ_TIMEOUT: Setting =
    Setting::new("read-timeout", Kind::Seconds, "Longest time without a byte of a request's body; 0 for none.")
        .key("readtimeout")
        .default("30");
const WRITE_TIMEOUT: Setting = Setting::new(
    "write-timeout",
    Kind::Seconds,
    "Longest time without the client taking a byte of the answer; 0 for none.",
)
.key("writetimeout")
.default("30");
const KEEP_ALIVE_TIMEOUT: Setting = Setting::new(
    "keep-alive-timeout",
    Kind::Duration,
    "Longest time between two requests on a connection; 0 for none.",
)
.key("keepalivetimeout")
.default("75s"); // longer than the 60 s after which common load balancers close, so that they close first
const SHUTDOWN_TIMEOUT: Setting = Setting::new(
    "shutdown-timeout",
    Kind::Duration,
    "How long running requests may go on when the server is told to stop.",
)
.key("shutdowntimeout")
.default("25s"); // Kubernetes kills after 30 s

/// Where and how requests are accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Listen {
    /// The address or host name to listen on, without brackets.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Connections served at a time; idle ones give way to further ones.
    pub max_connections: usize,
    /// Longest time for the head of a request, from its first byte; zero for none.
    pub header_read_timeout: Duration,
    /// Longest time without a byte of a request's body; zero for none.
    pub read_timeout: Duration,
    /// Longest time without the client taking a byte of the answer; zero for none.
    pub write_timeout: Duration,
    /// Longest time between two requests on a connection; zero for none.
    pub keep_alive_timeout: Duration,
    /// How long running requests may go on when the server stops.
    pub shutdown_timeout: Duration,
}

impl Listen {
    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let host = values.text(&HOST).unwrap_or(HOST.default);
        let bare = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        let is_name = |c: char| c.is_ascii_alphanumeric() || c == '.' || c == '-';
        if bare.parse::<Ipv6Addr>().is_err() && !bare.chars().all(is_name) {
            return Err(values.fault(&HOST, &format!("expected an address such as 127.0.0.1 or ::1, not {host:?}")));
        }
        Ok(Self {
            host: bare.to_owned(),
            // within bounds by their kinds
            port: u16::try_from(values.integer(&PORT)).unwrap_or(0),
            max_connections: usize::try_from(values.integer(&MAX_CONNECTIONS)).unwrap_or(usize::MAX),
            header_read_timeout: values.duration(&HEADER_READ_TIMEOUT),
            read_timeout: values.duration(&READ_TIMEOUT),
            write_timeout: values.duration(&WRITE_TIMEOUT),
            keep_alive_timeout: values.duration(&KEEP_ALIVE_TIMEOUT),
            shutdown_timeout: values.duration(&SHUTDOWN_TIMEOUT),
        })
    }
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            port: 8080,
            max_connections: 10_000,
            header_read_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(75),
            shutdown_timeout: Duration::from_secs(25),
        }
    }
}
