//! Downloads that the store answers itself.

use std::fmt;
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use catalogue::{PackageLocation, layout};
use http::header::{CACHE_CONTROL, CONTENT_LENGTH, LOCATION};
use http::{HeaderValue, StatusCode};
use storage_s3::Addresses;

/// The address behind it lives for a while only, and it was given to one who may read.
const NEVER_KEPT: HeaderValue = HeaderValue::from_static("private, no-store");

/// Sends clients to the store with addresses that live for a while.
pub struct Redirects {
    addresses: Addresses,
    life: Duration,
}

impl fmt::Debug for Redirects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Redirects").field("life", &self.life).finish_non_exhaustive()
    }
}

impl Redirects {
    /// Sends them to these addresses, each of which lives so long.
    pub fn new(addresses: Addresses, life: Duration) -> Self {
        Self { addresses, life }
    }

    /// Whether a file may be fetched from the store: where people can write too, nobody has looked at its bytes.
    pub fn cover(&self, location: &PackageLocation) -> bool {
        location.key.as_str().starts_with(layout::objects_folder().as_str())
    }

    /// The way to a file. None if it cannot be signed for, which is logged: the file is then sent from here.
    pub async fn to(&self, location: &PackageLocation, content_type: &HeaderValue) -> Option<Response> {
        let content_type = content_type.to_str().unwrap_or_default();
        let address = match self.addresses.of(&location.key, content_type, self.life).await {
            Ok(address) => HeaderValue::try_from(address).ok()?,
            Err(error) => {
                tracing::warn!(%error, "a download is not redirected");
                return None;
            }
        };
        let mut response = Response::new(Body::empty());
        *response.status_mut() = StatusCode::TEMPORARY_REDIRECT;
        let headers = response.headers_mut();
        headers.insert(LOCATION, address);
        headers.insert(CACHE_CONTROL, NEVER_KEPT);
        headers.insert(CONTENT_LENGTH, 0.into());
        Some(response)
    }
}
