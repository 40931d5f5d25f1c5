//! Objects that are written in parts.

use aws_sdk_s3::Config;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use storage::{Key, ObjectMeta, ObjectStore, Result, StagedWrite, StorageError};
use uuid::Uuid;

use crate::client::timeouts;
use crate::fault::Fault;
use crate::store::S3Store;
use crate::write::MARK;

/// An object being written. What fits into one part goes up as one object; else parts go up as they are full.
pub(crate) struct Stage {
    store: S3Store,
    key: Key,
    waiting: BytesMut,
    upload: Option<Upload>,
}

/// Parts in the store that are no object yet.
struct Upload {
    id: String,
    parts: Vec<CompletedPart>,
    size: usize,
    mark: String,
}

impl Stage {
    pub(crate) fn new(store: S3Store, key: Key) -> Self {
        Self { store, key, waiting: BytesMut::new(), upload: None }
    }

    async fn begin(&mut self) -> Result<&mut Upload> {
        if self.upload.is_none() {
            let mark = Uuid::new_v4().simple().to_string();
            let S3Store { client, options, names, .. } = &self.store;
            let mut call = client.create_multipart_upload().bucket(&options.bucket).key(names.object(&self.key));
            call = call.metadata(MARK, &mark);
            if let Some((algorithm, key)) = self.store.encryption() {
                call = call.server_side_encryption(algorithm).set_ssekms_key_id(key);
            }
            let answer = call.send().await.map_err(|error| Fault::from(error).about(&self.key))?;
            let id = answer.upload_id().unwrap_or_default().to_owned();
            self.upload = Some(Upload { id, parts: Vec::new(), size: 0, mark });
        }
        self.upload.as_mut().ok_or_else(|| StorageError::Unavailable("no upload was begun".to_owned()))
    }

    async fn send_part(&mut self, bytes: Bytes) -> Result<()> {
        self.begin().await?;
        let Self { store, key, upload: Some(upload), .. } = self else { return Ok(()) };
        let number = i32::try_from(upload.parts.len() + 1).unwrap_or(i32::MAX);
        let size = bytes.len();
        let call = store.client.upload_part().bucket(&store.options.bucket).key(store.names.object(key));
        let call = call.upload_id(&upload.id).part_number(number).body(bytes.into());
        let limits = Config::builder().timeout_config(timeouts(&store.options, size));
        let answer = call.customize().config_override(limits).send().await;
        let answer = answer.map_err(|error| unavailable(Fault::from(error)))?;
        upload.parts.push(CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag).build());
        upload.size += size;
        Ok(())
    }

    /// Makes an object of the parts.
    async fn complete(&self, upload: &Upload) -> Result<ObjectMeta> {
        let Self { store, key, .. } = self;
        let _turn = match &store.queues {
            None => None,
            Some(queues) => {
                let turn = queues.enter(key).await;
                match store.look(key).await {
                    Ok(_) => return Err(StorageError::AlreadyExists(key.clone())),
                    Err(StorageError::NotFound(_)) => Some(turn),
                    Err(error) => return Err(error),
                }
            }
        };
        let parts = CompletedMultipartUpload::builder().set_parts(Some(upload.parts.clone())).build();
        let mut call = store.client.complete_multipart_upload().bucket(&store.options.bucket);
        call = call.key(store.names.object(key)).upload_id(&upload.id).multipart_upload(parts);
        if store.queues.is_none() {
            call = call.if_none_match("*");
        }
        let limits = Config::builder().timeout_config(timeouts(&store.options, upload.size));
        match call.customize().config_override(limits).send().await.map_err(Fault::from) {
            Ok(_) => Ok(store.look(key).await?.meta),
            // an earlier attempt of this call may have been the one: the object knows
            Err(fault) if fault.is_taken() || fault.code == "NoSuchUpload" => store.whose(key, &upload.mark).await,
            Err(fault) => Err(unavailable(fault)),
        }
    }
}

/// No fault of a part says anything about the object itself.
fn unavailable(fault: Fault) -> StorageError {
    if fault.is_not_found() || fault.is_taken() {
        return StorageError::Unavailable(fault.text);
    }
    fault.into()
}

async fn abort(store: &S3Store, key: &Key, id: &str) -> Result<()> {
    let call = store.client.abort_multipart_upload().bucket(&store.options.bucket).key(store.names.object(key));
    match call.upload_id(id).send().await.map_err(Fault::from) {
        Ok(_) => Ok(()),
        Err(fault) if fault.status == Some(404) => Ok(()),
        Err(fault) => Err(unavailable(fault)),
    }
}

#[async_trait::async_trait]
impl StagedWrite for Stage {
    async fn append(&mut self, bytes: Bytes) -> Result<()> {
        self.waiting.extend_from_slice(&bytes);
        let part = self.store.options.part_size;
        while self.waiting.len() > part {
            let bytes = self.waiting.split_to(part).freeze();
            self.send_part(bytes).await?;
        }
        Ok(())
    }

    async fn publish_new(mut self: Box<Self>) -> Result<ObjectMeta> {
        let rest = std::mem::take(&mut self.waiting).freeze();
        if self.upload.is_none() {
            return self.store.put_new(&self.key, rest).await;
        }
        if !rest.is_empty() {
            self.send_part(rest).await?;
        }
        let Some(upload) = &self.upload else {
            return Err(StorageError::Unavailable("no upload was begun".to_owned()));
        };
        let meta = self.complete(upload).await?;
        self.upload = None; // there is nothing left to abandon
        Ok(meta)
    }

    async fn abandon(mut self: Box<Self>) -> Result<()> {
        match self.upload.take() {
            Some(upload) => abort(&self.store, &self.key, &upload.id).await,
            None => Ok(()),
        }
    }
}

/// Parts that nobody asks for any more cost money until they are removed.
impl Drop for Stage {
    fn drop(&mut self) {
        let Some(upload) = self.upload.take() else { return };
        let Ok(runtime) = tokio::runtime::Handle::try_current() else { return };
        let (store, key) = (self.store.clone(), self.key.clone());
        runtime.spawn(async move {
            if let Err(error) = abort(&store, &key, &upload.id).await {
                tracing::warn!(%key, %error, "the parts of an unfinished object stay in the bucket");
            }
        });
    }
}
