use std::cell::Cell;
use std::io::{self, Read};

use super::ArchiveError;
use crate::Limits;

/// Content may be any number of times larger than its archive up to here: small files of zeros are no attack.
const RATIO_FROM: u64 = 1024 * 1024;

/// `Chart.yaml` and `requirements.yaml` of all charts of a package, which wait in memory until the archive ends.
/// A hundred charts have less than one MiB of them.
const METADATA_FILES: u64 = 8 * 1024 * 1024;

/// What is left of the limits while one package is read, archives within it included.
#[derive(Debug)]
pub(crate) struct Budget<'l> {
    pub limits: &'l Limits,
    /// Bytes of the package.
    packed: u64,
    /// Bytes that came out of decompression.
    inflated: Cell<u64>,
    /// Bytes of files.
    content: Cell<u64>,
    /// The largest file so far.
    largest: Cell<u64>,
    entries: Cell<u32>,
    kept: Cell<u64>,
}

impl<'l> Budget<'l> {
    pub fn new(limits: &'l Limits, packed: usize) -> Self {
        Self {
            limits,
            packed: packed as u64,
            inflated: Cell::new(0),
            content: Cell::new(0),
            largest: Cell::new(0),
            entries: Cell::new(0),
            kept: Cell::new(0),
        }
    }

    pub fn count_entry(&self) -> Result<(), ArchiveError> {
        self.entries.set(self.entries.get().saturating_add(1));
        let limit = self.limits.entries;
        if self.entries.get() > limit { Err(ArchiveError::TooManyEntries { limit }) } else { Ok(()) }
    }

    /// Refuses a file that is too large before any of it is read.
    pub fn count_file(&self, name: &[u8], size: u64) -> Result<(), ArchiveError> {
        let limit = self.limits.unpacked_size;
        if size > limit.saturating_sub(self.content.get()) {
            return Err(ArchiveError::TooLarge { limit });
        }
        if size > self.limits.file_size {
            return Err(ArchiveError::FileTooLarge { name: name.to_vec(), limit: self.limits.file_size });
        }
        self.largest.set(self.largest.get().max(size));
        // Helm wants something to be left
        self.content.set(self.content.get() + size);
        if self.content.get() >= limit { Err(ArchiveError::TooLarge { limit }) } else { Ok(()) }
    }

    /// Bytes of the largest file that was counted.
    pub fn largest_file(&self) -> u64 {
        self.largest.get()
    }

    /// Metadata that stays in memory.
    pub fn count_kept(&self, size: u64) -> Result<(), ArchiveError> {
        self.kept.set(self.kept.get().saturating_add(size));
        let limit = METADATA_FILES;
        if self.kept.get() > limit { Err(ArchiveError::TooMuchMetadata { limit }) } else { Ok(()) }
    }

    /// Headers, padding and what is skipped cost time as well: twice the content is more than any of it needs.
    fn count_inflated(&self, size: usize) -> Result<(), ArchiveError> {
        let inflated = self.inflated.get().saturating_add(size as u64);
        self.inflated.set(inflated);
        let limit = self.limits.unpacked_size;
        if inflated > limit.saturating_mul(2).saturating_add(RATIO_FROM) {
            return Err(ArchiveError::TooLarge { limit });
        }
        let limit = self.limits.ratio;
        if inflated > RATIO_FROM && inflated > self.packed.saturating_mul(u64::from(limit)) {
            return Err(ArchiveError::Ratio { limit });
        }
        Ok(())
    }
}

/// Counts what is read. The limits' errors travel within [`io::Error`] and come out by [`From`].
#[derive(Debug)]
pub(super) struct Metered<'b, 'l, R> {
    pub inner: R,
    pub budget: &'b Budget<'l>,
}

impl<R: Read> Read for Metered<'_, '_, R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.inner.read(buffer)?;
        self.budget.count_inflated(count).map_err(io::Error::other)?;
        Ok(count)
    }
}

impl From<io::Error> for ArchiveError {
    fn from(error: io::Error) -> Self {
        if let Some(inner) = error.get_ref().and_then(|inner| inner.downcast_ref::<Self>()) {
            return inner.clone();
        }
        // the decoder has no types for what is wrong, only texts
        match (error.kind(), error.to_string().as_str()) {
            (io::ErrorKind::UnexpectedEof, _) => Self::Truncated,
            (_, "invalid gzip header") => Self::NotGzip,
            (_, text) if text.contains("checksum") => Self::Checksum,
            _ => Self::Corrupt,
        }
    }
}
