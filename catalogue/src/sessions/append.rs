use chart::oci::RegistryName;
use storage::{KeyError, StorageError};
use uuid::Uuid;

use super::intake::{Chunks, Intake, Pulse};
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
        let mut session = self.open_session(name, id).await?;
        let offset = session.continues(range)?;
        if session.parts.len() >= MOST_PARTS {
            return Err(UploadError::TooManyParts);
        }
        let mut chunks = Chunks::new(body);
        let mut next = chunks.next().await?;
        if next.is_none() {
            announced(range, 0)?;
            return Ok(UploadSession { id, name: name.clone(), size: offset });
        }
        let new = (self.options.new_id)();
        let key = match offset {
            0 => layout::fresh_object(new, BLOB).map_err(no_key)?,
            _ => layout::session_part(id, new),
        };
        let most = self.options.uploads.blob_size;
        let room = (most.saturating_sub(offset), most);
        let mut intake = Intake::begin(&*self.store, &key, session.file.algorithm, room).await?;
        let mut pulse = Pulse::of(id);
        while let Some(bytes) = next {
            intake.take(bytes).await?;
            pulse.beat(self).await?;
            next = chunks.next().await?;
        }
        announced(range, intake.length())?;
        let length = intake.length();
        let (digest, stage) = intake.finish()?;
        stage.publish_new().await?;
        let part = Part { offset, length, digest, key };
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

impl OpenSession {
    /// Where the next byte belongs, if that is where the client thinks.
    pub(super) fn continues(&self, range: Option<UploadRange>) -> Result<u64, UploadError> {
        let size = self.size();
        match range {
            Some(range) if range.first != size => Err(UploadError::OutOfOrder { size }),
            _ => Ok(size),
        }
    }
}

/// Compares how many bytes came with how many were said to come.
pub(super) fn announced(range: Option<UploadRange>, found: u64) -> Result<(), UploadError> {
    match range.map(|range| (range.last - range.first).saturating_add(1)) {
        Some(expected) if expected != found => Err(UploadError::Length { expected, found }),
        _ => Ok(()),
    }
}

pub(super) fn no_key(error: KeyError) -> UploadError {
    UploadError::Unavailable(error.to_string())
}
