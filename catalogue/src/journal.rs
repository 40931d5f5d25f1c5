//! Reading and writing journal objects.

use bytes::Bytes;
use storage::{ObjectStore, StorageError};

use crate::{Entry, State, layout};

/// The entry with this number, and its bytes; `None` if the journal ends before it.
pub(crate) async fn read(store: &dyn ObjectStore, sequence: u64) -> Result<Option<(Entry, Bytes)>, StorageError> {
    let key = layout::journal(sequence);
    let object = match store.get(&key, None).await {
        Ok(object) => object,
        Err(StorageError::NotFound(_)) => return Ok(None),
        Err(error) => return Err(error),
    };
    match serde_json::from_slice(&object.bytes) {
        Ok(entry) => Ok(Some((entry, object.bytes))),
        Err(error) => Err(StorageError::Corrupt(format!("journal entry {sequence} cannot be read: {error}"))),
    }
}

/// Whether the journal has the very entry that the state ends with.
pub(crate) async fn holds(store: &dyn ObjectStore, state: &State) -> Result<bool, StorageError> {
    if state.sequence == 0 {
        return Ok(true);
    }
    Ok(read(store, state.sequence).await?.is_some_and(|(entry, _)| entry.id == state.entry))
}

/// The bytes of an entry: made once, then only repeated.
pub(crate) fn write(entry: &Entry) -> Bytes {
    // cannot fail: no maps with other keys than text, no foreign Serialize
    serde_json::to_vec(entry).map(Bytes::from).unwrap_or_default()
}
