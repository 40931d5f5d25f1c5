//! The gzip and tar walk under [`crate::Limits`].
//!
//! Nothing is unpacked to disk, and no more than one buffer's worth of content is in memory unless a visitor takes it.

mod budget;
mod error;
mod path;
mod pax;
mod tar;

use std::io::{self, BufRead as _, BufReader, Read};
use std::ops::ControlFlow;

use flate2::bufread::MultiGzDecoder;

pub(crate) use budget::Budget;
use budget::Metered;
pub use error::ArchiveError;
use tar::EntryKind;

/// Sees one file of an archive: its path within the chart, its size, and its content.
pub(crate) trait Visitor {
    fn visit(&mut self, path: &str, size: u64, content: &mut dyn Read) -> Result<ControlFlow<()>, ArchiveError>;
}

/// Walks the files of a chart archive in their order, until its end or until the visitor has seen enough.
pub(crate) fn walk(input: &mut dyn Read, budget: &Budget<'_>, visitor: &mut dyn Visitor) -> Result<(), ArchiveError> {
    let mut input = BufReader::new(input);
    if input.fill_buf()?.is_empty() {
        return Err(ArchiveError::Empty);
    }
    let mut input = BufReader::new(Metered { inner: MultiGzDecoder::new(input), budget });
    let mut first_folder: Option<Vec<u8>> = None;
    while let Some(entry) = tar::next(&mut input)? {
        let mut content = Content { input: &mut input, left: entry.size };
        budget.count_entry()?;
        match entry.kind {
            EntryKind::Folder | EntryKind::Note => {}
            EntryKind::Link => return Err(ArchiveError::Link(entry.name)),
            EntryKind::Special => return Err(ArchiveError::Special(entry.name)),
            EntryKind::TwoSizes => return Err(ArchiveError::TwoSizes(entry.name)),
            EntryKind::File => {
                let (folder, path) = path::locate(&entry.name, budget.limits.path_length)?;
                let first = first_folder.get_or_insert_with(|| folder.to_vec());
                if *first != folder {
                    return Err(ArchiveError::TwoFolders { first: first.clone(), second: folder.to_vec() });
                }
                budget.count_file(&entry.name, entry.size)?;
                if visitor.visit(&path, entry.size, &mut content)?.is_break() {
                    return Ok(());
                }
            }
        }
        content.finish()?;
        tar::skip_padding(&mut input, entry.size)?;
    }
    if first_folder.is_none() { Err(ArchiveError::NoFiles) } else { Ok(()) }
}

/// The content of one entry. An archive that ends within it is truncated.
struct Content<'r> {
    input: &'r mut dyn Read,
    left: u64,
}

impl Content<'_> {
    fn finish(mut self) -> Result<(), ArchiveError> {
        io::copy(&mut self, &mut io::sink())?;
        Ok(())
    }
}

impl Read for Content<'_> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let most = usize::try_from(self.left).unwrap_or(usize::MAX).min(buffer.len());
        let count = self.input.read(&mut buffer[..most])?;
        if count == 0 && most > 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        self.left -= count as u64;
        Ok(count)
    }
}

/// Reads all of a file, without the byte order mark that Helm leaves out of every file.
pub(crate) fn read_file(size: u64, content: &mut dyn Read) -> Result<Vec<u8>, ArchiveError> {
    let mut bytes = vec![0; size as usize];
    content.read_exact(&mut bytes)?;
    if bytes.starts_with(BYTE_ORDER_MARK) {
        bytes.drain(..BYTE_ORDER_MARK.len());
    }
    Ok(bytes)
}

/// Reads a file without its byte order mark, a piece at a time.
pub(crate) fn without_mark(content: &mut dyn Read) -> Result<impl Read, ArchiveError> {
    let mut start = [0; BYTE_ORDER_MARK.len()];
    let filled = tar::fill(content, &mut start)?;
    let start = if start == BYTE_ORDER_MARK { Vec::new() } else { start[..filled].to_vec() };
    Ok(io::Cursor::new(start).chain(content))
}

const BYTE_ORDER_MARK: &[u8] = b"\xEF\xBB\xBF";
