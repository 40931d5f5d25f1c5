use super::Body;
use super::body::Frames;
use super::piece::{Piece, store};

/// Method deflate, no name, no time (the same bytes give the same file), unknown system (RFC 1952 §2.3).
const GZIP_HEADER: [u8; 10] = [0x1f, 0x8b, 8, 0, 0, 0, 0, 0, 0, 0xff];

/// The last block: final, with fixed codes, empty (RFC 1951 §3.2.3).
const LAST_BLOCK: [u8; 2] = [3, 0];

/// A document in the making, as it is and as one gzip member.
pub(super) struct Stitch {
    identity: Frames,
    gzip: Frames,
    crc: crc32fast::Hasher,
    glue: String,
}

impl Stitch {
    pub(super) fn new() -> Self {
        let mut gzip = Frames::default();
        gzip.write(&GZIP_HEADER);
        Self { identity: Frames::default(), gzip, crc: crc32fast::Hasher::new(), glue: String::new() }
    }

    /// Appends text that stands between pieces.
    pub(super) fn glue(&mut self, text: &str) {
        self.glue.push_str(text);
    }

    /// Appends a piece.
    pub(super) fn piece(&mut self, piece: &Piece) {
        self.write_glue();
        self.identity.push(piece.text());
        self.gzip.push(piece.deflated());
        self.crc.combine(&piece.crc());
    }

    /// Appends a piece and its separator.
    pub(super) fn separated_piece(&mut self, piece: &Piece) {
        self.write_glue();
        self.identity.push(piece.separated_text());
        self.gzip.push(piece.separated_deflated());
        self.crc.combine(&piece.crc());
        self.crc.update(piece.separator().as_bytes());
    }

    /// The identity and the gzip form.
    pub(super) fn finish(mut self) -> (Body, Body) {
        self.write_glue();
        let identity = self.identity.finish();
        self.gzip.write(&LAST_BLOCK);
        self.gzip.write(&self.crc.finalize().to_le_bytes());
        // by its definition the length modulo 2³²
        self.gzip.write(&identity.length.to_le_bytes()[..4]);
        (identity, self.gzip.finish())
    }

    fn write_glue(&mut self) {
        let mut stored = Vec::new();
        store(&mut stored, self.glue.as_bytes());
        self.identity.write(self.glue.as_bytes());
        self.gzip.write(&stored);
        self.crc.update(self.glue.as_bytes());
        self.glue.clear();
    }
}
