use std::io::{self, IoSlice};
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll, ready};

use super::head::HeadScan;
use super::pulse::{Phase, Pulse};
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};

/// A connection's stream, encrypted or not, which notes what it sees.
pub(super) struct WatchedStream<S> {
    stream: S,
    pulse: Arc<Pulse>,
    is_blocked: bool,
    is_shut: bool,
    head: HeadScan,
}

impl<S: AsyncRead + AsyncWrite + Unpin> WatchedStream<S> {
    pub(super) fn new(stream: S, pulse: Arc<Pulse>) -> Self {
        Self { stream, pulse, is_blocked: false, is_shut: false, head: HeadScan::default() }
    }

    fn note_sent(&mut self, outcome: Poll<io::Result<usize>>) -> Poll<io::Result<usize>> {
        if let Poll::Ready(Ok(length)) = outcome {
            self.pulse.send(length);
        }
        self.note(outcome)
    }

    fn note<T>(&mut self, outcome: Poll<io::Result<T>>) -> Poll<io::Result<T>> {
        if outcome.is_pending() {
            if !self.is_blocked {
                self.is_blocked = true;
                self.pulse.set_blocked(true);
            }
        } else if self.is_blocked {
            self.is_blocked = false;
            self.pulse.set_blocked(false);
        }
        outcome
    }

    /// Throws away what the client sends, until it sends no more. The timer ends it if that takes long.
    fn linger(&mut self, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let mut buffer = [0; 4096];
        loop {
            let mut buffer = ReadBuf::new(&mut buffer);
            ready!(Pin::new(&mut self.stream).poll_read(cx, &mut buffer))?;
            if buffer.filled().is_empty() {
                return Poll::Ready(Ok(()));
            }
        }
    }
}

impl<S: AsyncRead + Unpin> AsyncRead for WatchedStream<S> {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buffer: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let before = buffer.filled().len();
        let outcome = Pin::new(&mut this.stream).poll_read(cx, buffer);
        if buffer.filled().len() == before {
            return outcome;
        }
        if matches!(this.pulse.phase(), Phase::New | Phase::Idle) {
            this.head.restart();
        }
        if !this.pulse.receive() {
            buffer.set_filled(before); // as if the client had closed
        } else if this.pulse.phase() == Phase::Head && this.head.has_both(&buffer.filled()[before..]) {
            this.pulse.set_ambiguous();
        }
        outcome
    }
}

impl<S: AsyncRead + AsyncWrite + Unpin> AsyncWrite for WatchedStream<S> {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, bytes: &[u8]) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write(cx, bytes);
        this.note_sent(outcome)
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        slices: &[IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_write_vectored(cx, slices);
        this.note_sent(outcome)
    }

    fn is_write_vectored(&self) -> bool {
        self.stream.is_write_vectored()
    }

    /// Hyper flushes when it has handed over everything: with that an answer is done. Only an encrypted stream keeps bytes
    /// of its own back until then.
    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        let outcome = Pin::new(&mut this.stream).poll_flush(cx);
        ready!(this.note(outcome))?;
        if this.pulse.phase() == Phase::Flushing {
            this.pulse.enter(Phase::Idle);
        }
        Poll::Ready(Ok(()))
    }

    /// Closes so that the client gets the answer even if it is still sending: a socket that is closed with bytes
    /// unread is reset, and the reset overtakes the answer.
    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        let this = self.get_mut();
        if !this.is_shut {
            let outcome = Pin::new(&mut this.stream).poll_shutdown(cx);
            ready!(this.note(outcome))?;
            this.is_shut = true;
            this.pulse.enter(Phase::Lingering);
        }
        if this.pulse.has_unread() { this.linger(cx) } else { Poll::Ready(Ok(())) }
    }
}
