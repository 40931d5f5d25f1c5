use chart::oci::{ContentDigest, RegistryName};
use storage::{Key, StorageError};
use uuid::Uuid;

use super::append::{BLOB, no_key};
use super::arrival::Arrival;
use super::hasher::ContentHasher;
use super::intake::{self, Chunks, Intake, Pieces};
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
        let mut arrival = self.arrival(name, id, range, body).await?;
        match &*arrival.session.parts {
            [part] if arrival.is_empty() && layout::is_object(&part.key) => {
                self.adopt_part(&arrival.session, part, digest).await?;
                // it was stored after the session was begun
                let object = StoredObject { key: part.key.clone(), size: part.length };
                self.put_shared_blob(name, digest, object, arrival.session.file.at).await?;
            }
            _ => {
                let since = self.now();
                let object = self.join(&mut arrival, digest).await?;
                self.put_blob(name, digest, object, since).await?;
            }
        }
        self.tidy(&arrival.session).await;
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
        let (key, mut intake) = self.intake(digest, None).await?;
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

    /// Makes one object of the parts of a session and the last bytes. What was hashed as it came is not read again, if the
    /// storage can do without.
    async fn join(&self, arrival: &mut Arrival, digest: ContentDigest) -> Result<StoredObject, UploadError> {
        let known = arrival.session.hasher(DigestAlgorithm::of(&digest));
        if arrival.is_empty() && known.as_ref().is_some_and(|hasher| hasher.clone().finish() != digest) {
            return Err(UploadError::Digest(digest));
        }
        let is_hashed = known.is_some();
        let (key, mut intake) = self.intake(digest, known).await?;
        for part in arrival.session.parts.clone() {
            if is_hashed {
                intake.take_object(&part.key, part.length).await?;
                arrival.beat(self).await?;
                continue;
            }
            let mut pieces = Pieces::of(&part.key, part.length);
            while let Some(bytes) = pieces.next(&*self.store).await? {
                intake.take(bytes).await?;
                arrival.beat(self).await?;
            }
        }
        arrival.pour(self, &mut intake).await?;
        let size = publish(intake, digest).await?;
        Ok(StoredObject { key, size })
    }

    /// A new object; `known` has hashed what is put into it without being read.
    async fn intake(&self, digest: ContentDigest, known: Option<ContentHasher>) -> Result<(Key, Intake), UploadError> {
        let key = layout::fresh_object((self.options.new_id)(), BLOB).map_err(no_key)?;
        let most = self.options.uploads.blob_size;
        let hasher = known.unwrap_or_else(|| ContentHasher::new(DigestAlgorithm::of(&digest)));
        let intake = Intake::begin(&*self.store, &key, hasher, (most, most)).await?;
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
    let (hasher, stage) = intake.finish()?;
    if hasher.finish() != digest {
        stage.abandon().await?;
        return Err(UploadError::Digest(digest));
    }
    stage.publish_new().await?;
    Ok(size)
}
