//! The entries of a tar stream, read as Go reads them: one header at a time, whatever comes before the first error.

use std::io::Read;

use tar::{EntryType, Header};

use super::ArchiveError;
use super::pax::{self, Records};

const BLOCK: usize = 512;

/// Names and attributes of one file. Go's limit.
const EXTENSION_SIZE: u64 = 1024 * 1024;

/// What a header announces. The next `size` bytes are the content.
#[derive(Debug)]
pub(super) struct Entry {
    pub name: Vec<u8>,
    pub kind: EntryKind,
    pub size: u64,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum EntryKind {
    File,
    Folder,
    /// Speaks of the archive as a whole.
    Note,
    Link,
    Special,
    /// A file whose extended header tells another size.
    TwoSizes,
}

/// Reads the next header, and the extended headers before it. None at the end.
pub(super) fn next(input: &mut dyn Read) -> Result<Option<Entry>, ArchiveError> {
    let mut extended = Records::default();
    let mut long_name = None;
    loop {
        let Some(header) = header(input)? else { return Ok(None) };
        let mut size = number(&header.as_old().size).ok_or(ArchiveError::NotTar)?;
        match header.entry_type() {
            EntryType::XHeader => {
                extended = pax::read(&extension(input, size)?)?;
            }
            EntryType::GNULongName => {
                let mut name = extension(input, size)?;
                name.truncate(name.iter().position(|byte| *byte == 0).unwrap_or(name.len()));
                long_name = Some(name).filter(|name| !name.is_empty());
            }
            EntryType::GNULongLink => drop(extension(input, size)?),
            EntryType::XGlobalHeader => {
                pax::read(&extension(input, size)?)?;
                return Ok(Some(Entry { name: Vec::new(), kind: EntryKind::Note, size: 0 }));
            }
            kind => {
                let name = long_name.or(extended.path).unwrap_or_else(|| header.path_bytes().into_owned());
                let mut kind = classify(kind, &header, &name)?;
                if extended.sparse {
                    kind = EntryKind::Special;
                } else if kind == EntryKind::File && extended.size.is_some_and(|extended| extended != size) {
                    kind = EntryKind::TwoSizes;
                }
                if header.entry_type().is_dir() {
                    size = 0;
                }
                return Ok(Some(Entry { name, kind, size }));
            }
        }
    }
}

fn classify(kind: EntryType, header: &Header, name: &[u8]) -> Result<EntryKind, ArchiveError> {
    /// The bits of a mode that tell the type of a file, and those of a folder.
    const TYPE: u64 = 0o170_000;
    const FOLDER: u64 = 0o040_000;
    let mode = number(&header.as_old().mode).ok_or(ArchiveError::NotTar)?;
    Ok(match kind {
        EntryType::Directory => EntryKind::Folder,
        EntryType::Link | EntryType::Symlink => EntryKind::Link,
        EntryType::Regular | EntryType::Continuous if mode & TYPE == FOLDER => EntryKind::Folder,
        // old archives know a folder only by its name
        EntryType::Regular if header.as_old().linkflag == [0] && name.ends_with(b"/") => EntryKind::Folder,
        EntryType::Regular | EntryType::Continuous => EntryKind::File,
        _ => EntryKind::Special,
    })
}

/// The next header. Two blocks of zeros, or nothing, end an archive.
fn header(input: &mut dyn Read) -> Result<Option<Header>, ArchiveError> {
    let Some(block) = block(input)? else { return Ok(None) };
    if block == [0; BLOCK] {
        return match self::block(input)? {
            None => Ok(None),
            Some(second) if second == [0; BLOCK] => Ok(None),
            Some(_) => Err(ArchiveError::NotTar),
        };
    }
    let header = Header::from_byte_slice(&block).clone();
    let expected = number(&header.as_old().cksum).ok_or(ArchiveError::NotTar)?;
    // some old writers added up signed bytes
    let sum = |value: fn(u8) -> i64| -> i64 {
        block.iter().enumerate().map(|(at, byte)| if (148..156).contains(&at) { 32 } else { value(*byte) }).sum()
    };
    let sums = [sum(i64::from), sum(|byte| i64::from(byte as i8))];
    if sums.iter().any(|sum| u64::try_from(*sum) == Ok(expected)) {
        Ok(Some(header))
    } else {
        Err(ArchiveError::NotTar)
    }
}

/// A number in octal digits, or in binary if the first bit says so. None is 0.
fn number(field: &[u8]) -> Option<u64> {
    if let [first, rest @ ..] = field
        && first & 0x80 != 0
    {
        // the second bit is the sign
        let high = (first & 0x40 == 0).then_some(u64::from(first & 0x3F))?;
        return rest.iter().try_fold(high, |number, byte| number.checked_mul(256)?.checked_add(u64::from(*byte)));
    }
    let digits = std::str::from_utf8(field).ok()?.trim_matches([' ', '\0']);
    let digits = digits.split('\0').next().unwrap_or_default();
    if digits.is_empty() { Some(0) } else { u64::from_str_radix(digits, 8).ok() }
}

fn block(input: &mut dyn Read) -> Result<Option<[u8; BLOCK]>, ArchiveError> {
    let mut block = [0; BLOCK];
    match fill(input, &mut block)? {
        0 => Ok(None),
        BLOCK => Ok(Some(block)),
        _ => Err(ArchiveError::Truncated),
    }
}

/// Reads as much as there is room for or left.
pub(super) fn fill(input: &mut dyn Read, buffer: &mut [u8]) -> Result<usize, ArchiveError> {
    let mut filled = 0;
    while filled < buffer.len() {
        match input.read(&mut buffer[filled..])? {
            0 => break,
            count => filled += count,
        }
    }
    Ok(filled)
}

/// The content of an extended header.
fn extension(input: &mut dyn Read, size: u64) -> Result<Vec<u8>, ArchiveError> {
    if size > EXTENSION_SIZE {
        return Err(ArchiveError::NotTar);
    }
    let mut content = vec![0; size as usize];
    if fill(input, &mut content)? < content.len() {
        return Err(ArchiveError::Truncated);
    }
    skip_padding(input, size)?;
    Ok(content)
}

/// Passes what fills up the last block of a content. An archive may end there.
pub(super) fn skip_padding(input: &mut dyn Read, size: u64) -> Result<(), ArchiveError> {
    let padding = (size as usize).wrapping_neg() % BLOCK;
    fill(input, &mut [0; BLOCK][..padding]).map(drop)
}
