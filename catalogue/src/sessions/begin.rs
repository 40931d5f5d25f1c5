use chart::oci::RegistryName;
use futures_util::StreamExt;
use storage::Listed;
use uuid::Uuid;

use super::record::{self, OpenSession, SessionFile};
use super::{DigestAlgorithm, LIFETIME, UploadError, UploadSession};
use crate::layout;
use crate::replica::Replica;

impl Replica {
    /// See [`crate::Catalogue::begin_upload`].
    pub async fn begin_upload(
        &self,
        name: &RegistryName,
        algorithm: DigestAlgorithm,
    ) -> Result<UploadSession, UploadError> {
        self.takes_blobs().await?;
        let most = self.options.uploads.sessions;
        let count = match self.sessions.count(most) {
            Some(count) => count,
            None => self.sessions.recount(self.open_sessions().await?),
        };
        if count >= most {
            return Err(UploadError::TooManySessions);
        }
        let id = (self.options.new_id)();
        let file = SessionFile { name: name.clone(), at: self.now(), algorithm };
        self.store.put_new(&layout::session(id), record::text(&file)?).await?;
        self.sessions.note(id, Vec::new());
        Ok(UploadSession { id, name: name.clone(), size: 0 })
    }

    /// See [`crate::Catalogue::upload_session`].
    pub async fn upload_session(&self, name: &RegistryName, id: Uuid) -> Result<UploadSession, UploadError> {
        let session = self.open_session(name, id).await?;
        Ok(UploadSession { id, name: name.clone(), size: session.size() })
    }

    /// A session and everything that arrived in it so far, here or elsewhere.
    pub(super) async fn open_session(&self, name: &RegistryName, id: Uuid) -> Result<OpenSession, UploadError> {
        let store = &*self.store;
        let file = record::read::<SessionFile>(store, &layout::session(id)).await?;
        let is_ours = |file: &SessionFile| file.name == *name && self.now().duration_since(file.at) < LIFETIME;
        let Some(file) = file.filter(is_ours) else {
            self.sessions.forget(id);
            return Err(UploadError::Unknown);
        };
        let mut session = OpenSession { id, file, parts: self.sessions.parts(id) };
        while let Some(part) = record::read(store, &layout::session_record(id, session.size())).await? {
            session.parts.push(part);
        }
        self.sessions.note(id, session.parts.clone());
        Ok(session)
    }

    async fn open_sessions(&self) -> Result<Vec<Uuid>, UploadError> {
        let folder = layout::uploads_folder();
        let mut lines = self.store.list_folder(&folder);
        let mut ids = Vec::new();
        while let Some(line) = lines.next().await {
            if let Listed::Folder(prefix) = line? {
                ids.extend(layout::session_id(prefix.as_str()));
            }
        }
        Ok(ids)
    }
}
