//! Opening a storage: whose it is, and the newest state that can be had without reading the whole journal.

use std::sync::Arc;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use serde::{Deserialize, Serialize};
use storage::{Listed, ObjectStore, StorageError};
use uuid::Uuid;

use crate::blocking::blocking;
use crate::database::{Database, DatabaseError};
use crate::outcome::OpenError;
use crate::snapshot::SnapshotError;
use crate::state::ApplyError;
use crate::view::StoredRegions;
use crate::{IndexOptions, Options, State, backup, journal, layout, snapshot};

/// The format of everything below `.chandlery/`.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct FormatFile {
    format: u32,
    id: Uuid,
}

/// A state to begin with.
pub(crate) struct Start {
    pub state: State,
    pub regions: StoredRegions,
    pub database: Option<Database>,
    /// The database holds this state and these regions already.
    pub recorded: bool,
}

/// The storage's id; a storage without one gets one.
pub async fn storage_id(store: &dyn ObjectStore) -> Result<Uuid, OpenError> {
    backup::refuse_unfinished(store).await?;
    let key = layout::format();
    loop {
        if let Some(id) = known_storage_id(store).await? {
            return Ok(id);
        }
        if journal::read(store, 1).await?.is_some() {
            return Err(OpenError::Format(format!(
                "{key} is gone but the journal is there: put the file back from a backup of this storage"
            )));
        }
        let id = Uuid::new_v4();
        match store.create(&key, format_file(id)?).await {
            Ok(()) => return Ok(id),
            // another replica was faster
            Err(StorageError::AlreadyExists(_)) => {}
            Err(error) => return Err(error.into()),
        }
    }
}

/// The storage's id, if it has one.
pub(crate) async fn known_storage_id(store: &dyn ObjectStore) -> Result<Option<Uuid>, OpenError> {
    match store.get(&layout::format(), None).await {
        Ok(object) => read_format(&object.bytes).map(Some),
        Err(StorageError::NotFound(_)) => Ok(None),
        Err(error) => Err(error.into()),
    }
}

/// What makes a folder a storage with this id.
pub(crate) fn format_file(id: Uuid) -> Result<Bytes, OpenError> {
    let file = FormatFile { format: FORMAT, id };
    serde_json::to_vec(&file).map(Bytes::from).map_err(|error| OpenError::Format(error.to_string()))
}

fn read_format(bytes: &[u8]) -> Result<Uuid, OpenError> {
    let key = layout::format();
    let file: FormatFile =
        serde_json::from_slice(bytes).map_err(|error| OpenError::Format(format!("{key} cannot be read: {error}")))?;
    if file.format == FORMAT {
        Ok(file.id)
    } else {
        Err(OpenError::Format(format!("the storage has format {}, this program knows {FORMAT}", file.format)))
    }
}

/// The state of the database if it belongs to this journal, else of the newest snapshot, else nothing yet.
pub(crate) async fn start(store: &Arc<dyn ObjectStore>, options: &Options) -> Result<Start, OpenError> {
    let id = storage_id(&**store).await?;
    let mut database = None;
    if let Some(folder) = &options.database {
        match Database::open(folder, id).await {
            Ok(opened) => {
                match opened.load(&fingerprint(&options.index)).await {
                    // left by a newer program, which has gone since
                    Ok(Some(loaded)) if loaded.state.level > options.level => {
                        tracing::warn!(
                            level = loaded.state.level,
                            "the catalogue is of a level that is not known: it is rebuilt"
                        );
                    }
                    Ok(Some(loaded)) if belongs(&**store, &loaded.state).await? => {
                        let recorded = loaded.regions.is_some();
                        let regions = loaded.regions.unwrap_or_default();
                        return Ok(Start { state: loaded.state, regions, database: Some(opened), recorded });
                    }
                    Ok(Some(_)) => tracing::warn!("the catalogue is of another history of this storage: it is rebuilt"),
                    Ok(None) => {}
                    Err(error) => tracing::warn!(%error, "the catalogue cannot be read: it is rebuilt"),
                }
                database = Some(opened);
            }
            // two replicas on one machine have the same default: the second needs no file to be right
            Err(error @ DatabaseError::InUse { .. }) => tracing::warn!(%error, "the catalogue is kept in memory only"),
            Err(error) => {
                let (folder, reason) = (folder.display().to_string(), error.to_string());
                return Err(OpenError::Database { folder, reason });
            }
        }
    }
    let state = match from_snapshot(&**store, id, options.level, u64::MAX).await? {
        Some(state) => state,
        None => State::empty(id),
    };
    Ok(Start { state, regions: StoredRegions::new(), database, recorded: false })
}

/// Names everything that stored pages depend on besides the state.
pub(crate) fn fingerprint(options: &IndexOptions) -> String {
    format!("{}/{options:?}", chart::index::RENDERER)
}

/// The journal has the very entry that the state ends with.
async fn belongs(store: &dyn ObjectStore, state: &State) -> Result<bool, StorageError> {
    if state.sequence == 0 {
        return Ok(true);
    }
    Ok(journal::read(store, state.sequence).await?.is_some_and(|(entry, _)| entry.id == state.entry))
}

/// The state of the newest snapshot up to this sequence, of a level that is known.
pub(crate) async fn from_snapshot(
    store: &dyn ObjectStore,
    id: Uuid,
    known: u32,
    until: u64,
) -> Result<Option<State>, OpenError> {
    for sequence in newest_snapshots(store).await?.into_iter().filter(|sequence| *sequence <= until) {
        let key = layout::snapshot(sequence);
        let object = match store.get(&key, None).await {
            Ok(object) => object,
            // deleted since the listing: a newer one is being written
            Err(StorageError::NotFound(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let decoded = blocking(move || snapshot::decode(&object.bytes, known)).await;
        match decoded {
            Ok(Ok(state)) if state.storage == id && belongs(store, &state).await? => return Ok(Some(state)),
            // its journal says the same, after a long read
            Ok(Err(SnapshotError::Level { level, known })) => {
                return Err(OpenError::Format(ApplyError::Level { level, known }.to_string()));
            }
            Ok(Ok(_)) => tracing::warn!(%key, "the snapshot is of another history: it is not used"),
            Ok(Err(error)) => tracing::warn!(%key, %error, "the snapshot cannot be read: it is not used"),
            Err(error) => tracing::warn!(%key, %error, "the snapshot cannot be read: it is not used"),
        }
    }
    Ok(None)
}

/// The sequences of the snapshots, newest first.
pub(crate) async fn newest_snapshots(store: &dyn ObjectStore) -> Result<Vec<u64>, StorageError> {
    let folder = layout::snapshot_folder();
    let sequence = |listed| match listed {
        Listed::Object(key, _) => layout::snapshot_sequence(&key),
        Listed::Folder(_) => None,
    };
    let found = store.list(&folder).try_filter_map(|listed| async move { Ok(sequence(listed)) });
    let mut sequences: Vec<u64> = found.boxed().try_collect().await?;
    sequences.sort_unstable_by(|a, b| b.cmp(a));
    Ok(sequences)
}
