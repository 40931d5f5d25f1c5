//! Making a package of a chart's folder: the same bytes on every machine and at any time.

use std::collections::BTreeMap;

use bytes::Bytes;
use jiff::Timestamp;
use tar::{EntryType, Header};

use super::ignore::Ignore;
use super::{Package, PackageError};
use crate::Limits;

/// A chart as its folder holds it, without what `.helmignore` leaves out.
#[derive(Debug, Clone, Default)]
pub struct Folder {
    files: BTreeMap<String, Vec<u8>>,
}

/// Why a folder makes no package.
#[derive(Debug, thiserror::Error)]
pub enum FolderError {
    /// A line of `.helmignore` that is not understood.
    #[error(".helmignore: {0:?} is not understood: patterns have * and ?, a slash behind folders, and no !")]
    Ignore(String),
    /// A file that no archive of ours can hold.
    #[error("{path}: {reason}")]
    File {
        /// Its path below the folder.
        path: String,
        /// Why.
        reason: String,
    },
    /// What was made is no package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// `Chart.yaml` names another chart than the folder.
    #[error("the folder {folder} holds the chart {chart}")]
    Name {
        /// The folder's name.
        folder: String,
        /// The name in `Chart.yaml`.
        chart: String,
    },
}

const CHART_YAML: &str = "Chart.yaml";
const IGNORE: &str = ".helmignore";
/// The mode of every file: a package's files are read, and none is run.
const MODE: u32 = 0o644;
/// An archive ends with so many zeros: two blocks.
const END: usize = 1024;
/// How hard to compress: a program carries these packages for years.
const LEVEL: u8 = 9;

impl Folder {
    /// Takes files by their paths below the folder, with slashes between segments, in any order.
    ///
    /// # Errors
    /// If `.helmignore` is not understood.
    pub fn new(files: impl IntoIterator<Item = (String, Vec<u8>)>) -> Result<Self, FolderError> {
        let mut files: BTreeMap<String, Vec<u8>> = files.into_iter().collect();
        let text = files.get(IGNORE).map(|text| String::from_utf8_lossy(text).into_owned()).unwrap_or_default();
        let ignore = Ignore::read(&text)?;
        files.retain(|path, _| !ignore.leaves_out(path));
        Ok(Self { files })
    }

    /// Puts another chart below `charts/`, in place of whatever lay there under its name.
    pub fn depend_on(&mut self, name: &str, dependency: &Self) {
        let folder = format!("charts/{name}/");
        self.files.retain(|path, _| !path.starts_with(&folder));
        self.files.extend(dependency.files.iter().map(|(path, bytes)| (format!("{folder}{path}"), bytes.clone())));
    }

    /// The file at this path.
    pub fn file(&self, path: &str) -> Option<&[u8]> {
        self.files.get(path).map(Vec::as_slice)
    }

    /// The package of the chart with this name, every file of it dated `at` (whole seconds; before 1970 is 1970).
    ///
    /// `Chart.yaml` comes first, for those who read no further, and the others in byte order of their paths. Owners are
    /// nobody's, modes are one, the gzip header says nothing, and the compressor is one that has no faster way on one
    /// processor than on another: so the bytes follow from the files and the time alone.
    ///
    /// # Errors
    /// If a path is too long for an archive, or what was made is not what Helm takes as the chart of this name.
    pub fn package(&self, name: &str, at: Timestamp) -> Result<Package, FolderError> {
        let time = u64::try_from(at.as_second()).unwrap_or(0);
        let mut archive = Vec::new();
        let first = self.files.get_key_value(CHART_YAML);
        let others = self.files.iter().filter(|(path, _)| *path != CHART_YAML);
        for (path, bytes) in first.into_iter().chain(others) {
            append(&mut archive, &format!("{name}/{path}"), bytes, time)
                .map_err(|reason| FolderError::File { path: path.clone(), reason })?;
        }
        archive.resize(archive.len() + END, 0);
        let package = Package::parse(gzip(&archive), &Limits::default())?;
        match package.name().as_str() == name {
            true => Ok(package),
            false => Err(FolderError::Name { folder: name.to_owned(), chart: package.name().to_string() }),
        }
    }
}

fn append(archive: &mut Vec<u8>, path: &str, bytes: &[u8], time: u64) -> Result<(), String> {
    let mut header = Header::new_ustar();
    header.set_path(path).map_err(|error| error.to_string())?;
    header.set_entry_type(EntryType::Regular);
    header.set_mode(MODE);
    header.set_uid(0);
    header.set_gid(0);
    header.set_mtime(time);
    header.set_size(bytes.len() as u64);
    header.set_cksum();
    archive.extend_from_slice(header.as_bytes());
    archive.extend_from_slice(bytes);
    let block = header.as_bytes().len();
    archive.resize(archive.len().next_multiple_of(block), 0);
    Ok(())
}

/// One gzip member (RFC 1952) without a time, a name or a system.
fn gzip(archive: &[u8]) -> Bytes {
    const HEADER: [u8; 10] = [0x1F, 0x8B, 8, 0, 0, 0, 0, 0, 2, 0xFF];
    let mut member = HEADER.to_vec();
    member.extend(miniz_oxide::deflate::compress_to_vec(archive, LEVEL));
    member.extend(crc32fast::hash(archive).to_le_bytes());
    member.extend((archive.len() as u32).to_le_bytes()); // modulo 2^32, as the format has it
    member.into()
}
