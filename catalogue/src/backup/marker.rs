//! What says of a storage that it is a copy, and whether the copy is whole.

use bytes::Bytes;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::{ObjectStore, StorageError};
use uuid::Uuid;

use crate::layout;
use crate::outcome::OpenError;

const FORMAT: u32 = 1;

/// `.chandlery/backup.json`: written before the first byte of a copy and after the last.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Marker {
    pub format: u32,
    /// The storage that it is a copy of.
    pub source: Uuid,
    /// The id that the copy has: its source's, or one of its own if it was restored from a backup.
    pub id: Uuid,
    /// Who writes the copy.
    pub run: Uuid,
    /// False while somebody writes it, or if a crash stopped him.
    pub whole: bool,
    /// The last state that was copied wholly: all of it is there, also while a later one is being copied.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub finished: Option<Finished>,
}

/// A state that was copied wholly.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Finished {
    pub sequence: u64,
    pub at: Timestamp,
}

impl Marker {
    pub fn new(source: Uuid, id: Uuid, run: Uuid, finished: Option<Finished>) -> Self {
        Self { format: FORMAT, source, id, run, whole: false, finished }
    }

    /// The marker of a storage; `None` if it is no copy.
    pub async fn read(store: &dyn ObjectStore) -> Result<Option<Self>, OpenError> {
        let key = layout::backup();
        let object = match store.get(&key, None).await {
            Ok(object) => object,
            Err(StorageError::NotFound(_)) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        match serde_json::from_slice::<Self>(&object.bytes) {
            Ok(marker) if marker.format == FORMAT => Ok(Some(marker)),
            Ok(marker) => {
                let found = marker.format;
                Err(OpenError::Format(format!("{key} has format {found}, this program knows {FORMAT}")))
            }
            Err(error) => Err(OpenError::Format(format!("{key} cannot be read: {error}"))),
        }
    }

    pub async fn write(&self, store: &dyn ObjectStore) -> Result<(), StorageError> {
        let bytes = serde_json::to_vec(self).map_err(|error| StorageError::Corrupt(error.to_string()))?;
        store.put(&layout::backup(), Bytes::from(bytes)).await.map(drop)
    }
}

/// Refuses a storage that is a copy of another one and not whole.
///
/// # Errors
/// If it is, or if the storage fails.
pub async fn refuse_unfinished(store: &dyn ObjectStore) -> Result<(), OpenError> {
    match Marker::read(store).await? {
        Some(marker) if !marker.whole => Err(OpenError::Format(format!(
            "it is an unfinished copy of the storage {}: run the same `chandlery backup` or `restore-backup` again",
            marker.source
        ))),
        _ => Ok(()),
    }
}
