//! Connections: accepted, served, watched, and ended.
//!
//! Hyper speaks HTTP/1.1, and HTTP/2 where a TLS client asks for it; what surrounds it is ours, because every timer, box and layer per request costs more than
//! answering from memory does. Nothing here runs per request: a connection notes in one word what it is doing (its
//! pulse), and one coarse timer looks at all of them.

mod connections;
mod descriptors;
mod doorway;
mod head;
mod http2;
mod listener;
mod pulse;
mod seats;
mod signals;
mod stop;
mod stream;
mod tls;

use std::sync::Arc;

use tokio::net::TcpListener;

use crate::config;
use crate::middleware::Front;
pub(crate) use pulse::Pulse;
pub(crate) use seats::Seat;

pub use connections::ConnectionCounts;
use connections::Connections;
pub use descriptors::room_for;
use doorway::Doorway;
pub use listener::{ListenError, listen};
pub use signals::stop_on_signals;
pub use stop::Stop;
pub use tls::{Tls, TlsError};

/// Accepts and serves until told to stop; returns when no connection is left, at the latest when
/// [`config::Listen::shutdown_timeout`] has passed.
pub async fn serve(
    listener: TcpListener,
    tls: Option<Arc<Tls>>,
    front: Arc<Front>,
    settings: &config::Listen,
    stop: &Stop,
) {
    let connections = Connections::new(settings, front.metrics().connections.clone());
    let doorway = Arc::new(Doorway::new(tls.clone(), front, stop.clone()));
    tokio::select! {
        () = accept(&listener, doorway, &connections) => {}
        () = connections.watch() => {}
        () = reload(tls.as_ref()) => {}
        () = stop.asked() => {}
    }
    drop(listener); // new connections are refused from now on
    let open = connections.drain(settings.shutdown_timeout, stop).await;
    if open > 0 {
        tracing::warn!(connections = open, "Requests were cut because they took longer than shutdown-timeout");
    }
}

async fn reload(tls: Option<&Arc<Tls>>) {
    match tls {
        Some(tls) => tls.watch().await,
        None => std::future::pending().await,
    }
}

async fn accept(listener: &TcpListener, doorway: Arc<Doorway>, connections: &Arc<Connections>) {
    loop {
        let room = connections.enter().await;
        let (stream, client) = listener::accept(listener, || connections.make_room()).await;
        let doorway = Arc::clone(&doorway);
        // two tasks of two sizes: a plain connection does not carry what a handshake needs
        match doorway.tls() {
            None => connections.spawn(room, |pulse, seat| async move {
                doorway.plain(stream, doorway.connection(client, pulse, seat)).await;
            }),
            Some(tls) => connections.spawn(room, |pulse, seat| async move {
                doorway.encrypted(&tls, stream, doorway.connection(client, pulse, seat)).await;
            }),
        }
    }
}
