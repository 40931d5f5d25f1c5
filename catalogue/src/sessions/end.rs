//! Ending sessions: those that were finished or cancelled, and those in which nothing happened for too long.

use std::collections::BTreeMap;

use chart::oci::RegistryName;
use futures_util::StreamExt;
use jiff::{SignedDuration, Timestamp};
use storage::Listed;
use uuid::Uuid;

use super::record::{self, End, Part};
use super::{LIFETIME, UploadError};
use crate::layout;
use crate::replica::Replica;

impl Replica {
    /// See [`crate::Catalogue::cancel_upload`].
    pub async fn cancel_upload(&self, name: &RegistryName, id: Uuid) -> Result<(), UploadError> {
        self.open_session(name, id).await?;
        self.end_session(id).await
    }

    /// Removes what a session has left: first what makes it open, last what says how it was decided. May be done again.
    pub(super) async fn end_session(&self, id: Uuid) -> Result<(), UploadError> {
        let store = &*self.store;
        self.sessions.forget(id);
        let end = record::decide(store, id, End::Over).await?;
        store.delete(&layout::session(id)).await?;
        let end_key = layout::session_end(id);
        let mut keys = Vec::new();
        let folder = layout::session_folder(id);
        let mut lines = store.list(&folder);
        while let Some(line) = lines.next().await {
            if let Listed::Object(key, _) = line? {
                keys.push(key);
            }
        }
        drop(lines);
        let first = layout::session_record(id, 0);
        if end == End::Over
            && let Some(part) = record::read::<Part>(store, &first).await?
        {
            store.delete(&part.key).await?;
        }
        for key in keys.iter().filter(|key| **key != end_key) {
            store.delete(key).await?;
        }
        Ok(store.delete(&end_key).await?)
    }

    /// Ends the sessions that have expired. Returns how many. `now` is the storage's own time.
    pub(crate) async fn sweep_sessions(&self, now: Timestamp) -> Result<usize, UploadError> {
        let mut ages: BTreeMap<Uuid, (Timestamp, Timestamp)> = BTreeMap::new();
        let folder = layout::uploads_folder();
        let mut lines = self.store.list(&folder);
        while let Some(line) = lines.next().await {
            let Listed::Object(key, meta) = line? else { continue };
            let Some(id) = layout::session_id(key.as_str()) else { continue };
            let (oldest, newest) = ages.entry(id).or_insert((meta.modified, meta.modified));
            *oldest = meta.modified.min(*oldest);
            *newest = meta.modified.max(*newest);
        }
        drop(lines);
        let idle = SignedDuration::try_from(self.options.uploads.idle).unwrap_or(SignedDuration::MAX);
        let is_over = |(oldest, newest): &(Timestamp, Timestamp)| {
            now.duration_since(*newest) > idle || now.duration_since(*oldest) > LIFETIME
        };
        let mut ended = 0;
        for (id, _) in ages.iter().filter(|(_, ages)| is_over(ages)) {
            match self.end_session(*id).await {
                Ok(()) => ended += 1,
                // another replica was faster
                Err(UploadError::Unknown) => {}
                Err(error) => return Err(error),
            }
        }
        Ok(ended)
    }
}
