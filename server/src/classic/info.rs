use axum::response::Response;
use http::StatusCode;

use crate::{VERSION, answer};

/// `GET /info`: the program's version.
pub fn show() -> Response {
    answer::json(StatusCode::OK, format!(r#"{{"version":"{VERSION}"}}"#))
}
