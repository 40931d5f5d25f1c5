use axum::body::Body;
use axum::response::Response;
use chart::index::Document;
use http::header::{ACCEPT_ENCODING, CACHE_CONTROL, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, VARY};
use http::{HeaderMap, HeaderValue, StatusCode};

use super::{Frames, REVALIDATE, is_known, prefers_gzip};

/// Answers with a prepared document in the encoding that the client likes best, or says that the client has it.
///
/// `headers` are those of the request. This is the hottest path of the server: frames are shared, nothing is copied.
pub fn prepared(headers: &HeaderMap, document: &Document, content_type: HeaderValue) -> Response {
    let gzip = document.gzip.as_ref().filter(|_| headers.contains_key(ACCEPT_ENCODING) && prefers_gzip(headers));
    let (body, etag) = match gzip {
        Some(gzip) => (gzip, &document.etag_gzip),
        None => (&document.identity, &document.etag),
    };
    let is_known = is_known(headers, etag);
    let mut response = Response::new(if is_known { Body::empty() } else { Body::new(Frames::from(body)) });
    let headers = response.headers_mut();
    if let Ok(etag) = HeaderValue::from_str(etag) {
        headers.insert(ETAG, etag);
    }
    headers.insert(CACHE_CONTROL, REVALIDATE);
    headers.insert(VARY, HeaderValue::from_static("Accept-Encoding"));
    if is_known {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    headers.insert(CONTENT_TYPE, content_type);
    headers.insert(CONTENT_LENGTH, body.length.into());
    if gzip.is_some() {
        headers.insert(CONTENT_ENCODING, HeaderValue::from_static("gzip"));
    }
    response
}
