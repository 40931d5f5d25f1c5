//! The parts of HTTP that answers are made of: bodies, validators, encodings, ranges.

mod conditional;
mod document;
mod encoding;
mod frames;
mod json;
mod piecewise;
mod prepared;
mod range;
#[cfg(test)]
mod tests;

pub use conditional::is_known;
pub use document::document;
pub use encoding::prefers_gzip;
pub use frames::Frames;
pub use json::{JSON, json, json_error, json_frames};
pub use piecewise::Piecewise;
pub use prepared::prepared;
pub use range::{Requested, requested};

use axum::body::{Body, HttpBody};
use axum::response::Response;
use http::header::{CONTENT_LENGTH, WARNING};
use http::{HeaderValue, StatusCode};

/// Tells a cache to ask again each time: what is behind the address changes.
pub const REVALIDATE: HeaderValue = HeaderValue::from_static("no-cache");
/// For addresses that name their content: a year, the longest that caches take seriously.
pub const IMMUTABLE: HeaderValue = HeaderValue::from_static("max-age=31536000, immutable");

/// The answer to `HEAD`: that of `GET`, length included, without its bytes.
pub fn without_body(mut response: Response) -> Response {
    // a length in a 304 would be that of the bytes which the client has
    let has_body = response.status() != StatusCode::NOT_MODIFIED;
    if let Some(length) = response.body().size_hint().exact().filter(|_| has_body) {
        response.headers_mut().entry(CONTENT_LENGTH).or_insert_with(|| length.into());
    }
    response.map(|_| Body::empty())
}

/// Says that the answer may be older than the storage, if it may.
pub fn with_age(mut response: Response, is_stale: bool) -> Response {
    if is_stale {
        response.headers_mut().insert(WARNING, HeaderValue::from_static("110 - \"Response is Stale\""));
    }
    response
}
