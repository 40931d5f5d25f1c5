//! What the registry's answers are made of.

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use chart::oci::ContentDigest;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE, LINK, LOCATION};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};

/// The digest of what is served or was taken.
pub static DOCKER_CONTENT_DIGEST: HeaderName = HeaderName::from_static("docker-content-digest");
/// The manifest that a pushed one refers to: clients learn by it that referrers are listed here.
pub static OCI_SUBJECT: HeaderName = HeaderName::from_static("oci-subject");
/// A tag that was set by a parameter.
pub static OCI_TAG: HeaderName = HeaderName::from_static("oci-tag");
/// What a list was filtered by.
pub static OCI_FILTERS_APPLIED: HeaderName = HeaderName::from_static("oci-filters-applied");
/// How far an upload is.
pub static DOCKER_UPLOAD_UUID: HeaderName = HeaderName::from_static("docker-upload-uuid");

/// An answer of these bytes, and their length.
pub fn bytes(status: StatusCode, bytes: impl Into<Bytes>) -> Response {
    let bytes = bytes.into();
    let length = bytes.len();
    let mut response = Response::new(Body::from(bytes));
    *response.status_mut() = status;
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}

/// An answer of JSON text.
pub fn json(text: impl Into<Bytes>) -> Response {
    let mut response = bytes(StatusCode::OK, text);
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
    response
}

/// A JSON array of names or tags. Their characters are none that JSON escapes, and there may be ten thousand of them: no
/// tree of values is made first.
pub fn array<'a>(texts: impl Iterator<Item = &'a str>) -> String {
    let mut array = String::from("[");
    for text in texts {
        if array.len() > 1 {
            array.push(',');
        }
        array.push('"');
        array.push_str(text);
        array.push('"');
    }
    array.push(']');
    array
}

/// An answer without a body that says where something is. The address is relative: a proxy may have changed scheme and host,
/// and clients do not follow to others.
pub fn located(status: StatusCode, path: &str) -> Response {
    let mut response = bytes(status, Bytes::new());
    insert(response.headers_mut(), LOCATION, path);
    response
}

/// Says what the content's digest is.
pub fn with_digest(mut response: Response, digest: &ContentDigest) -> Response {
    insert(response.headers_mut(), DOCKER_CONTENT_DIGEST.clone(), &digest.to_string());
    response
}

/// Says where a list goes on.
pub fn with_next(mut response: Response, path: &str) -> Response {
    insert(response.headers_mut(), LINK, &format!("<{path}>; rel=\"next\""));
    response
}

/// The bytes that an upload has, as the last one of them. Of none there is no such form, and clients want a number.
pub fn received(size: u64) -> HeaderValue {
    let last = size.saturating_sub(1);
    HeaderValue::try_from(format!("0-{last}")).unwrap_or(HeaderValue::from_static("0-0"))
}

/// Inserts a text that is made of names, digits and digests, which headers can hold.
pub fn insert(headers: &mut HeaderMap, name: HeaderName, text: &str) {
    if let Ok(value) = HeaderValue::try_from(text) {
        headers.insert(name, value);
    }
}
