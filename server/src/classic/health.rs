use axum::response::Response;
use http::StatusCode;

use crate::answer;

/// `GET /health`: the process answers. It says nothing of the storage; `/-/ready` does.
pub fn show() -> Response {
    answer::json(StatusCode::OK, r#"{"healthy":true}"#)
}
