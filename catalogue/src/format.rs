//! The file that makes a folder or a bucket a storage: which format it has, and whose it is.

use bytes::Bytes;
use serde::{Deserialize, Serialize};
use storage::{ObjectStore, StorageError};
use uuid::Uuid;

use crate::layout;
use crate::outcome::OpenError;

/// The format of everything below `.chandlery/`.
const FORMAT: u32 = 1;

#[derive(Serialize, Deserialize)]
struct FormatFile {
    format: u32,
    id: Uuid,
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
