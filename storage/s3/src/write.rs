//! Creating, replacing, copying and removing objects.

use std::time::Duration;

use aws_sdk_s3::Config;
use aws_sdk_s3::types::ServerSideEncryption;
use bytes::Bytes;
use jiff::Timestamp;
use storage::{Key, ObjectMeta, ObjectStore, Result, StorageError};
use tokio::time::sleep;
use uuid::Uuid;

use crate::client::timeouts;
use crate::fault::Fault;
use crate::store::{S3Store, etag_text};

/// The metadata that names the call that wrote an object. A call whose answer was lost is repeated, and finds its own
/// object in its way: by this it knows it.
pub(crate) const MARK: &str = "chandlery-write";

/// Attempts at writing an object while others try the same.
const CONFLICT_ATTEMPTS: u32 = 6;
/// Before the second of them; doubled before each further one.
const CONFLICT_PAUSE: Duration = Duration::from_millis(25);

/// How an object came to be this call's.
pub(crate) enum Written {
    /// The store has just taken it, with this ETag.
    Now(String),
    /// An attempt before had put it there.
    Before(ObjectMeta),
}

impl S3Store {
    pub(crate) async fn write_new(&self, key: &Key, bytes: Bytes) -> Result<Written> {
        let mark = Uuid::new_v4().simple().to_string();
        if let Some(queues) = &self.queues {
            let _turn = queues.enter(key).await;
            return match self.look(key).await {
                Ok(_) => Err(StorageError::AlreadyExists(key.clone())),
                Err(StorageError::NotFound(_)) => match self.send(key, bytes, None).await {
                    Ok(etag) => Ok(Written::Now(etag)),
                    Err(fault) => Err(fault.about(key)),
                },
                Err(error) => Err(error),
            };
        }
        match self.send(key, bytes, Some(&mark)).await {
            Ok(etag) => Ok(Written::Now(etag)),
            Err(fault) if fault.is_taken() => self.whose(key, &mark).await.map(Written::Before),
            Err(fault) => Err(fault.about(key)),
        }
    }

    pub(crate) async fn replace(&self, key: &Key, bytes: Bytes) -> Result<ObjectMeta> {
        let size = bytes.len() as u64;
        let etag = self.send(key, bytes, None).await.map_err(|fault| fault.about(key))?;
        Ok(self.written(key, size, etag).await)
    }

    /// Sends an object, with a mark only if the key is free, again and again while others are busy with the key.
    /// Returns its ETag.
    async fn send(&self, key: &Key, bytes: Bytes, mark: Option<&str>) -> std::result::Result<String, Fault> {
        let mut pause = CONFLICT_PAUSE;
        for _ in 1..CONFLICT_ATTEMPTS {
            match self.send_once(key, bytes.clone(), mark).await {
                Err(fault) if fault.is_conflict() => sleep(pause).await,
                outcome => return outcome,
            }
            pause *= 2;
        }
        self.send_once(key, bytes, mark).await
    }

    async fn send_once(&self, key: &Key, bytes: Bytes, mark: Option<&str>) -> std::result::Result<String, Fault> {
        let timeouts = Config::builder().timeout_config(timeouts(&self.options, bytes.len()));
        let mut call = self.client.put_object().bucket(&self.options.bucket).key(self.names.object(key));
        if let Some(mark) = mark {
            call = call.if_none_match("*").metadata(MARK, mark);
        }
        if let Some((algorithm, key)) = self.encryption() {
            call = call.server_side_encryption(algorithm).set_ssekms_key_id(key);
        }
        let answer = call.body(bytes.into()).customize().config_override(timeouts).send().await?;
        Ok(etag_text(answer.e_tag()))
    }

    pub(crate) fn encryption(&self) -> Option<(ServerSideEncryption, Option<String>)> {
        let encryption = self.options.encryption.as_ref()?;
        Some((ServerSideEncryption::from(&*encryption.algorithm), encryption.key.clone()))
    }

    /// What the store knows of an object that was written just now: the answer to writing has no time. If that cannot be
    /// asked, or somebody was faster to replace it, what is known here.
    pub(crate) async fn written(&self, key: &Key, size: u64, etag: String) -> ObjectMeta {
        match self.look(key).await {
            Ok(look) if look.meta.etag == etag && look.meta.size == size => look.meta,
            _ => {
                let modified = Timestamp::from_second(Timestamp::now().as_second()).unwrap_or_default();
                ObjectMeta { size, modified, etag }
            }
        }
    }

    /// The key is taken: by an earlier attempt of this very call, or by somebody else.
    pub(crate) async fn whose(&self, key: &Key, mark: &str) -> Result<ObjectMeta> {
        match self.look(key).await {
            Ok(look) if look.mark.as_deref() == Some(mark) => Ok(look.meta),
            Ok(_) => Err(StorageError::AlreadyExists(key.clone())),
            Err(StorageError::NotFound(_)) => {
                Err(StorageError::Unavailable(format!("{key} was there and went while it was being created")))
            }
            Err(error) => Err(error),
        }
    }

    pub(crate) async fn remove(&self, key: &Key) -> Result<()> {
        let call = self.client.delete_object().bucket(&self.options.bucket).key(self.names.object(key));
        match call.send().await.map_err(Fault::from) {
            Ok(_) => Ok(()),
            Err(fault) if fault.is_not_found() => Ok(()),
            Err(fault) => Err(fault.about(key)),
        }
    }

    /// What S3 copies at once cannot everywhere be made to depend on a free key: small objects come through this process,
    /// large ones are made of parts.
    pub(crate) async fn copy(&self, from: &Key, to: &Key) -> Result<ObjectMeta> {
        let meta = self.look(from).await?.meta;
        let part = self.options.part_size as u64;
        if meta.size <= part {
            let bytes = self.read(from, None).await?.bytes;
            return self.put_new(to, bytes).await;
        }
        let mut stage = self.stage(to).await?;
        match stage.append_object(from, meta.size).await {
            Ok(()) => stage.publish_new().await,
            Err(error) => stage.abandon().await.and(Err(error)),
        }
    }
}
