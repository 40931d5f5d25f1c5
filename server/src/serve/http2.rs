//! HTTP/2 connections. All streams of one run in the connection's own task, as the requests of HTTP/1.1 do: so its pulse
//! has one writer, and whoever ends the task ends its requests.

use std::pin::{Pin, pin};
use std::sync::{Arc, Mutex, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use hyper::rt::Executor;
use hyper::server::conn::http2::Builder;
use hyper::service::service_fn;
use hyper_util::rt::{TokioIo, TokioTimer};
use tokio::io::{AsyncRead, AsyncWrite};

use super::Stop;
use super::doorway::answer;
use crate::middleware::Connection;

/// Requests of one client at a time. Browsers and Go's client stay below; further ones wait at the client.
const STREAMS: u32 = 100;
/// Bytes of one upload that may be on their way: enough for a fast line over an ocean.
const STREAM_WINDOW: u32 = 1024 * 1024;
/// The same for all uploads of a connection.
const CONNECTION_WINDOW: u32 = 2 * 1024 * 1024;
/// Streams that the client may take back before they were looked at; more is an attack (CVE-2023-44487).
const RESET_STREAMS: usize = 20;
/// Streams that may be reset because they break the protocol; more is an attack (CVE-2025-8671).
const FAULTY_STREAMS: usize = 100;
/// How often a client that says nothing is asked whether it is there, and how long it may take to answer.
const PING_INTERVAL: Duration = Duration::from_secs(30);
const PING_TIMEOUT: Duration = Duration::from_secs(20);

type Task = Pin<Box<dyn Future<Output = ()> + Send>>;

/// Takes the streams that begin.
#[derive(Clone, Default)]
struct Streams(Arc<Mutex<Vec<Task>>>);

impl<F: Future<Output = ()> + Send + 'static> Executor<F> for Streams {
    fn execute(&self, stream: F) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(Box::pin(stream)); // nothing panics while it holds it
    }
}

impl Streams {
    fn take(&self) -> Vec<Task> {
        std::mem::take(&mut *self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

/// Serves a connection to its end.
pub(super) async fn serve(
    stream: impl AsyncRead + AsyncWrite + Unpin + Send + 'static,
    connection: Arc<Connection>,
    largest_head: u32,
    stop: &Stop,
) -> hyper::Result<()> {
    let pulse = Arc::clone(&connection.pulse);
    pulse.share();
    let streams = Streams::default();
    let mut http = Builder::new(streams.clone());
    http.timer(TokioTimer::new())
        .max_concurrent_streams(STREAMS)
        .initial_stream_window_size(STREAM_WINDOW)
        .initial_connection_window_size(CONNECTION_WINDOW)
        .max_header_list_size(largest_head)
        .max_pending_accept_reset_streams(RESET_STREAMS)
        .max_local_error_reset_streams(FAULTY_STREAMS)
        .keep_alive_interval(PING_INTERVAL)
        .keep_alive_timeout(PING_TIMEOUT);
    let service = service_fn(move |request| answer(Arc::clone(&connection), request));
    let mut serving = pin!(http.serve_connection(TokioIo::new(stream), service));
    let mut farewell = pin!(async {
        tokio::select! {
            () = pulse.retired() => {}
            () = stop.asked() => {}
        }
    });
    let mut running = FuturesUnordered::new();
    let mut is_leaving = false;
    std::future::poll_fn(|cx: &mut Context<'_>| {
        if !is_leaving && farewell.as_mut().poll(cx).is_ready() {
            is_leaving = true;
            serving.as_mut().graceful_shutdown();
        }
        loop {
            if let Poll::Ready(outcome) = serving.as_mut().poll(cx) {
                return Poll::Ready(outcome);
            }
            let new = streams.take();
            let has_new = !new.is_empty();
            running.extend(new);
            while let Poll::Ready(Some(())) = running.poll_next_unpin(cx) {}
            if !has_new {
                return Poll::Pending;
            }
        }
    })
    .await
}
