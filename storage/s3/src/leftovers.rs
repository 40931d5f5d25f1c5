//! Parts of objects that were never finished: they are in no listing of objects, and cost money until they are removed.

use std::time::SystemTime;

use aws_sdk_s3::primitives::DateTime;
use storage::{Key, Result, StorageError};

use crate::fault::Fault;
use crate::parts::abort;
use crate::store::S3Store;

/// Below this nobody else writes.
const OWN_FOLDER: &str = ".chandlery/";

impl S3Store {
    /// Removes what was begun too long ago in our own folder. What a store does not list stays for its own rules.
    pub(crate) async fn remove_leftovers(&self) -> Result<u64> {
        let begins =
            Key::new(OWN_FOLDER.trim_end_matches('/')).map(|folder| format!("{}/", self.names.object(&folder)));
        let begins = begins.map_err(|error| StorageError::Unsupported(error.to_string()))?;
        let last =
            DateTime::from(SystemTime::now().checked_sub(self.options.leftover_age).unwrap_or(SystemTime::UNIX_EPOCH));
        let mut removed = 0;
        let mut next: (Option<String>, Option<String>) = (None, None);
        loop {
            let call = self.client.list_multipart_uploads().bucket(&self.options.bucket).prefix(&begins);
            let call = call.set_key_marker(next.0.clone()).set_upload_id_marker(next.1.clone());
            let answer = match call.send().await.map_err(|error| StorageError::from(Fault::from(error))) {
                Err(StorageError::Unsupported(reason) | StorageError::Denied(reason)) => {
                    tracing::debug!(reason, "unfinished objects cannot be listed, nor swept");
                    return Ok(removed);
                }
                answer => answer?,
            };
            for upload in answer.uploads() {
                let (Some(name), Some(id), Some(begun)) = (upload.key(), upload.upload_id(), upload.initiated()) else {
                    continue;
                };
                // stores differ in how they take prefixes
                if name.starts_with(&begins) && begun.as_nanos() <= last.as_nanos() {
                    abort(self, name, id).await?;
                    tracing::info!(name, "removed the parts of an object that was never finished");
                    removed += 1;
                }
            }
            let more = (answer.next_key_marker().map(str::to_owned), answer.next_upload_id_marker().map(str::to_owned));
            if answer.is_truncated() != Some(true) || more.0.is_none() || more == next {
                return Ok(removed);
            }
            next = more;
        }
    }
}
