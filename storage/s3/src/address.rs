//! URLs by which somebody without credentials can read an object for a while.

use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::config::ResponseChecksumValidation;
use aws_sdk_s3::presigning::PresigningConfig;
use storage::{Key, Result, StorageError};

use crate::fault::chain;
use crate::options::Options;
use crate::store::S3Store;

/// No URL may live longer than this, by the protocol.
pub const LONGEST_LIFE: Duration = Duration::from_secs(7 * 24 * 3600);

/// Signs URLs of a bucket's objects. Nothing is asked of the store for it.
#[derive(Clone)]
pub struct Addresses {
    client: Client,
    store: S3Store,
}

impl S3Store {
    /// Signs for those who reach the store at its own endpoint, or at this one.
    pub fn addresses(&self, endpoint: Option<String>) -> Addresses {
        let endpoint = endpoint.and_then(|text| Options { endpoint: Some(text), ..Options::default() }.endpoint_url());
        let mut config = self.client.config().to_builder();
        // asked for by a header that whoever follows a URL does not send
        config.set_response_checksum_validation(Some(ResponseChecksumValidation::WhenRequired));
        if let Some(endpoint) = endpoint {
            config.set_endpoint_url(Some(endpoint));
        }
        Addresses { client: Client::from_conf(config.build()), store: self.clone() }
    }
}

impl Addresses {
    /// A URL that gives the object, as this type, until its life ends or the credentials' that sign it. The store tells
    /// clients to keep the answer no longer than that.
    ///
    /// # Errors
    /// If there are no credentials to sign with.
    pub async fn of(&self, key: &Key, content_type: &str, life: Duration) -> Result<String> {
        let Self { client, store } = self;
        let unsigned = |reason: String| StorageError::Denied(format!("{key} cannot be signed for: {reason}"));
        let life = PresigningConfig::expires_in(life).map_err(|error| unsigned(error.to_string()))?;
        let call = client.get_object().bucket(&store.options.bucket).key(store.names.object(key));
        let call = call
            .response_content_type(content_type)
            .response_cache_control(format!("private, max-age={}", life.expires().as_secs()));
        let signed = call.presigned(life).await.map_err(|error| unsigned(chain(&error)))?;
        if let Some((header, _)) = signed.headers().next() {
            return Err(unsigned(format!("its URL would need the header {header}")));
        }
        Ok(signed.uri().to_owned())
    }
}
