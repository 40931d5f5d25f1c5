//! From an accepted stream to a protocol that is spoken on it.

use std::convert::Infallible;
use std::net::IpAddr;
use std::sync::Arc;

use axum::response::Response;
use http::Request;
use hyper::body::Incoming;
use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpStream;

use super::pulse::{Phase, Pulse};
use super::stream::WatchedStream;
use super::tls::{self, Tls};
use super::{Seat, Stop, http2};
use crate::middleware::{self, Answer, Connection, Front};

/// Largest head of a request, in bytes. Tokens of identity providers have several thousand.
const LARGEST_HEAD: u32 = 64 * 1024;

/// What every connection is served with.
pub(super) struct Doorway {
    http1: http1::Builder,
    tls: Option<Arc<Tls>>,
    front: Arc<Front>,
    stop: Stop,
}

impl Doorway {
    pub(super) fn new(tls: Option<Arc<Tls>>, front: Arc<Front>, stop: Stop) -> Self {
        let mut http1 = http1::Builder::new();
        // hyper's own timer for heads costs an allocation per request and counts idle time; ours is in `connections`
        http1.header_read_timeout(None);
        http1.max_header_size(LARGEST_HEAD as usize);
        Self { http1, tls, front, stop }
    }

    /// What connections are encrypted with, if they are.
    pub(super) fn tls(&self) -> Option<Arc<Tls>> {
        self.tls.clone()
    }

    pub(super) fn connection(&self, client: IpAddr, pulse: Arc<Pulse>, seat: Arc<Seat>) -> Arc<Connection> {
        Arc::new(Connection::new(Arc::clone(&self.front), client, pulse, seat))
    }

    /// Serves a connection that is as it is.
    pub(super) async fn plain(&self, stream: TcpStream, connection: Arc<Connection>) {
        self.http1(stream, connection).await;
    }

    /// Serves a connection that begins with a handshake. Until that is done the connection is new, so that the timer
    /// gives it no longer than the head of a request.
    pub(super) async fn encrypted(&self, tls: &Tls, stream: TcpStream, connection: Arc<Connection>) {
        let client = connection.client;
        match tls::is_handshake(&stream).await {
            Ok(true) => {}
            Ok(false) => {
                tracing::debug!(%client, "Plain text on an encrypted connection");
                let _ = tls::refuse(stream, &connection.pulse).await; // whoever does not listen has left
                return;
            }
            Err(error) => return tracing::debug!(%client, %error, "Connection ended"),
        }
        let stream = match tls.accept(stream).await {
            Ok(stream) => stream,
            Err(error) => return tracing::debug!(%client, %error, "TLS handshake failed"),
        };
        connection.pulse.enter(Phase::New);
        if stream.get_ref().1.alpn_protocol() != Some(tls::HTTP_2) {
            return self.http1(stream, connection).await;
        }
        let stream = WatchedStream::new(stream, Arc::clone(&connection.pulse));
        if let Err(error) = http2::serve(stream, connection, LARGEST_HEAD, &self.stop).await {
            tracing::debug!(%client, %error, "Connection ended");
        }
    }

    async fn http1<S: AsyncRead + AsyncWrite + Unpin>(&self, stream: S, connection: Arc<Connection>) {
        let client = connection.client;
        let stream = TokioIo::new(WatchedStream::new(stream, Arc::clone(&connection.pulse)));
        let service = service_fn(move |request| answer(Arc::clone(&connection), request));
        if let Err(error) = self.http1.serve_connection(stream, service).await {
            tracing::debug!(%client, %error, "Connection ended");
        }
    }
}

/// Answers a request.
pub(super) async fn answer(
    connection: Arc<Connection>,
    request: Request<Incoming>,
) -> Result<Response<Answer>, Infallible> {
    Ok(middleware::serve(connection, request).await)
}
