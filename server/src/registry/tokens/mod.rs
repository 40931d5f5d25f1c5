pub(super) mod request;
pub(super) mod show;

use axum::response::Response;
use http::HeaderValue;
use http::header::CACHE_CONTROL;
use jiff::Timestamp;
use serde_json::json;

use super::answer;
use crate::auth::{Issued, Scope};

/// More scopes than clients ask for at once.
const MOST_SCOPES: usize = 32;

/// Scopes as they are asked for: those that are none are left out, since nothing is granted for them.
fn scopes<'t>(texts: impl Iterator<Item = &'t str>) -> Vec<Scope> {
    texts.flat_map(str::split_whitespace).filter_map(|text| text.parse().ok()).take(MOST_SCOPES).collect()
}

fn shown(issued: &Issued, refresh: Option<&Issued>) -> Response {
    let at = i64::try_from(issued.at).ok().and_then(|at| Timestamp::from_second(at).ok()).unwrap_or_default();
    let mut body = json!({
        "token": issued.token,
        "access_token": issued.token,
        "expires_in": issued.seconds,
        "issued_at": at.to_string(),
    });
    if let Some(refresh) = refresh {
        body["refresh_token"] = json!(refresh.token);
    }
    let mut response = answer::json(body.to_string());
    response.headers_mut().insert(CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}
