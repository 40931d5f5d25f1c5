//! Reading objects, and what is known of them.

use std::time::Duration;

use aws_sdk_s3::primitives::ByteStream;
use bytes::{Bytes, BytesMut};
use storage::{ByteRange, Key, Object, ObjectMeta, Result, StorageError};
use tokio::time::{sleep, timeout};

use crate::fault::{Fault, chain};
use crate::store::{S3Store, meta};
use crate::write::MARK;

/// Before a body that broke off is asked for again; doubled before each further attempt.
const FIRST_PAUSE: Duration = Duration::from_millis(20);

/// What a look at an object tells.
pub(crate) struct Look {
    pub(crate) meta: ObjectMeta,
    /// Which call of ours wrote it.
    pub(crate) mark: Option<String>,
}

impl S3Store {
    pub(crate) async fn read(&self, key: &Key, range: Option<ByteRange>) -> Result<Object> {
        let Some(header) = header(range) else {
            let meta = self.look(key).await?.meta;
            return Ok(Object { meta, bytes: Bytes::new() });
        };
        let mut pause = FIRST_PAUSE;
        let mut attempt = 0;
        loop {
            match self.read_once(key, range, header.clone()).await {
                Err(fault) if fault.is_beyond_the_end() => {
                    let meta = self.look(key).await?.meta;
                    return Ok(Object { meta, bytes: Bytes::new() });
                }
                // the SDK repeats requests, but not when an answer breaks off in its body
                Err(fault) if fault.status == Some(200) && attempt < self.options.retries => {
                    tracing::debug!(%key, reason = fault.text, "an answer broke off: it is asked for again");
                }
                outcome => return outcome.map_err(|fault| fault.about(key)),
            }
            sleep(pause).await;
            pause *= 2;
            attempt += 1;
        }
    }

    async fn read_once(
        &self,
        key: &Key,
        range: Option<ByteRange>,
        header: Option<String>,
    ) -> std::result::Result<Object, Fault> {
        let call = self.client.get_object().bucket(&self.options.bucket).key(self.names.object(key));
        let answer = call.set_range(header).send().await?;
        let mut meta = meta(answer.content_length(), answer.last_modified(), answer.e_tag());
        let expected = meta.size;
        let part_of = answer.content_range().and_then(|text| text.rsplit('/').next()?.parse().ok());
        let broken = |text: String| Fault { status: Some(200), ..Fault::unavailable(text) };
        let bytes = self.collect(answer.body, expected).await.map_err(broken)?;
        match (range, part_of) {
            (Some(_), Some(whole)) => meta.size = whole,
            // a store may send everything instead of a part
            (Some(range), None) => {
                let part = range.within(expected);
                return Ok(Object { meta, bytes: bytes.slice(part.start as usize..part.end as usize) });
            }
            (None, _) => {}
        }
        Ok(Object { meta, bytes })
    }

    /// A body to its end. It may be slow, but it must not stand still.
    async fn collect(&self, mut body: ByteStream, expected: u64) -> std::result::Result<Bytes, String> {
        let patience = self.options.attempt_timeout;
        let mut next = async || match timeout(patience, body.next()).await {
            Ok(piece) => piece.transpose().map_err(|error| chain(&error)),
            Err(_) => Err(format!("no further byte within {patience:?}")),
        };
        let first = next().await?.unwrap_or_default();
        if first.len() as u64 == expected {
            return Ok(first); // the common case: one piece, no copy
        }
        let mut bytes = BytesMut::with_capacity(usize::try_from(expected).unwrap_or_default().min(1 << 28));
        bytes.extend_from_slice(&first);
        while (bytes.len() as u64) < expected {
            let Some(piece) = next().await? else { break };
            bytes.extend_from_slice(&piece);
        }
        match bytes.len() as u64 == expected {
            true => Ok(bytes.freeze()),
            false => Err(format!("{} of {expected} bytes came", bytes.len())),
        }
    }

    pub(crate) async fn look(&self, key: &Key) -> Result<Look> {
        let call = self.client.head_object().bucket(&self.options.bucket).key(self.names.object(key));
        match call.send().await.map_err(Fault::from) {
            Ok(answer) => Ok(Look {
                meta: meta(answer.content_length(), answer.last_modified(), answer.e_tag()),
                mark: answer.metadata().and_then(|metadata| metadata.get(MARK)).cloned(),
            }),
            Err(fault) if fault.is_not_found() => Err(self.what_is_missing(key).await),
            Err(fault) => Err(fault.about(key)),
        }
    }

    /// An answer without a body cannot say whether the object or the bucket is missing, so that is asked again.
    async fn what_is_missing(&self, key: &Key) -> StorageError {
        let call = self.client.get_object().bucket(&self.options.bucket).key(self.names.object(key));
        match call.range("bytes=0-0").send().await.map_err(Fault::from) {
            Err(fault) if fault.is_not_found() => StorageError::NotFound(key.clone()),
            Ok(_) => StorageError::Unavailable(format!("{key} came while it was looked for")),
            Err(fault) => fault.into(),
        }
    }
}

/// The header for a range; the outer `None` for one without bytes.
#[expect(clippy::option_option, reason = "no bytes and no range are different things")]
fn header(range: Option<ByteRange>) -> Option<Option<String>> {
    let Some(ByteRange { start, end }) = range else { return Some(None) };
    // stores count in 63 bits
    match (i64::try_from(start), i64::try_from(end)) {
        (Ok(start), Ok(end)) if start < end => Some(Some(format!("bytes={start}-{}", end - 1))),
        (Ok(start), Err(_)) => Some(Some(format!("bytes={start}-"))),
        _ => None,
    }
}
