use std::pin::Pin;
use std::task::{Context, Poll, ready};

use axum::body::Body;
use bytes::Bytes;
use http_body::{Body as HttpBody, Frame, SizeHint};

use super::record::Record;

/// An answer's body, which counts itself for the log.
pub struct Answer {
    body: Body,
    record: Record,
    /// A frame was handed over, and the next one was not asked for yet.
    is_held_up: bool,
}

impl Answer {
    pub(super) fn new(body: Body, mut record: Record) -> Self {
        record.is_whole |= body.is_end_stream();
        Self { body, record, is_held_up: false }
    }

    fn set_held_up(&mut self, is_held_up: bool) {
        if self.is_held_up != is_held_up {
            self.is_held_up = is_held_up;
            self.record.connection.pulse.set_held_up(is_held_up);
        }
    }
}

impl Drop for Answer {
    fn drop(&mut self) {
        self.set_held_up(false);
    }
}

impl HttpBody for Answer {
    type Data = Bytes;
    type Error = axum::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, axum::Error>>> {
        let this = self.get_mut();
        this.set_held_up(false);
        let frame = ready!(Pin::new(&mut this.body).poll_frame(cx));
        match &frame {
            Some(Ok(frame)) => {
                this.record.bytes += frame.data_ref().map_or(0, |data| data.len() as u64);
                this.record.is_whole |= this.body.is_end_stream();
            }
            Some(Err(error)) => this.record.fail(error.to_string()),
            None => this.record.is_whole = true,
        }
        this.set_held_up(matches!(frame, Some(Ok(_))));
        Poll::Ready(frame)
    }

    fn is_end_stream(&self) -> bool {
        self.body.is_end_stream()
    }

    fn size_hint(&self) -> SizeHint {
        self.body.size_hint()
    }
}
