//! Objects that are written in parts.

use aws_sdk_s3::Config;
use aws_sdk_s3::types::{CompletedMultipartUpload, CompletedPart};
use bytes::{Bytes, BytesMut};
use storage::{ByteRange, Key, ObjectMeta, ObjectStore, Result, StagedWrite, StorageError};
use tokio::task::JoinSet;
use uuid::Uuid;

use crate::client::timeouts;
use crate::copies::Copy;
use crate::fault::Fault;
use crate::options::SMALLEST_PART;
use crate::store::S3Store;
use crate::write::MARK;

/// Parts that the store copies for one object at the same time.
const COPIES_SIDE_BY_SIDE: usize = 8;

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
    /// As they came to be; a copy may be done later than one behind it.
    parts: Vec<CompletedPart>,
    last: i32,
    size: u64,
    mark: String,
    copies: JoinSet<Result<CompletedPart>>,
}

impl Upload {
    /// Takes over copies that are done, until so many are left.
    async fn wait_for_copies(&mut self, left: usize) -> Result<()> {
        while self.copies.len() > left {
            match self.copies.join_next().await {
                Some(Ok(part)) => self.parts.push(part?),
                Some(Err(error)) => return Err(StorageError::Unavailable(error.to_string())),
                None => break,
            }
        }
        Ok(())
    }
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
            self.upload = Some(Upload { id, parts: Vec::new(), last: 0, size: 0, mark, copies: JoinSet::new() });
        }
        self.upload.as_mut().ok_or_else(|| StorageError::Unavailable("no upload was begun".to_owned()))
    }

    async fn send_part(&mut self, bytes: Bytes) -> Result<()> {
        self.begin().await?;
        let Self { store, key, upload: Some(upload), .. } = self else { return Ok(()) };
        let number = upload.last.saturating_add(1);
        let size = bytes.len();
        let call = store.client.upload_part().bucket(&store.options.bucket).key(store.names.object(key));
        let call = call.upload_id(&upload.id).part_number(number).body(bytes.into());
        let limits = Config::builder().timeout_config(timeouts(&store.options, size));
        let answer = call.customize().config_override(limits).send().await;
        let answer = answer.map_err(|error| unavailable(Fault::from(error)))?;
        upload.parts.push(CompletedPart::builder().part_number(number).set_e_tag(answer.e_tag).build());
        upload.last = number;
        upload.size += size as u64;
        Ok(())
    }

    /// Bytes of an object, through this process.
    async fn send_range(&mut self, from: &Key, etag: &str, range: ByteRange) -> Result<()> {
        let step = self.store.options.part_size as u64;
        for start in (range.start..range.end).step_by(self.store.options.part_size) {
            let end = range.end.min(start + step);
            let object = self.store.read(from, Some(ByteRange { start, end })).await?;
            if object.meta.etag != etag || object.bytes.len() as u64 != end - start {
                return Err(StorageError::Unavailable(format!("{from} changed while it was copied")));
            }
            self.append(object.bytes).await?;
        }
        Ok(())
    }

    /// The store makes a part of an object's bytes, a little later than this returns. False if it does not do that.
    async fn copy_part(&mut self, from: &Key, etag: &str, range: ByteRange) -> Result<bool> {
        if self.store.copies.are_refused() {
            return Ok(false);
        }
        let upload = self.begin().await?;
        upload.wait_for_copies(COPIES_SIDE_BY_SIDE - 1).await?;
        let (id, number) = (upload.id.clone(), upload.last.saturating_add(1));
        let copy = Copy { from: from.clone(), etag: etag.to_owned(), range, to: self.key.clone(), id, number };
        let store = self.store.clone();
        let part = match self.store.copies.are_known() {
            true => None,
            // the first one tells whether there are others
            false => match copy.run(&store).await {
                Err(fault) if self.store.copies.learn(&fault) => return Ok(false),
                done => {
                    self.store.copies.worked();
                    Some(done.map_err(unavailable)?)
                }
            },
        };
        let upload = self.begin().await?;
        match part {
            Some(part) => upload.parts.push(part),
            None => drop(upload.copies.spawn(async move { copy.run(&store).await.map_err(unavailable) })),
        }
        upload.last = number;
        upload.size += range.end - range.start;
        Ok(true)
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
        let mut parts = upload.parts.clone();
        parts.sort_by_key(|part| part.part_number);
        let parts = CompletedMultipartUpload::builder().set_parts(Some(parts)).build();
        let mut call = store.client.complete_multipart_upload().bucket(&store.options.bucket);
        call = call.key(store.names.object(key)).upload_id(&upload.id).multipart_upload(parts);
        if store.queues.is_none() {
            call = call.if_none_match("*");
        }
        let size = usize::try_from(upload.size).unwrap_or(usize::MAX);
        let limits = Config::builder().timeout_config(timeouts(&store.options, size));
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

/// Removes parts. What is still being copied would come back after that.
async fn give_up(store: &S3Store, key: &Key, mut upload: Upload) -> Result<()> {
    while upload.copies.join_next().await.is_some() {}
    abort(store, &store.names.object(key), &upload.id).await
}

/// Removes the parts of an unfinished object, by the bucket's name for it.
pub(crate) async fn abort(store: &S3Store, name: &str, id: &str) -> Result<()> {
    let call = store.client.abort_multipart_upload().bucket(&store.options.bucket).key(name);
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

    /// The store copies what makes parts that are not too small for it; what lies between is read and sent.
    async fn append_object(&mut self, from: &Key, size: u64) -> Result<()> {
        let meta = self.store.look(from).await?.meta;
        if meta.size != size {
            return Err(StorageError::Corrupt(format!("{from}: it has {} bytes instead of {size}", meta.size)));
        }
        let (etag, smallest) = (meta.etag, SMALLEST_PART as u64);
        let waiting = self.waiting.len() as u64;
        // what waits becomes a part, with as much of the object as it lacks
        let head = if waiting == 0 { 0 } else { smallest.saturating_sub(waiting) };
        if size < head + smallest {
            return self.send_range(from, &etag, ByteRange { start: 0, end: size }).await;
        }
        self.send_range(from, &etag, ByteRange { start: 0, end: head }).await?;
        let waiting = std::mem::take(&mut self.waiting).freeze();
        if !waiting.is_empty() {
            self.send_part(waiting).await?;
        }
        for range in Copy::ranges(head, size) {
            if !self.copy_part(from, &etag, range).await? {
                return self.send_range(from, &etag, ByteRange { end: size, ..range }).await;
            }
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
        if let Some(upload) = &mut self.upload {
            upload.wait_for_copies(0).await?;
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
            Some(upload) => give_up(&self.store, &self.key, upload).await,
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
            if let Err(error) = give_up(&store, &key, upload).await {
                tracing::warn!(%key, %error, "the parts of an unfinished object stay in the bucket until they are swept");
            }
        });
    }
}
