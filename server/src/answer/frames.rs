use std::convert::Infallible;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use bytes::Bytes;
use http_body::{Body, Frame, SizeHint};

/// A body made of frames that others share: sending it copies nothing and its length is known.
#[derive(Debug, Clone)]
pub struct Frames {
    frames: Arc<[Bytes]>,
    next: usize,
    remaining: u64,
}

impl From<&chart::index::Body> for Frames {
    fn from(body: &chart::index::Body) -> Self {
        Self { frames: body.frames.clone(), next: 0, remaining: body.length }
    }
}

impl Body for Frames {
    type Data = Bytes;
    type Error = Infallible;

    fn poll_frame(mut self: Pin<&mut Self>, _: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, Infallible>>> {
        let Some(frame) = self.frames.get(self.next).cloned() else { return Poll::Ready(None) };
        self.next += 1;
        self.remaining -= frame.len() as u64;
        Poll::Ready(Some(Ok(Frame::data(frame))))
    }

    fn is_end_stream(&self) -> bool {
        self.next == self.frames.len()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.remaining)
    }
}
