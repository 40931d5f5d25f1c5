use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::{HeaderValue, StatusCode};

use super::Frames;

/// What ChartMuseum writes, to the letter.
pub const JSON: HeaderValue = HeaderValue::from_static("application/json; charset=utf-8");

/// An answer of JSON text.
pub fn json(status: StatusCode, text: impl Into<Bytes>) -> Response {
    let text = text.into();
    let length = text.len();
    answer(status, Body::from(text), length as u64)
}

/// An answer of JSON text in frames.
pub fn json_frames(body: &chart::index::Body) -> Response {
    answer(StatusCode::OK, Body::new(Frames::from(body)), body.length)
}

/// An answer of `{"error":"…"}`, escaped as ChartMuseum does: scripts compare the whole text.
pub fn json_error(status: StatusCode, message: &str) -> Response {
    let message = chart::index::to_json(message);
    let message = message.replace('<', "\\u003c").replace('>', "\\u003e").replace('&', "\\u0026");
    json(status, format!(r#"{{"error":{message}}}"#))
}

fn answer(status: StatusCode, body: Body, length: u64) -> Response {
    let mut response = Response::new(body);
    *response.status_mut() = status;
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, JSON);
    headers.insert(CONTENT_LENGTH, length.into());
    response
}
