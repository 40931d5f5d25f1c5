//! Archives built in memory, honest and otherwise.

#![allow(dead_code, reason = "not every test binary builds every archive")]

use std::io::Write as _;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use tar::{EntryType, Header};

pub const CHART_YAML: &str = "apiVersion: v2\nname: c\nversion: 1.0.0\n";

/// A tar archive in the making.
#[derive(Clone, Default)]
pub struct Archive(Vec<u8>);

impl Archive {
    /// With nothing but a `Chart.yaml` below `c/`.
    pub fn chart() -> Self {
        Self::default().file("c/Chart.yaml", CHART_YAML)
    }

    pub fn file(self, path: &str, content: impl AsRef<[u8]>) -> Self {
        if path.len() > 100 {
            let named = self.entry(EntryType::GNULongName, b"././@LongLink", path.as_bytes(), |_| {});
            return named.entry(EntryType::Regular, b"x", content.as_ref(), |_| {});
        }
        self.entry(EntryType::Regular, path.as_bytes(), content.as_ref(), |_| {})
    }

    /// An entry of any kind whose header is changed before its checksum is made. Paths are taken as they are.
    pub fn entry(mut self, kind: EntryType, path: &[u8], content: &[u8], change: impl FnOnce(&mut Header)) -> Self {
        let mut header = Header::new_ustar();
        header.as_old_mut().name[..path.len()].copy_from_slice(path);
        header.set_entry_type(kind);
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_mtime(0);
        header.set_uid(0);
        header.set_gid(0);
        change(&mut header);
        header.set_cksum();
        self.0.extend(header.as_bytes());
        self.content(content)
    }

    /// Content without a header before it.
    pub fn content(mut self, content: &[u8]) -> Self {
        self.0.extend(content);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    /// A PAX header for the next file.
    pub fn pax(self, records: &[(&str, &[u8])]) -> Self {
        let mut content = Vec::new();
        for (key, value) in records {
            let rest = key.len() + value.len() + 3;
            let length = (rest + 1..).find(|length| length.to_string().len() + rest == *length).unwrap_or_default();
            content.extend(format!("{length} {key}=").bytes());
            content.extend(*value);
            content.push(b'\n');
        }
        self.entry(EntryType::XHeader, b"PaxHeaders/x", &content, |_| {})
    }

    /// The tar as it is.
    pub fn tar(&self) -> Vec<u8> {
        let mut tar = self.0.clone();
        tar.resize(tar.len() + 1024, 0);
        tar
    }

    pub fn pack(&self) -> Bytes {
        gzip(&self.tar())
    }
}

pub fn gzip(content: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::best());
    encoder.write_all(content).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail").into()
}
