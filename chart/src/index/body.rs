use std::sync::Arc;

use bytes::Bytes;

/// Bytes to send, in pieces that are shared with the pages they come from.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// In order.
    pub frames: Arc<[Bytes]>,
    /// Of all frames together.
    pub length: u64,
}

impl Body {
    /// A JSON array of runs of entries: each run is one entry, or several with commas between them
    /// ([`super::Page::run_of`]).
    pub fn array(runs: &[Bytes]) -> Self {
        let mut frames = Frames::default();
        frames.write(b"[");
        for (position, run) in runs.iter().filter(|run| !run.is_empty()).enumerate() {
            if position > 0 {
                frames.write(b",");
            }
            frames.push(run.clone());
        }
        frames.write(b"]");
        frames.finish()
    }
}

impl From<Bytes> for Body {
    fn from(bytes: Bytes) -> Self {
        Self { length: bytes.len() as u64, frames: Arc::new([bytes]) }
    }
}

/// Shorter bytes are copied into a frame with their neighbours. The kernel takes few large frames more cheaply than the
/// same bytes in frames of the size of a page, and a document is stitched once per
/// state but sent many times.
const SHARED_FROM: usize = 128 * 1024;

/// Copied bytes are cut into frames of about this size, so that a long body needs no long allocation.
const COPIED_UP_TO: usize = 1024 * 1024;

/// A body in the making.
#[derive(Debug, Default)]
pub(super) struct Frames {
    done: Vec<Bytes>,
    copied: Vec<u8>,
    length: u64,
}

impl Frames {
    /// Appends bytes, shared if that pays.
    pub(super) fn push(&mut self, bytes: Bytes) {
        if bytes.len() < SHARED_FROM {
            self.write(&bytes);
        } else {
            self.cut();
            self.length += bytes.len() as u64;
            self.done.push(bytes);
        }
    }

    /// Appends a copy.
    pub(super) fn write(&mut self, bytes: &[u8]) {
        if self.copied.len() + bytes.len() > COPIED_UP_TO {
            self.cut();
            // Where one was filled another will be.
            self.copied.reserve(COPIED_UP_TO.max(bytes.len()));
        }
        self.length += bytes.len() as u64;
        self.copied.extend_from_slice(bytes);
    }

    pub(super) fn finish(mut self) -> Body {
        self.cut();
        Body { frames: self.done.into(), length: self.length }
    }

    fn cut(&mut self) {
        if !self.copied.is_empty() {
            let mut copied = std::mem::take(&mut self.copied);
            if copied.capacity() / 2 > copied.len() {
                copied.shrink_to_fit();
            }
            self.done.push(copied.into());
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(body: &Body) -> String {
        let bytes = body.frames.concat();
        assert_eq!(bytes.len() as u64, body.length);
        String::from_utf8(bytes).unwrap()
    }

    #[test]
    fn arrays_of_runs() {
        let run = Bytes::from_static;
        assert_eq!(text(&Body::array(&[])), "[]");
        assert_eq!(text(&Body::array(&[run(b"1,2"), run(b""), run(b"3")])), "[1,2,3]");
        assert_eq!(text(&Body::from(run(b"{}"))), "{}");
    }

    #[test]
    fn long_runs_are_shared_and_short_ones_joined() {
        let long = Bytes::from(vec![b'7'; SHARED_FROM]);
        let short = Bytes::from_static(b"1");
        let body = Body::array(&[short.clone(), short.clone(), long.clone(), short.clone()]);
        assert_eq!(body.frames.len(), 3);
        assert_eq!(body.frames[1].as_ptr(), long.as_ptr());
        let many = Body::array(&vec![short; COPIED_UP_TO]);
        assert_eq!(many.frames.len(), 3);
        assert_eq!(many.length, 2 * COPIED_UP_TO as u64 + 1);
    }
}
