//! Packages: never a panic, and what was parsed once can be read again.

#![no_main]

use std::io::Write as _;

use chart::{Limits, Package};
use flate2::Compression;
use flate2::write::GzEncoder;
use libfuzzer_sys::fuzz_target;
use tar::{EntryType, Header};

// The first byte says whether the rest is a package, the tar within one, or what a tar is made of: few mutations get
// through a checksum.
fuzz_target!(|bytes: &[u8]| {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let package = match first % 3 {
        0 => bytes.to_vec(),
        1 => gzip(bytes),
        _ => gzip(&tar(bytes)),
    };
    let limits = Limits::default();
    if let Ok(package) = Package::parse(package.into(), &limits) {
        let bytes = package.bytes();
        Package::values(bytes, &limits).expect("what was parsed can be read again");
        Package::templates(bytes, &limits).expect("what was parsed can be read again");
        let again = Package::parse(bytes.clone(), &limits).expect("what was parsed can be parsed again");
        assert_eq!(again.metadata_json(), package.metadata_json());
    }
});

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
    encoder.write_all(bytes).expect("writing to memory does not fail");
    encoder.finish().expect("writing to memory does not fail")
}

/// Entries separated by U+001E, each a name, a type and a content separated by U+001F.
fn tar(bytes: &[u8]) -> Vec<u8> {
    let mut tar = Vec::new();
    for entry in bytes.split(|byte| *byte == 0x1E) {
        let mut parts = entry.splitn(3, |byte| *byte == 0x1F);
        let (Some(name), Some([kind, ..]), Some(content)) = (parts.next(), parts.next(), parts.next()) else {
            continue;
        };
        let mut header = Header::new_ustar();
        let length = name.len().min(100);
        header.as_old_mut().name[..length].copy_from_slice(&name[..length]);
        header.set_entry_type(EntryType::new(*kind));
        header.set_mode(0o644);
        header.set_size(content.len() as u64);
        header.set_cksum();
        tar.extend(header.as_bytes());
        tar.extend(content);
        tar.resize(tar.len().next_multiple_of(512), 0);
    }
    tar
}
