//! Packages and provenances, made in memory: the same arguments make the same bytes.

use bytes::Bytes;
use chart::{Limits, Package, Provenance};
use flate2::Compression;
use flate2::write::GzEncoder;

/// A package of this chart and version; another note makes other bytes.
pub fn package(name: &str, version: &str, note: &str) -> Package {
    let text = format!("apiVersion: v2\nname: {name}\nversion: \"{version}\"\ndescription: \"{note}\"\n");
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let mut header = tar::Header::new_ustar();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    archive.append_data(&mut header, format!("{name}/Chart.yaml"), text.as_bytes()).unwrap();
    let bytes = archive.into_inner().unwrap().finish().unwrap();
    Package::parse(Bytes::from(bytes), &Limits::default()).unwrap()
}

/// A provenance that vouches for the package; another number makes other bytes.
pub fn provenance(package: &Package, number: u32) -> (Provenance, Bytes) {
    let (name, version, digest) = (package.name(), package.version(), package.digest());
    let file = package.file_name();
    let bytes = Bytes::from(format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\napiVersion: v2\nname: {name}\nversion: \"{version}\"\n\n\
         ...\nfiles:\n  {file}: sha256:{digest}\n-----BEGIN PGP SIGNATURE-----\n\n{number:08}\n\
         -----END PGP SIGNATURE-----\n"
    ));
    (Provenance::parse(&bytes).unwrap(), bytes)
}
