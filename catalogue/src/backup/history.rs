//! Whether a storage may become, or go on being, a copy of another one.

use futures_util::StreamExt;
use storage::{Key, Listed, ObjectStore, Prefix, StorageError};

use super::BackupError;
use crate::{State, layout};

/// A storage without a marker must hold nothing that anybody could miss.
pub(super) async fn refuse_used(to: &dyn ObjectStore, reason: &str) -> Result<(), BackupError> {
    let mut listing = to.list(&Prefix::root());
    while let Some(listed) = listing.next().await {
        let Listed::Object(key, _) = listed.map_err(BackupError::Target)? else { continue };
        let is_package =
            [layout::PACKAGE_SUFFIX, layout::PROVENANCE_SUFFIX].iter().any(|end| key.as_str().ends_with(end));
        let is_journal = key.as_str().starts_with(layout::journal_folder().as_str());
        if is_package || is_journal || key == layout::format() {
            return Err(BackupError::Refused(format!("the place to copy to {reason}: it holds {key}")));
        }
    }
    Ok(())
}

/// The journal of the copy must be a beginning of the one that is copied. Each entry names the one before it, so that the
/// last one tells for all.
pub(super) async fn refuse_other(
    from: &dyn ObjectStore,
    to: &dyn ObjectStore,
    state: &State,
) -> Result<(), BackupError> {
    let mut last = 0;
    let folder = layout::journal_folder();
    let mut journal = to.list(&folder);
    while let Some(listed) = journal.next().await {
        if let Listed::Object(key, _) = listed.map_err(BackupError::Target)? {
            last = last.max(layout::journal_sequence(&key).unwrap_or(0));
        }
    }
    if last == 0 {
        return Ok(());
    }
    let key = layout::journal(last);
    let copied = entry(to, &key).await.map_err(BackupError::Target)?;
    let own = if last > state.sequence { None } else { entry(from, &key).await.map_err(BackupError::Source)? };
    if copied.is_some() && copied == own {
        return Ok(());
    }
    Err(BackupError::Refused(format!(
        "the copy has a history of its own: its journal entry {last} is not one of what is to be copied"
    )))
}

async fn entry(store: &dyn ObjectStore, key: &Key) -> Result<Option<bytes::Bytes>, StorageError> {
    match store.get(key, None).await {
        Ok(object) => Ok(Some(object.bytes)),
        Err(StorageError::NotFound(_)) => Ok(None),
        Err(error) => Err(error),
    }
}
