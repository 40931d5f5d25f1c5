use std::ops::Range;
use std::pin::Pin;
use std::task::{Context, Poll, ready};

use bytes::Bytes;
use catalogue::{Catalogue, FoundBlob, LoadError};
use futures_util::future::BoxFuture;
use http_body::{Body, Frame, SizeHint};
use storage::ByteRange;

/// Bytes that are read from the storage at once: so much of a large blob is in memory for each who is being sent it.
const PIECE: u64 = 1024 * 1024;

/// A body that is read from the storage as it is sent.
pub(super) struct BlobBody {
    catalogue: Catalogue,
    blob: FoundBlob,
    left: Range<u64>,
    read: Option<Bytes>,
    reading: Option<BoxFuture<'static, Result<Bytes, LoadError>>>,
}

impl BlobBody {
    /// A part of a blob, which must be within its length. The first piece is read before this returns, so that what cannot be
    /// read is told before the answer has begun.
    pub(super) async fn begin(catalogue: Catalogue, blob: FoundBlob, part: Range<u64>) -> Result<Self, LoadError> {
        let mut body = Self { catalogue, blob, left: part, read: None, reading: None };
        if !body.left.is_empty() {
            body.read = Some(body.next().await?);
        }
        Ok(body)
    }

    fn next(&self) -> BoxFuture<'static, Result<Bytes, LoadError>> {
        let (catalogue, blob) = (self.catalogue.clone(), self.blob.clone());
        let range = ByteRange { start: self.left.start, end: self.left.end.min(self.left.start + PIECE) };
        Box::pin(async move {
            let bytes = catalogue.load_blob(&blob, Some(range)).await?;
            match bytes.len() as u64 == range.end - range.start {
                true => Ok(bytes),
                false => Err(LoadError::Unavailable(format!("{} is shorter than it was", blob.digest))),
            }
        })
    }
}

impl Body for BlobBody {
    type Data = Bytes;
    type Error = LoadError;

    fn poll_frame(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<Option<Result<Frame<Bytes>, LoadError>>> {
        let this = self.get_mut();
        if this.left.is_empty() {
            return Poll::Ready(None);
        }
        let read = match this.read.take() {
            Some(bytes) => Ok(bytes),
            None => {
                let next = this.reading.take().unwrap_or_else(|| this.next());
                let read = ready!(this.reading.insert(next).as_mut().poll(cx));
                this.reading = None;
                read
            }
        };
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
