//! Opening a bucket: what is wrong with it is told at the start, by name.

use std::fmt;
use std::sync::Arc;

use aws_sdk_s3::Client;

use crate::client::client;
use crate::fault::Fault;
use crate::names::Names;
use crate::options::Options;
use crate::store::S3Store;

/// What is wrong.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum About {
    /// The bucket's name, or what its owner allows.
    Bucket,
    /// The region.
    Region,
    /// The endpoint: nothing answers there, or not in this protocol.
    Endpoint,
    /// The file of certificates.
    CaFile,
    /// Who we are: found by the standard chain, and no setting of ours.
    Credentials,
    /// The clock of this machine.
    Clock,
}

/// Why a bucket cannot be opened.
#[derive(Debug, Clone, thiserror::Error)]
#[error("{reason}")]
pub struct OpenError {
    /// Where to look.
    pub about: About,
    /// A sentence.
    pub reason: String,
    /// The store did not answer in time, or is busy: it may be another matter later.
    pub is_passing: bool,
}

impl OpenError {
    pub(crate) fn new(about: About, reason: impl fmt::Display) -> Self {
        Self { about, reason: reason.to_string(), is_passing: false }
    }
}

impl S3Store {
    /// Opens the bucket and lists it, which needs everything but the right to write.
    ///
    /// # Errors
    /// What is wrong, told apart: credentials, bucket, region, endpoint, clock.
    pub async fn open(options: Options) -> Result<Self, OpenError> {
        let client = client(&options, None).await?;
        Self::open_with(client, options).await
    }

    /// As somebody whom the standard chain does not find.
    #[cfg(feature = "gateway")]
    pub(crate) async fn open_as(options: Options, (access, secret): (&str, &str)) -> Result<Self, OpenError> {
        let credentials = aws_sdk_s3::config::Credentials::new(access, secret, None, None, "given");
        let client = client(&options, Some(credentials)).await?;
        Self::open_with(client, options).await
    }

    async fn open_with(client: Client, options: Options) -> Result<Self, OpenError> {
        let names = Names::below(&options.prefix);
        let store = Self { client, names, options: Arc::new(options), queues: None, copies: Arc::default() };
        let prefix = store.names.beginning(&storage::Prefix::root());
        let call = store.client.list_objects_v2().bucket(&store.options.bucket).prefix(prefix).max_keys(1);
        match call.send().await {
            Ok(_) => Ok(store),
            Err(error) => {
                let fault = Fault::from(error);
                let is_passing = fault.is_passing();
                Err(OpenError { is_passing, ..explain(fault, &store.options) })
            }
        }
    }
}

fn explain(fault: Fault, options: &Options) -> OpenError {
    let Options { bucket, region, .. } = options;
    let (place, text) = (options.place(), &fault.text);
    if let Some(actual) = fault.region.as_deref().filter(|actual| *actual != region && fault.status != Some(403)) {
        let reason = format!("the bucket {bucket} is in the region {actual}, not in {region}");
        return OpenError::new(About::Region, reason);
    }
    match (&*fault.code, fault.status) {
        ("NoSuchBucket", _) | ("" | "NotFound", Some(404)) => {
            OpenError::new(About::Bucket, format!("there is no bucket {bucket} at {place}"))
        }
        ("InvalidBucketName", _) => {
            OpenError::new(About::Bucket, format!("{bucket} cannot be a bucket's name ({text})"))
        }
        ("RequestTimeTooSkewed" | "RequestExpired", _) => {
            OpenError::new(About::Clock, format!("the clock of this machine is not that of {place} ({text})"))
        }
        ("PermanentRedirect" | "AuthorizationHeaderMalformed" | "IllegalLocationConstraintException", _)
        | ("", Some(301 | 307)) => {
            OpenError::new(About::Region, format!("the bucket {bucket} is not in the region {region} ({text})"))
        }
        ("InvalidAccessKeyId" | "XAdminUserNotFound", _) => {
            OpenError::new(About::Credentials, format!("{place} does not know the access key ({text})"))
        }
        ("SignatureDoesNotMatch", _) => {
            OpenError::new(About::Credentials, format!("the secret key is not that of the access key ({text})"))
        }
        ("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", _) => {
            OpenError::new(About::Credentials, format!("the session token is not valid, or not any more ({text})"))
        }
        (_, Some(401 | 403)) => {
            OpenError::new(About::Bucket, format!("the credentials do not allow to list the bucket {bucket} ({text})"))
        }
        (_, None) if fault.is_unsent => OpenError::new(
            About::Credentials,
            format!(
                "no credentials were found: in the environment, a shared file, a web identity, a container, an instance ({text})"
            ),
        ),
        (_, None) => OpenError::new(About::Endpoint, format!("{place} does not answer ({text})")),
        _ => OpenError::new(About::Endpoint, format!("{place} cannot be used ({text})")),
    }
}
