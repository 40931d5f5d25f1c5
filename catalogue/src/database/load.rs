//! Reads the whole file at a start, the large tables side by side, the versions in two halves.

use std::collections::BTreeMap;
use std::ops::Range;
use std::sync::Arc;

use chart::ChartName;
use chart::index::Page;
use chart::oci::{ContentDigest, RegistryName, Tag};
use futures_util::TryStreamExt;
use sqlx::sqlite::{SqliteConnection, SqliteRow};
use sqlx::{Connection as _, Row};
use storage::Key;
use tokio::task::JoinHandle;

use super::connection::{Connection, Place};
use super::packed::{self, Fields};
use super::rows::{InRepository, KnownFile, read_body, read_file, read_path, read_time, read_version};
use super::{DatabaseError, Loaded, Recorded, statements, unreadable};
use crate::change::StoredObject;
use crate::view::{RegionKey, StoredRegions};
use crate::{Chart, Registry, Repository, RepositoryPath, State, Trashed, Version};

type Repositories = BTreeMap<RepositoryPath, Repository>;

pub(super) async fn load(
    place: &Place,
    connection: &mut Connection,
    fingerprint: &str,
) -> Result<Option<Loaded>, DatabaseError> {
    let sqlite = &mut connection.sqlite;
    let Some((mut state, rendered)) = read_meta(sqlite).await? else { return Ok(None) };
    let same = rendered == fingerprint;
    if !same {
        // the next update would mix pages of both kinds
        sqlx::query(statements::FORGET_FINGERPRINT).execute(&mut *sqlite).await?;
        sqlx::query(statements::CLEAR_PAGES).execute(&mut *sqlite).await?;
    }
    let last: i64 = sqlx::query_scalar(statements::LAST_VERSION_ROW).fetch_one(&mut *sqlite).await?;
    let older = beside(place, statements::READ_VERSIONS, 0..last / 2, read_version).await?;
    let newer = beside(place, statements::READ_VERSIONS, last / 2..last, read_version).await?;
    let last: i64 = sqlx::query_scalar(statements::LAST_FILE_ROW).fetch_one(&mut *sqlite).await?;
    let files = beside(place, statements::READ_FILES, 0..last, read_file).await?;
    let regions = if same { Some(read_pages(sqlite).await?) } else { None };
    read_objects(sqlite, &mut state).await?;
    read_registry(sqlite, &mut state.registry).await?;
    let mut repositories = read_repositories(sqlite).await?;
    read_trash(sqlite, &mut repositories).await?;
    add_files(&mut repositories, joined(files).await?)?;
    add_versions(&mut repositories, joined(older).await?, joined(newer).await?)?;
    repositories.into_values().for_each(|repository| state.add_repository(Arc::new(repository)));
    Ok(Some(Loaded { state, regions }))
}

/// What the file was last brought up to. Reads beside a process that has it open.
pub(super) async fn recorded(place: &Place) -> Result<Option<Recorded>, DatabaseError> {
    let mut sqlite = place.reader().await?;
    let meta = read_meta(&mut sqlite).await;
    sqlite.close().await?;
    let recorded =
        |(state, _): (State, String)| Recorded { storage: state.storage, sequence: state.sequence, entry: state.entry };
    Ok(meta?.map(recorded))
}

/// Reads packed rows on another connection and another task.
async fn beside<T: Send + Sync + 'static>(
    place: &Place,
    statement: &'static str,
    rows: Range<i64>,
    take: impl Fn(&mut Fields<'_>, Option<&T>) -> Result<T, DatabaseError> + Send + Sync + 'static,
) -> Result<JoinHandle<Result<Vec<T>, DatabaseError>>, DatabaseError> {
    let mut sqlite = place.reader().await?;
    Ok(tokio::spawn(async move {
        let values = packed::read(&mut sqlite, statement, rows, take).await?;
        sqlite.close().await?;
        Ok(values)
    }))
}

async fn joined<T>(task: JoinHandle<Result<T, DatabaseError>>) -> Result<T, DatabaseError> {
    task.await.map_err(unreadable)?
}

/// The state without what it holds, and the fingerprint of the pages.
async fn read_meta(sqlite: &mut SqliteConnection) -> Result<Option<(State, String)>, DatabaseError> {
    let Some(row) = sqlx::query(statements::READ_META).fetch_optional(sqlite).await? else { return Ok(None) };
    let mut state = State::empty(row.try_get::<&str, _>(0)?.parse().map_err(unreadable)?);
    state.sequence = row.try_get::<i64, _>(1)?.try_into().map_err(unreadable)?;
    state.entry = row.try_get::<&str, _>(2)?.parse().map_err(unreadable)?;
    state.at = read_time(row.try_get(3)?)?;
    state.level = row.try_get(4)?;
    state.adopted = row.try_get(5)?;
    Ok(Some((state, row.try_get(6)?)))
}

async fn read_pages(sqlite: &mut SqliteConnection) -> Result<StoredRegions, DatabaseError> {
    let mut regions = StoredRegions::new();
    let mut rows = sqlx::query(statements::READ_PAGES).fetch(sqlite);
    while let Some(row) = rows.try_next().await? {
        let region = RegionKey(row.try_get::<&str, _>(1)?.into());
        let page = Page::from_stored(row.try_get::<Vec<u8>, _>(2)?.into());
        let page = page.ok_or_else(|| unreadable("a rendered page is damaged"))?;
        regions.entry((read_path(row.try_get(0)?, None)?, region)).or_default().push(page);
    }
    Ok(regions)
}

