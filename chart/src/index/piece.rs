use bytes::Bytes;
use flate2::{Compress, Compression, FlushCompress};

/// 9 gives larger texts than 6 with zlib-rs on an index, 4 saves a quarter of the time for 3 % of the size.
const LEVEL: u32 = 6;

/// A run of text that is ready to become part of a document, as it is and deflated.
///
/// The text may end in a separator, which a document leaves out where nothing follows: so that most documents need no
/// frames between pieces.
#[derive(Debug, Clone)]
pub(super) struct Piece {
    text: Bytes,
    deflated: Bytes,
    crc: u32,
    separator: &'static str,
}

impl Piece {
    pub(super) fn new(mut text: String, separator: &'static str) -> Self {
        let crc = crc32fast::hash(text.as_bytes());
        let mut deflated = deflate(text.as_bytes());
        store(&mut deflated, separator.as_bytes());
        deflated.shrink_to_fit();
        text.push_str(separator);
        text.shrink_to_fit();
        Self { text: text.into(), deflated: deflated.into(), crc, separator }
    }

    /// From what [`Piece::parts`] gave. The deflated part is believed.
    pub(super) fn from_parts(text: Bytes, deflated: Bytes, separator: &'static str) -> Option<Self> {
        let length = text.len().checked_sub(separator.len())?;
        if deflated.len() < stored_length(separator) || !text.ends_with(separator.as_bytes()) {
            return None;
        }
        let crc = crc32fast::hash(&text[..length]);
        Some(Self { text, deflated, crc, separator })
    }

    /// Text and deflated text, separator included.
    pub(super) fn parts(&self) -> (&Bytes, &Bytes) {
        (&self.text, &self.deflated)
    }

    /// The text without the separator.
    pub(super) fn text(&self) -> Bytes {
        self.text.slice(..self.text.len() - self.separator.len())
    }

    /// The text with the separator, if the piece has one.
    pub(super) fn separated_text(&self) -> Bytes {
        self.text.clone()
    }

    /// Deflate blocks of [`Piece::text`]: they begin and end on a byte and refer to nothing before them.
    pub(super) fn deflated(&self) -> Bytes {
        self.deflated.slice(..self.deflated.len() - stored_length(self.separator))
    }

    /// Deflate blocks of [`Piece::separated_text`].
    pub(super) fn separated_deflated(&self) -> Bytes {
        self.deflated.clone()
    }

    /// CRC-32 of [`Piece::text`], with its length.
    pub(super) fn crc(&self) -> crc32fast::Hasher {
        crc32fast::Hasher::new_with_initial_len(self.crc, (self.text.len() - self.separator.len()) as u64)
    }

    /// What separates this piece from the next.
    pub(super) fn separator(&self) -> &'static str {
        self.separator
    }
}

/// Raw deflate blocks that end in a full flush.
fn deflate(text: &[u8]) -> Vec<u8> {
    // Room for the worst case, text that does not compress, so that one call does it.
    let mut out = Vec::with_capacity(text.len() + text.len() / 64 + 64);
    let mut compress = Compress::new(Compression::new(LEVEL), false);
    loop {
        let done = usize::try_from(compress.total_in()).expect("counts bytes in memory");
        compress
            .compress_vec(&text[done..], &mut out, FlushCompress::Full)
            .expect("deflate fails only on a stream that was ended");
        if compress.total_in() == text.len() as u64 && out.len() < out.capacity() {
            return out;
        }
        out.reserve(64);
    }
}

/// A stored block's header: kind in a byte of its own (after a flush blocks begin on a byte), length, inverted length.
const STORED_HEADER: usize = 5;

/// The length is a 16-bit number.
const STORED_MAX: usize = 0xffff;

fn stored_length(text: &str) -> usize {
    text.len() + text.len().div_ceil(STORED_MAX) * STORED_HEADER
}

/// Appends the text as stored deflate blocks, none of them the last. No text, no block.
pub(super) fn store(out: &mut Vec<u8>, text: &[u8]) {
    for block in text.chunks(STORED_MAX) {
        let length = u16::try_from(block.len()).expect("chunks are no longer");
        out.push(0);
        out.extend_from_slice(&length.to_le_bytes());
        out.extend_from_slice(&(!length).to_le_bytes());
        out.extend_from_slice(block);
    }
}

#[cfg(test)]
mod tests {
    use std::io::Read as _;

    use super::*;

    fn inflate(blocks: &[u8]) -> String {
        let mut whole = blocks.to_vec();
        whole.extend_from_slice(&[3, 0]); // an empty last block
        let mut text = String::new();
        flate2::read::DeflateDecoder::new(&whole[..]).read_to_string(&mut text).unwrap();
        text
    }

    #[test]
    fn both_forms_say_the_same() {
        for text in ["", "a", &"abcdefgh".repeat(100_000)] {
            for separator in ["", ","] {
                let piece = Piece::new(text.to_owned(), separator);
                assert_eq!(piece.text(), text);
                assert_eq!(inflate(&piece.deflated()), text);
                assert_eq!(piece.separated_text(), format!("{text}{separator}"));
                assert_eq!(inflate(&piece.separated_deflated()), format!("{text}{separator}"));
                assert_eq!(piece.crc().finalize(), crc32fast::hash(text.as_bytes()));
            }
        }
    }

    #[test]
    fn text_that_does_not_compress_and_long_stored_text() {
        let mut seed = 1_u32;
        let noise: String = (0..200_000)
            .map(|_| {
                seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                char::from(b' ' + (seed >> 24) as u8 % 94)
            })
            .collect();
        assert_eq!(inflate(&Piece::new(noise.clone(), ",").deflated()), noise);
        let mut out = Vec::new();
        store(&mut out, noise.as_bytes());
        assert_eq!(out.len(), stored_length(&noise));
        assert_eq!(inflate(&out), noise);
    }
}
