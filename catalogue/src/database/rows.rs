//! Values of the state as rows of the tables, and back.

use std::sync::Arc;

use chart::{ChartName, ChartVersion, Digest};
use jiff::Timestamp;
use serde::Serialize;
use serde::de::DeserializeOwned;
use sqlx::Row;
use sqlx::sqlite::SqliteRow;
use storage::Key;

use super::DatabaseError;
use crate::change::StoredFile;
use crate::{FileFacts, RepositoryPath, State, Trashed, Version};

pub(super) fn repository<'a>(path: &'a RepositoryPath, changed: &'a Timestamp) -> impl Serialize + use<'a> {
    (path, changed)
}

pub(super) fn version<'a>(repository: &'a RepositoryPath, version: &'a Version) -> impl Serialize + use<'a> {
    let Version { name, version, file, package, created, metadata, replaced } = version;
    (repository, name, version, file, package.key.as_str(), package.digest, package.size, created, metadata, replaced)
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

/// A row, or a value that is stored in one as it is here, byte by byte.
pub(super) fn json(value: &impl Serialize) -> String {
    serde_json::to_string(value).expect("rows and values of the state have text keys only, so they have a JSON form")
}

/// A row of `READ_VERSIONS`. Neighbours mostly share repository and chart: then they share the texts too.
pub(super) fn read_version(
    row: &SqliteRow,
    before: Option<&(RepositoryPath, Arc<Version>)>,
) -> Result<(RepositoryPath, Arc<Version>), DatabaseError> {
    let (path, name): (&str, &str) = (row.try_get(0)?, row.try_get(1)?);
    let path = match before.filter(|before| before.0.as_str() == path) {
        Some(before) => before.0.clone(),
        None => read_path(path)?,
    };
    let name = match before.filter(|before| before.1.name.as_str() == name) {
        Some(before) => before.1.name.clone(),
        None => ChartName::parse(name).map_err(unreadable)?,
    };
    let package = StoredFile {
        key: Key::new(row.try_get::<&str, _>(4)?).map_err(unreadable)?,
        digest: Digest::from_bytes(row.try_get::<&[u8], _>(5)?.try_into().map_err(unreadable)?),
        size: row.try_get::<i64, _>(6)?.try_into().map_err(unreadable)?,
    };
    let version = Version {
        name,
        version: ChartVersion::parse(row.try_get(2)?).map_err(unreadable)?,
        file: row.try_get::<&str, _>(3)?.into(),
        package,
        created: read_time(row.try_get(7)?)?,
        metadata: row.try_get::<&str, _>(8)?.into(),
        replaced: row.try_get(9)?,
    };
    Ok((path, Arc::new(version)))
}

pub(super) fn read_path(text: &str) -> Result<RepositoryPath, DatabaseError> {
    RepositoryPath::parse(text).map_err(unreadable)
}

pub(super) fn read_time(text: &str) -> Result<Timestamp, DatabaseError> {
    text.parse().map_err(unreadable)
}

pub(super) fn read_body<T: DeserializeOwned>(text: &str) -> Result<T, DatabaseError> {
    serde_json::from_str(text).map_err(unreadable)
}

pub(super) fn unreadable(reason: impl std::fmt::Display) -> DatabaseError {
    DatabaseError::Unreadable { reason: reason.to_string() }
}
