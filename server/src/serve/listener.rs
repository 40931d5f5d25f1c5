use std::io;
use std::net::{IpAddr, SocketAddr};
use std::time::Duration;

use socket2::{Domain, Protocol, SockAddr, Socket, TcpKeepalive, Type};
use tokio::net::{TcpListener, TcpStream};

use crate::config;

/// Connections that may wait to be accepted. The kernel's own limit counts if it is lower.
const BACKLOG: i32 = 4096;

/// After this long without a packet the kernel asks whether the other end is still there.
const PROBE_AFTER: Duration = Duration::from_secs(60);

/// How long to wait when the process has no file descriptor left.
const OUT_OF_DESCRIPTORS: Duration = Duration::from_millis(100);

/// Why the server cannot listen.
#[derive(Debug, thiserror::Error)]
#[error("cannot listen on {host} port {port} (settings listen-host, port): {error}")]
pub struct ListenError {
    host: String,
    port: u16,
    error: io::Error,
}

/// Listens on the address of the settings; the address that comes back has the real port.
///
/// # Errors
/// If the name is unknown, the address is not of this machine, or the port is taken or not allowed.
pub async fn listen(settings: &config::Listen) -> Result<(TcpListener, SocketAddr), ListenError> {
    let error = |error| ListenError { host: settings.host.clone(), port: settings.port, error };
    let addresses = tokio::net::lookup_host((settings.host.as_str(), settings.port)).await.map_err(error)?;
    let mut outcome = Err(io::Error::new(io::ErrorKind::NotFound, "the name has no address"));
    for address in addresses {
        outcome = bind(address);
        if outcome.is_ok() {
            break;
        }
    }
    outcome.and_then(|listener| listener.local_addr().map(|address| (listener, address))).map_err(error)
}

fn bind(address: SocketAddr) -> io::Result<TcpListener> {
    let socket = Socket::new(Domain::for_address(address), Type::STREAM, Some(Protocol::TCP))?;
    socket.set_reuse_address(true)?; // a restarted server does not wait for connections of the last one to fade
    if address.is_ipv6() {
        socket.set_only_v6(false)?; // `::` is every address of either family
    }
    // the kernel hands both down to accepted connections, which saves two calls for each of them
    socket.set_tcp_nodelay(true)?;
    socket.set_tcp_keepalive(&TcpKeepalive::new().with_time(PROBE_AFTER))?;
    socket.bind(&SockAddr::from(address))?;
    socket.listen(BACKLOG)?;
    socket.set_nonblocking(true)?;
    TcpListener::from_std(socket.into())
}

/// The next connection. Never gives up: what goes wrong with one connection is no reason to end the server.
/// `make_room` is called when the process has no file descriptor left.
pub(super) async fn accept(listener: &TcpListener, make_room: impl Fn()) -> (TcpStream, IpAddr) {
    loop {
        match listener.accept().await {
            Ok((stream, peer)) => return (stream, peer.ip().to_canonical()),
            Err(error) if is_of_one_connection(&error) => {}
            Err(error) => {
                tracing::error!(%error, "Cannot accept connections");
                make_room();
                tokio::time::sleep(OUT_OF_DESCRIPTORS).await;
            }
        }
    }
}

fn is_of_one_connection(error: &io::Error) -> bool {
    use io::ErrorKind::{ConnectionAborted, ConnectionRefused, ConnectionReset};
    matches!(error.kind(), ConnectionAborted | ConnectionRefused | ConnectionReset)
}
