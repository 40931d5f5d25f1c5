//! Connections: accepted, served, watched, and ended.
//!
//! Hyper speaks HTTP/1.1; what surrounds it is ours, because every timer, box and layer per request costs more than
//! answering from memory does. Nothing here runs per request: a connection notes in one word what it is doing (its
//! pulse), and one coarse timer looks at all of them.

mod connections;
mod listener;
mod pulse;
mod signals;
mod stop;
mod stream;

use std::convert::Infallible;
use std::sync::Arc;

use hyper::server::conn::http1;
use hyper::service::service_fn;
use hyper_util::rt::TokioIo;
use tokio::net::TcpListener;
use tokio::sync::Semaphore;

use crate::config;
use crate::middleware::{self, Connection, Front};
pub(crate) use pulse::{Phase, Pulse};

use connections::Connections;
pub use listener::{ListenError, listen};
pub use signals::stop_on_signals;
pub use stop::Stop;
use stream::WatchedStream;

/// Largest head of a request, in bytes. Tokens of identity providers have several thousand.
const LARGEST_HEAD: usize = 64 * 1024;

/// Accepts and serves until told to stop; returns when no connection is left, at the latest when
/// [`config::Listen::shutdown_timeout`] has passed.
pub async fn serve(listener: TcpListener, front: Arc<Front>, settings: &config::Listen, stop: &Stop) {
    let connections = Connections::new(settings);
    let room = Arc::new(Semaphore::new(settings.max_connections.min(Semaphore::MAX_PERMITS)));
    tokio::select! {
        () = accept(&listener, &front, &connections, &room) => {}
        () = connections.watch() => {}
        () = stop.asked() => {}
    }
    drop(listener); // new connections are refused from now on
    let open = connections.drain(settings.shutdown_timeout, stop).await;
    if open > 0 {
        tracing::warn!(connections = open, "Requests were cut because they took longer than shutdown-timeout");
    }
}

async fn accept(listener: &TcpListener, front: &Arc<Front>, connections: &Arc<Connections>, room: &Arc<Semaphore>) {
    let mut http = http1::Builder::new();
    // hyper's own timer for heads costs an allocation per request and counts idle time; ours is in `connections`
    http.header_read_timeout(None);
    http.max_header_size(LARGEST_HEAD);
    loop {
        // when all places are taken, new connections wait in the listener's queue
        let Ok(place) = Arc::clone(room).acquire_owned().await else { return };
        let (stream, peer) = listener::accept(listener).await;
        let front = Arc::clone(front);
        let http = http.clone();
        connections.spawn(|pulse| async move {
            let connection = Arc::new(Connection::new(front, peer, Arc::clone(&pulse)));
            let stream = TokioIo::new(WatchedStream::new(stream, pulse));
            let service = service_fn(move |request| {
                let connection = Arc::clone(&connection);
                async move { Ok::<_, Infallible>(middleware::serve(connection, request).await) }
            });
            if let Err(error) = http.serve_connection(stream, service).await {
                tracing::debug!(client = %peer, %error, "Connection ended");
            }
            drop(place);
        });
    }
}