async fn read_objects(sqlite: &mut SqliteConnection, state: &mut State) -> Result<(), DatabaseError> {
    let mut rows = sqlx::query(statements::READ_OBJECTS).fetch(sqlite);
    while let Some(row) = rows.try_next().await? {
        let key = Key::new(row.try_get::<&str, _>(0)?).map_err(unreadable)?;
        for (column, objects) in [(1, &mut state.unreferenced), (2, &mut state.discarded)] {
            if let Some(since) = row.try_get::<Option<&str>, _>(column)? {
                objects.insert(key.clone(), read_time(since)?);
            }
        }
    }
    Ok(())
}

async fn read_registry(sqlite: &mut SqliteConnection, registry: &mut Registry) -> Result<(), DatabaseError> {
    let broken = || unreadable("it lacks content of the registry");
    let mut rows = sqlx::query(statements::READ_CONTENTS).fetch(&mut *sqlite);
    while let Some(row) = rows.try_next().await? {
        let key = Key::new(row.try_get::<&str, _>(1)?).map_err(unreadable)?;
        let size = row.try_get::<i64, _>(2)?.try_into().map_err(unreadable)?;
        registry.load_content(row.try_get::<&str, _>(0)?.parse().map_err(unreadable)?, StoredObject { key, size });
    }
    drop(rows);
    let mut rows = sqlx::query(statements::READ_BLOBS).fetch(&mut *sqlite);
    while let Some(row) = rows.try_next().await? {
        let (name, digest) = read_content(&row)?;
        registry.load_blob(name, digest, read_time(row.try_get(2)?)?).then_some(()).ok_or_else(broken)?;
    }
    drop(rows);
    let mut rows = sqlx::query(statements::READ_MANIFESTS).fetch(&mut *sqlite);
    while let Some(row) = rows.try_next().await? {
        let (name, digest) = read_content(&row)?;
        let manifest = Arc::new(read_body(row.try_get(2)?)?);
        registry.load_manifest(&name, digest, manifest).then_some(()).ok_or_else(broken)?;
    }
    drop(rows);
    let mut rows = sqlx::query(statements::READ_TAGS).fetch(sqlite);
    while let Some(row) = rows.try_next().await? {
        let name: RegistryName = row.try_get::<&str, _>(0)?.parse().map_err(unreadable)?;
        let tag: Tag = row.try_get::<&str, _>(1)?.parse().map_err(unreadable)?;
        registry.set_tag(&name, &tag, row.try_get::<&str, _>(2)?.parse().map_err(unreadable)?);
    }
    Ok(())
}

/// A name and a digest.
fn read_content(row: &SqliteRow) -> Result<(RegistryName, ContentDigest), DatabaseError> {
    let name = row.try_get::<&str, _>(0)?.parse().map_err(unreadable)?;
    Ok((name, row.try_get::<&str, _>(1)?.parse().map_err(unreadable)?))
}

async fn read_repositories(sqlite: &mut SqliteConnection) -> Result<Repositories, DatabaseError> {
    let mut repositories = Repositories::new();
    let mut rows = sqlx::query(statements::READ_REPOSITORIES).fetch(sqlite);
    while let Some(row) = rows.try_next().await? {
        let path = read_path(row.try_get(0)?, None)?;
        repositories.insert(path.clone(), Repository::empty(path, read_time(row.try_get(1)?)?));
    }
    Ok(repositories)
}

async fn read_trash(sqlite: &mut SqliteConnection, repositories: &mut Repositories) -> Result<(), DatabaseError> {
    let mut rows = sqlx::query(statements::READ_TRASH).fetch(sqlite);
    while let Some(row) = rows.try_next().await? {
        let trashed: Trashed = read_body(row.try_get(1)?)?;
        let key = (trashed.version.file.clone(), trashed.removed_at);
        of(repositories, &read_path(row.try_get(0)?, None)?)?.trash.insert(key, Arc::new(trashed));
    }
    Ok(())
}

fn add_versions(
    repositories: &mut Repositories,
    older: Vec<InRepository>,
    newer: Vec<InRepository>,
) -> Result<(), DatabaseError> {
    let mut charts: BTreeMap<(RepositoryPath, ChartName), Vec<Arc<Version>>> = BTreeMap::new();
    let mut versions = older.into_iter().chain(newer).peekable();
    while let Some((path, version)) = versions.next() {
        let chart = charts.entry((path.clone(), version.name.clone())).or_default();
        chart.push(version);
        while let Some((_, next)) = versions.next_if(|next| next.0 == path && next.1.name == chart[0].name) {
            chart.push(next);
        }
    }
    for ((path, name), versions) in charts {
        let Repository { charts, files, .. } = of(repositories, &path)?;
        charts.insert(name, Arc::new(Chart::of(versions, |version| files.get(&version.file))));
    }
    Ok(())
}

fn add_files(repositories: &mut Repositories, files: Vec<KnownFile>) -> Result<(), DatabaseError> {
    for run in files.chunk_by(|one, other| one.0 == other.0) {
        let files = &mut of(repositories, &run[0].0)?.files;
        files.extend(run.iter().map(|(_, file, facts)| (file.clone(), facts.clone())));
    }
    Ok(())
}

fn of<'a>(repositories: &'a mut Repositories, path: &RepositoryPath) -> Result<&'a mut Repository, DatabaseError> {
    repositories.get_mut(path).ok_or_else(|| unreadable(format!("it lacks the repository {path:?}")))
}
