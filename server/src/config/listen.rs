use std::time::Duration;

/// Where and how requests are accepted.
#[derive(Debug, Clone, PartialEq)]
pub struct Listen {
    /// The address to listen on, without brackets.
    pub host: String,
    /// The port; 0 takes a free one.
    pub port: u16,
    /// Longest time for the head of a request, from its first byte.
    pub header_read_timeout: Duration,
    /// Longest time without a byte of a request's body; zero for none.
    pub read_timeout: Duration,
    /// Longest time without the client taking a byte of the answer; zero for none.
    pub write_timeout: Duration,
    /// Longest time between two requests on a connection.
    pub keep_alive_timeout: Duration,
    /// Connections at a time; further ones wait.
    pub max_connections: usize,
    /// How long running requests may go on when the server stops.
    pub shutdown_timeout: Duration,
}

impl Default for Listen {
    fn default() -> Self {
        Self {
            host: "0.0.0.0".to_owned(),
            port: 8080,
            header_read_timeout: Duration::from_secs(30),
            read_timeout: Duration::from_secs(30),
            write_timeout: Duration::from_secs(30),
            keep_alive_timeout: Duration::from_secs(75),
            max_connections: 10_000,
            shutdown_timeout: Duration::from_secs(25),
        }
    }
}
