use chart::oci::{ContentDigest, RegistryName};
use storage::{Key, StorageError};
use uuid::Uuid;

use super::append::{BLOB, announced, no_key};
use super::intake::{self, Chunks, Intake, Pieces, Pulse};
use super::record::{self, End, OpenSession, Part};
use super::{DigestAlgorithm, UploadBody, UploadError, UploadRange};
use crate::change::StoredObject;
use crate::layout;
use crate::replica::Replica;

impl Replica {
    /// See [`crate::Catalogue::finish_upload`].
    pub async fn finish_upload(
        &self,
        name: &RegistryName,
        id: Uuid,
        range: Option<UploadRange>,
        body: UploadBody,
        digest: ContentDigest,
    ) -> Result<(), UploadError> {
        let session = self.open_session(name, id).await?;
        session.continues(range)?;
        let mut chunks = Chunks::new(body);
        let next = chunks.next().await?;
        match (&*session.parts, &next) {
            ([part], None) if layout::is_object(&part.key) => {
                announced(range, 0)?;
                self.adopt_part(&session, part, digest).await?;
                // it was stored after the session was begun
                let object = StoredObject { key: part.key.clone(), size: part.length };
                self.put_shared_blob(name, digest, object, session.file.at).await?;
            }
            _ => {
                let since = self.now();
                let object = self.join(&session, range, next, chunks, digest).await?;
                self.put_blob(name, digest, object, since).await?;
            }
        }
        self.tidy(&session).await;
        Ok(())
    }

    /// See [`crate::Catalogue::upload_blob`].
    pub async fn upload_blob(
        &self,
        name: &RegistryName,
        body: UploadBody,
        digest: ContentDigest,
    ) -> Result<(), UploadError> {
        self.takes_blobs().await?;
        let since = self.now();
        let (key, mut intake) = self.intake(digest).await?;
        let mut chunks = Chunks::new(body);
        while let Some(bytes) = chunks.next().await? {
            intake.take(bytes).await?;
        }
        let size = publish(intake, digest).await?;
        Ok(self.put_blob(name, digest, StoredObject { key, size }, since).await?)
    }

    /// Checks that a part has the blob's digest, and keeps it from being swept.
    async fn adopt_part(&self, session: &OpenSession, part: &Part, digest: ContentDigest) -> Result<(), UploadError> {
        let store = &*self.store;
        let algorithm = DigestAlgorithm::of(&digest);
        let found = match algorithm == DigestAlgorithm::of(&part.digest) {
            true => part.digest,
            false => intake::hash(store, &part.key, part.length, algorithm).await?,
        };
        if found != digest {
            return Err(UploadError::Digest(digest));
        }
        if record::decide(store, session.id, End::Adopted).await? == End::Over {
            return Err(UploadError::Unknown);
        }
        // what decided otherwise deletes its decision last: if it is gone, so is the part
        match store.head(&part.key).await {
            Ok(_) => Ok(()),
            Err(StorageError::NotFound(_)) => Err(UploadError::Unknown),
            Err(error) => Err(error.into()),
        }
    }

    /// Streams the parts of a session and the last bytes together.
    async fn join(
        &self,
        session: &OpenSession,
        range: Option<UploadRange>,
        mut next: Option<bytes::Bytes>,
        mut chunks: Chunks,
        digest: ContentDigest,
    ) -> Result<StoredObject, UploadError> {
        let (key, mut intake) = self.intake(digest).await?;
        let mut pulse = Pulse::of(session.id);
        for part in &session.parts {
            let mut pieces = Pieces::of(&part.key, part.length);
            while let Some(bytes) = pieces.next(&*self.store).await? {
                intake.take(bytes).await?;
                pulse.beat(self).await?;
            }
        }
        while let Some(bytes) = next {
            intake.take(bytes).await?;
            pulse.beat(self).await?;
            next = chunks.next().await?;
        }
        announced(range, intake.length() - session.size())?;
        let size = publish(intake, digest).await?;
        Ok(StoredObject { key, size })
    }

    async fn intake(&self, digest: ContentDigest) -> Result<(Key, Intake), UploadError> {
        let key = layout::fresh_object((self.options.new_id)(), BLOB).map_err(no_key)?;
        let most = self.options.uploads.blob_size;
        let intake = Intake::begin(&*self.store, &key, DigestAlgorithm::of(&digest), (most, most)).await?;
        Ok((key, intake))
    }

    /// What is left of a session that was finished is swept later, if not now.
    async fn tidy(&self, session: &OpenSession) {
        let ended = match session.parts.is_empty() {
            true => {
                self.sessions.forget(session.id);
                self.store.delete(&layout::session(session.id)).await.map_err(UploadError::from)
            }
            false => self.end_session(session.id).await,
        };
        if let Err(error) = ended {
            tracing::warn!(id = %session.id, %error, "what is left of a finished upload stays until it is swept");
        }
    }
}

/// Makes the object visible if it has the digest. Returns its size.
async fn publish(intake: Intake, digest: ContentDigest) -> Result<u64, UploadError> {
    let size = intake.length();
    let (found, stage) = intake.finish()?;
    if found != digest {
        stage.abandon().await?;
        return Err(UploadError::Digest(digest));
    }
    stage.publish_new().await?;
    Ok(size)
}
