//! Parts that the store makes of objects that it has, so that their bytes do not come here.

use std::sync::atomic::{AtomicU8, Ordering};

use aws_sdk_s3::Config;
use aws_sdk_s3::types::CompletedPart;
use storage::{ByteRange, Key, StorageError};

use crate::client::timeouts;
use crate::fault::Fault;
use crate::store::S3Store;

/// S3 takes 5 GiB; smaller ones are copied side by side, and one that is lost is soon copied again.
const LARGEST_COPY: u64 = 512 << 20;

/// Whether the store copies, as far as it is known.
#[derive(Debug, Default)]
pub(crate) struct Copies(AtomicU8);

const WORKED: u8 = 1;
const REFUSED: u8 = 2;

impl Copies {
    pub(crate) fn are_known(&self) -> bool {
        self.0.load(Ordering::Relaxed) == WORKED
    }

    pub(crate) fn are_refused(&self) -> bool {
        self.0.load(Ordering::Relaxed) == REFUSED
    }

    pub(crate) fn worked(&self) {
        self.0.store(WORKED, Ordering::Relaxed);
    }

    /// True if the fault says that the store does not copy: it is not asked again.
    pub(crate) fn learn(&self, fault: &Fault) -> bool {
        let refuses = matches!(StorageError::from(fault.clone()), StorageError::Unsupported(_));
        if refuses {
            tracing::info!(reason = fault.text, "the store copies no parts: they are read and sent");
            self.0.store(REFUSED, Ordering::Relaxed);
        }
        refuses
    }
}

/// One part of `to`.
pub(crate) struct Copy {
    pub(crate) from: Key,
    /// As it must be while it is copied.
    pub(crate) etag: String,
    pub(crate) range: ByteRange,
    pub(crate) to: Key,
    pub(crate) id: String,
    pub(crate) number: i32,
}

impl Copy {
    /// Cuts `start..end` into parts of about the same size, none of which is too large, nor too small if the whole is not.
    pub(crate) fn ranges(start: u64, end: u64) -> impl Iterator<Item = ByteRange> {
        let length = end.saturating_sub(start);
        let count = length.div_ceil(LARGEST_COPY);
        let cut = move |n: u64| start + (u128::from(length) * u128::from(n) / u128::from(count.max(1))) as u64;
        (0..count).map(move |n| ByteRange { start: cut(n), end: cut(n + 1) })
    }

    pub(crate) async fn run(&self, store: &S3Store) -> Result<CompletedPart, Fault> {
        let Self { from, etag, range, to, id, number } = self;
        let bucket = &store.options.bucket;
        let source = encoded(&format!("{bucket}/{}", store.names.object(from)));
        let call = store.client.upload_part_copy().bucket(bucket).key(store.names.object(to)).upload_id(id);
        let call = call.part_number(*number).copy_source(source).copy_source_if_match(format!("\"{etag}\""));
        let call = call.copy_source_range(format!("bytes={}-{}", range.start, range.end - 1));
        let size = usize::try_from(range.end - range.start).unwrap_or(usize::MAX);
        let limits = Config::builder().timeout_config(timeouts(&store.options, size));
        let answer = call.customize().config_override(limits).send().await?;
        let etag = answer.copy_part_result.and_then(|result| result.e_tag);
        let etag = etag.ok_or_else(|| Fault::unavailable("the store says nothing of the part that it copied"))?;
        Ok(CompletedPart::builder().part_number(*number).e_tag(etag).build())
    }
}

/// A name as it stands in a header.
fn encoded(name: &str) -> String {
    let mut text = String::with_capacity(name.len());
    for byte in name.bytes() {
        match byte {
            b'A'..=b'Z' | b'a'..=b'z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'~' | b'/' => text.push(byte.into()),
            byte => text.push_str(&format!("%{byte:02X}")),
        }
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn large_objects_are_cut_into_parts_that_s3_takes() {
        const MIB: u64 = 1 << 20;
        for (start, end) in [(0, 5 * MIB), (0, 513 * MIB), (1, 5000 * MIB), (7, 1 << 45), (4, 4)] {
            let ranges: Vec<_> = Copy::ranges(start, end).collect();
            assert_eq!(ranges.first().map_or(end, |range| range.start), start);
            assert_eq!(ranges.last().map_or(end, |range| range.end), end);
            assert!(ranges.windows(2).all(|pair| pair[0].end == pair[1].start), "{start} {end}");
            let sizes: Vec<_> = ranges.iter().map(|range| range.end - range.start).collect();
            assert!(sizes.iter().all(|size| (5 * MIB..=LARGEST_COPY).contains(size)), "{start} {end}");
        }
    }

    #[test]
    fn names_in_headers_are_ascii() {
        assert_eq!(encoded("bucket/a b+c/日-1.0.0.tgz"), "bucket/a%20b%2Bc/%E6%97%A5-1.0.0.tgz");
    }
}
