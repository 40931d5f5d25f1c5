use chart::oci::RegistryName;
use storage::{KeyError, StorageError};
use uuid::Uuid;

use super::hasher::ContentHasher;
use super::intake::Intake;
use super::record::{self, OpenSession, Part};
use super::{MOST_PARTS, UploadBody, UploadError, UploadRange, UploadSession};
use crate::layout;
use crate::replica::Replica;

/// What the file of a blob is called in its place.
pub(super) const BLOB: &str = "blob";

impl Replica {
    /// See [`crate::Catalogue::append_upload`].
    pub async fn append_upload(
        &self,
        name: &RegistryName,
        id: Uuid,
        range: Option<UploadRange>,
        body: UploadBody,
    ) -> Result<UploadSession, UploadError> {
        let mut arrival = self.arrival(name, id, range, body).await?;
        let offset = arrival.session.size();
        if arrival.session.parts.len() >= MOST_PARTS {
            return Err(UploadError::TooManyParts);
        }
        if arrival.is_empty() {
            return Ok(UploadSession { id, name: name.clone(), size: offset });
        }
        let new = (self.options.new_id)();
        let key = match offset {
            0 => layout::fresh_object(new, BLOB).map_err(no_key)?,
            _ => layout::session_part(id, new),
        };
        let (algorithm, most) = (arrival.session.file.algorithm, self.options.uploads.blob_size);
        let known = arrival.session.hasher(algorithm);
        let goes_on = known.is_some();
        let hasher = known.unwrap_or_else(|| ContentHasher::new(algorithm));
        let mut intake = Intake::begin(&*self.store, &key, hasher, (most.saturating_sub(offset), most)).await?;
        arrival.pour(self, &mut intake).await?;
        let length = intake.length();
        let (hasher, stage) = intake.finish()?;
        stage.publish_new().await?;
        let hash = goes_on.then(|| hasher.state());
        let part = Part { offset, length, digest: hasher.finish(), hash, key };
        let mut session = arrival.session;
        self.note_part(&session, &part).await?;
        session.parts.push(part);
        let size = session.size();
        self.sessions.note(id, session.parts);
        Ok(UploadSession { id, name: name.clone(), size })
    }

    /// Makes the part belong to the session, unless another request was faster.
    async fn note_part(&self, session: &OpenSession, part: &Part) -> Result<(), UploadError> {
        let record = layout::session_record(session.id, part.offset);
        match self.store.put_new(&record, record::text(part)?).await {
            Ok(_) => {}
            Err(StorageError::AlreadyExists(_)) => {
                // no record names it, so nobody can have taken it
                self.store.delete(&part.key).await?;
                let now = self.open_session(&session.file.name, session.id).await?;
                if now.size() <= part.offset {
                    // it was said to be there, and is not: nobody knows
                    return Err(UploadError::Unavailable(format!("{record} cannot be written")));
                }
                return Err(UploadError::OutOfOrder { size: now.size() });
            }
            Err(error) => return Err(error.into()),
        }
        // it may have been cancelled meanwhile: then what was written is swept with the rest of it
        match self.store.head(&layout::session(session.id)).await {
            Ok(_) => Ok(()),
            Err(StorageError::NotFound(_)) => Err(UploadError::Unknown),
            Err(error) => Err(error.into()),
        }
    }
}

pub(super) fn no_key(error: KeyError) -> UploadError {
    UploadError::Unavailable(error.to_string())
}
