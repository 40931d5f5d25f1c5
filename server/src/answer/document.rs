use std::io::Write;

use bytes::Bytes;
use chart::Digest;
use chart::index::{Body, Document};
use flate2::Compression;
use flate2::write::GzEncoder;

/// Below this many bytes compressing gains less than its header costs.
const WORTH_COMPRESSING: usize = 1024;

/// A text that was made for one request, with its entity tags; with its gzip form if that is `wanted`.
pub fn document(text: String, wanted: bool) -> Document {
    let digest = Digest::of(text.as_bytes()).to_string();
    // half of the hash is enough to tell apart the texts of one address
    let tag = &digest[..digest.len() / 2];
    let gzip = (wanted && text.len() >= WORTH_COMPRESSING).then(|| whole(compressed(text.as_bytes())));
    Document {
        etag: format!("\"{tag}\""),
        etag_gzip: format!("\"{tag}-gzip\""),
        gzip,
        identity: whole(text.into_bytes()),
    }
}

fn whole(bytes: Vec<u8>) -> Body {
    let bytes = Bytes::from(bytes);
    Body { length: bytes.len() as u64, frames: [bytes].into() }
}

fn compressed(text: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::with_capacity(text.len() / 4), Compression::fast());
    encoder.write_all(text).and_then(|()| encoder.finish()).expect("a vector takes any bytes")
}
