//! Snapshots in the storage: written beside the journal, read instead of its beginning.

use std::sync::Arc;

use futures_util::{StreamExt, TryStreamExt};
use storage::{Listed, ObjectStore, StorageError};
use uuid::Uuid;

use super::{SnapshotError, decode, encode};
use crate::blocking::blocking;
use crate::outcome::OpenError;
use crate::state::ApplyError;
use crate::{State, journal, layout};

/// Older snapshots are deleted; the second newest stays for a replica that is just reading it.
const KEPT: usize = 2;

/// The state of the newest snapshot up to this sequence, of a level that is known.
pub(crate) async fn newest_state(
    store: &dyn ObjectStore,
    id: Uuid,
    known: u32,
    until: u64,
) -> Result<Option<State>, OpenError> {
    for sequence in newest(store).await?.into_iter().filter(|sequence| *sequence <= until) {
        let key = layout::snapshot(sequence);
        let object = match store.get(&key, None).await {
            Ok(object) => object,
            // deleted since the listing: a newer one is being written
            Err(StorageError::NotFound(_)) => continue,
            Err(error) => return Err(error.into()),
        };
        let decoded = blocking(move || decode(&object.bytes, known)).await;
        match decoded {
            Ok(Ok(state)) if state.storage == id && journal::holds(store, &state).await? => return Ok(Some(state)),
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
pub(crate) async fn newest(store: &dyn ObjectStore) -> Result<Vec<u64>, StorageError> {
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

/// Writes a snapshot of the state and deletes those that it makes superfluous. Losing the race is fine.
pub(crate) async fn write(store: &dyn ObjectStore, state: Arc<State>) -> Result<(), StorageError> {
    let key = layout::snapshot(state.sequence);
    let bytes = blocking(move || encode(&state)).await;
    let bytes = bytes.map_err(|error| StorageError::Unavailable(error.to_string()))?;
    match store.create(&key, bytes.into()).await {
        Ok(()) | Err(StorageError::AlreadyExists(_)) => {}
        Err(error) => return Err(error),
    }
    for old in newest(store).await?.into_iter().skip(KEPT) {
        store.delete(&layout::snapshot(old)).await?;
    }
    Ok(())
}
