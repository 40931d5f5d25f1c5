//! Values of the state as rows of the tables, and back.

use std::sync::Arc;

use chart::oci::{ContentDigest, RegistryName};
use chart::{ChartName, ChartVersion, Digest};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use storage::Key;

use super::packed::Fields;
use super::{DatabaseError, unreadable};
use crate::change::{StoredFile, StoredObject};
use crate::{FileFacts, Made, MadeManifest, PushedManifest, RepositoryPath, State, Trashed, Version};

pub(super) fn repository<'a>(path: &'a RepositoryPath, changed: &'a Timestamp) -> impl Serialize + use<'a> {
    (path, changed)
}

pub(super) fn version<'a>(repository: &'a RepositoryPath, version: &'a Version) -> impl Serialize + use<'a> {
    let Version { name, version, file, package, created, metadata, replaced, made } = version;
    let package = (package.key.as_str(), package.digest, package.size);
    let current = made.current.as_ref();
    let manifest = current.map(|current| (current.digest, current.size)).unzip();
    let has_more = made.earlier.is_some() || current.is_some_and(|current| current.provenance.is_some());
    let more = has_more.then(|| json(made));
    (repository, name, version, file, package, created, metadata, replaced, made.config, manifest, more)
}

pub(super) fn file<'a>(repository: &'a RepositoryPath, file: &'a str, facts: &FileFacts) -> impl Serialize + use<'a> {
    (repository, file, json(facts))
}

pub(super) fn trashed<'a>(repository: &'a RepositoryPath, trashed: &'a Trashed) -> impl Serialize + use<'a> {
    (repository, &trashed.version.file, trashed.removed_at, json(trashed))
}

pub(super) fn object<'a>(state: &'a State, key: &'a Key) -> impl Serialize + use<'a> {
    (key.as_str(), state.unreferenced.get(key), state.discarded.get(key))
}

pub(super) fn content<'a>(digest: &'a ContentDigest, object: &'a StoredObject) -> impl Serialize + use<'a> {
    (digest, object.key.as_str(), object.size)
}

pub(super) fn manifest<'a>(
    name: &'a RegistryName,
    digest: &'a ContentDigest,
    manifest: &PushedManifest,
) -> impl Serialize + use<'a> {
    (name, digest, json(manifest))
}

/// A row, or a value that is stored in one as it is here, byte by byte.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("rows and values of the state have text keys only, so they have a JSON form")
}

/// A row of `READ_VERSIONS`. Neighbours mostly share repository and chart: then they share the texts too.
pub(super) fn read_version(
    fields: &mut Fields<'_>,
    before: Option<&InRepository>,
) -> Result<InRepository, DatabaseError> {
    let path = read_path(fields.text()?, before.map(|(path, _)| path))?;
    let name = fields.text()?;
    let name = match before.filter(|(_, before)| before.name.as_str() == name) {
        Some((_, before)) => before.name.clone(),
        None => ChartName::parse(name).map_err(unreadable)?,
    };
    let version = ChartVersion::parse(fields.text()?).map_err(unreadable)?;
    let file = fields.text()?.into();
    let key = Key::new(fields.text()?).map_err(unreadable)?;
    let digest = fields.bytes()?.and_then(|bytes| bytes.try_into().ok());
    let digest = Digest::from_bytes(digest.ok_or_else(|| unreadable("a digest has not 32 bytes"))?);
    let package = StoredFile { key, digest, size: fields.parsed()? };
    let (created, metadata) = (fields.parsed()?, fields.text()?.into());
    let replaced = fields.parsed::<u8>()? != 0;
    let made = read_made(fields)?;
    Ok((path, Arc::new(Version { name, version, file, package, created, metadata, replaced, made })))
}

fn read_made(fields: &mut Fields<'_>) -> Result<Made, DatabaseError> {
    let config = fields.bytes()?.and_then(|bytes| bytes.try_into().ok());
    let config = Digest::from_bytes(config.ok_or_else(|| unreadable("a digest has not 32 bytes"))?);
    let digest = fields.bytes()?.and_then(|bytes| bytes.try_into().ok()).map(Digest::from_bytes);
    let size = fields.bytes()?.and_then(|size| std::str::from_utf8(size).ok()?.parse().ok());
    match fields.bytes()? {
        Some(more) => serde_json::from_slice(more).map_err(unreadable),
        None => {
            let current = digest.zip(size).map(|(digest, size)| MadeManifest { digest, size, provenance: None });
            Ok(Made { config, current, earlier: None })
        }
    }
}

/// A version and where it is.
pub(super) type InRepository = (RepositoryPath, Arc<Version>);

/// A row of `READ_FILES`.
pub(super) fn read_file(fields: &mut Fields<'_>, before: Option<&KnownFile>) -> Result<KnownFile, DatabaseError> {
    let path = read_path(fields.text()?, before.map(|(path, _, _)| path))?;
    Ok((path, fields.text()?.into(), Arc::new(read_body(fields.text()?)?)))
}

/// A file name, where it is, and what is known of it.
pub(super) type KnownFile = (RepositoryPath, Arc<str>, Arc<FileFacts>);

/// The path before, if it is the same.
pub(super) fn read_path(text: &str, before: Option<&RepositoryPath>) -> Result<RepositoryPath, DatabaseError> {
    match before.filter(|before| before.as_str() == text) {
        Some(before) => Ok(before.clone()),
        None => RepositoryPath::parse(text).map_err(unreadable),
    }
}

pub(super) fn read_time(text: &str) -> Result<Timestamp, DatabaseError> {
    text.parse().map_err(unreadable)
}

pub(super) fn read_body<T: DeserializeOwned>(text: &str) -> Result<T, DatabaseError> {
    serde_json::from_str(text).map_err(unreadable)
}
