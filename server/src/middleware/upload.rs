use std::pin::Pin;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::task::{Context, Poll};
use std::time::Duration;

use axum::BoxError;
use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};
use hyper::body::Incoming;
use tokio::time::{Instant, Sleep, sleep};

use super::Connection;

/// The client stopped sending a body.
#[derive(Debug, Clone, Copy, thiserror::Error)]
#[error("no byte of the body came for {} s", .0.as_secs_f64())]
struct Stalled(Duration);

/// A request's body, which fails when nothing comes for too long.
pub(super) struct Upload {
    body: Incoming,
    connection: Arc<Connection>,
    limit: Duration,
    /// Made when the client is waited for; its deadline may lie before the last byte.
    timer: Option<Pin<Box<Sleep>>>,
    last_byte: Instant,
    is_whole: bool,
    /// Told when nothing comes for too long.
    has_stalled: Arc<AtomicBool>,
}

impl Upload {
    /// A zero limit is none.
    pub(super) fn new(
        body: Incoming,
        connection: Arc<Connection>,
        limit: Duration,
        has_stalled: Arc<AtomicBool>,
    ) -> Self {
        Self { body, connection, limit, timer: None, last_byte: Instant::now(), is_whole: false, has_stalled }
    }

    fn poll_stalled(&mut self, cx: &mut Context<'_>) -> Poll<()> {
        if self.limit.is_zero() {
            return Poll::Pending;
        }
        let timer = self.timer.get_or_insert_with(|| Box::pin(sleep(self.limit)));
        while timer.as_mut().poll(cx).is_ready() {
            let deadline = self.last_byte + self.limit;
            if deadline <= Instant::now() {
                self.has_stalled.store(true, Ordering::Relaxed);
                return Poll::Ready(());
            }
            timer.as_mut().reset(deadline);
        }
        Poll::Pending
    }
}

impl Body for Upload {
    type Data = Bytes;
    type Error = BoxError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, BoxError>>> {
        let this = self.get_mut();
        match Pin::new(&mut this.body).poll_frame(cx) {
            Poll::Ready(frame) => {
                this.last_byte = Instant::now();
                if let Some(data) = frame.as_ref().and_then(|frame| frame.as_ref().ok()?.data_ref()) {
                    this.connection.front.metrics.receive(data.len());
                }
                this.is_whole = frame.is_none() || this.body.is_end_stream();
                Poll::Ready(frame.map(|frame| frame.map_err(Into::into)))
            }
            Poll::Pending => this.poll_stalled(cx).map(|()| Some(Err(Stalled(this.limit).into()))),
        }
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}

impl Drop for Upload {
    fn drop(&mut self) {
        if !self.is_whole {
            self.connection.pulse.leave_unread();
        }
    }
}
