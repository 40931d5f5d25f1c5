//! Opening a storage: whose it is, and the newest state that can be had without reading the whole journal.

use std::sync::Arc;

use storage::{ObjectStore, StorageError};
use uuid::Uuid;

use crate::database::{Database, DatabaseError};
use crate::format::{format_file, known_storage_id};
use crate::outcome::OpenError;
use crate::snapshot::newest_state;
use crate::view::StoredRegions;
use crate::{IndexOptions, Options, State, backup, journal, layout};

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
                    Ok(Some(loaded)) if journal::holds(&**store, &loaded.state).await? => {
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
    let state = match newest_state(&**store, id, options.level, u64::MAX).await? {
        Some(state) => state,
        None => State::empty(id),
    };
    Ok(Start { state, regions: StoredRegions::new(), database, recorded: false })
}

/// Names everything that stored pages depend on besides the state.
pub(crate) fn fingerprint(options: &IndexOptions) -> String {
    format!("{}/{options:?}", chart::index::RENDERER)
}
