use std::io;
use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use catalogue::Spooled;
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};

/// Bytes that are read from the disk at once: so much of a large package is in memory for each who is being sent it.
const PIECE: u64 = 256 * 1024;

/// A body that is read from the local disk as it is sent.
pub struct Piecewise {
    file: Spooled,
    left: Range<u64>,
    reading: Option<BoxFuture<'static, io::Result<Bytes>>>,
}

impl Piecewise {
    /// A part of a file, which must be within its length.
    pub fn new(file: Spooled, part: Range<u64>) -> Self {
        Self { file, left: part, reading: None }
    }
}

impl Body for Piecewise {
    type Data = Bytes;
    type Error = io::Error;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<io::Result<Frame<Bytes>>>> {
        let this = self.get_mut();
        if this.left.is_empty() {
            return Poll::Ready(None);
        }
        let reading = this.reading.get_or_insert_with(|| {
            let (file, part) = (this.file.clone(), this.left.start..this.left.end.min(this.left.start + PIECE));
            Box::pin(async move { file.read(part).await })
        });
        let read = ready!(reading.as_mut().poll(cx));
        this.reading = None;
        Poll::Ready(Some(read.map(|bytes| {
            this.left.start += bytes.len() as u64;
            Frame::data(bytes)
        })))
    }

    fn is_end_stream(&self) -> bool {
        self.left.is_empty()
    }

    fn size_hint(&self) -> SizeHint {
        SizeHint::with_exact(self.left.end.saturating_sub(self.left.start))
    }
}
