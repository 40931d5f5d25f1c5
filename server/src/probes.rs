//! What orchestrators and scripts ask about the server itself. Answered before the door, so also while it is shut.

use axum::response::Response;
use catalogue::Status;
use http::header::RETRY_AFTER;
use http::{HeaderValue, Method, Request, StatusCode};
use serde_json::json;

use crate::{answer, classic};

/// What is asked.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Probe {
    /// `/health`: ChartMuseum's probe.
    Health,
    /// `/info`: the version.
    Info,
    /// `/-/live`: the process answers.
    Live,
    /// `/-/ready`: requests may be sent here.
    Ready,
}

impl Probe {
    /// Where it is.
    pub fn path(self) -> &'static str {
        match self {
            Self::Health => "/health",
            Self::Info => "/info",
            Self::Live => "/-/live",
            Self::Ready => "/-/ready",
        }
    }
}

/// The probe that a request asks, if it is one. They are at the root, and below the context path too.
pub fn find<B>(context_path: &str, request: &Request<B>) -> Option<Probe> {
    let path = request.uri().path();
    let probe = at(path).or_else(|| at(path.strip_prefix(context_path)?))?;
    matches!(*request.method(), Method::GET | Method::HEAD).then_some(probe)
}

fn at(path: &str) -> Option<Probe> {
    match path {
        "/health" => Some(Probe::Health),
        "/info" => Some(Probe::Info),
        "/-/live" => Some(Probe::Live),
        "/-/ready" => Some(Probe::Ready),
        _ => None,
    }
}

/// The answer to a probe.
pub fn show(probe: Probe, status: impl FnOnce() -> Status) -> Response {
    match probe {
        Probe::Health => classic::health::show(),
        Probe::Info => classic::info::show(),
        Probe::Live => answer::json(StatusCode::OK, r#"{"live":true}"#),
        Probe::Ready => ready(status()),
    }
}

fn ready(status: Status) -> Response {
    let is_ready = status.not_ready.is_empty();
    let mut body = json!({ "ready": is_ready });
    if !is_ready {
        body["notReady"] = status.not_ready.into();
    }
    if !status.degraded.is_empty() {
        body["degraded"] = status.degraded.into();
    }
    if is_ready {
        return answer::json(StatusCode::OK, body.to_string());
    }
    let mut response = answer::json(StatusCode::SERVICE_UNAVAILABLE, body.to_string());
    response.headers_mut().insert(RETRY_AFTER, HeaderValue::from_static("1"));
    response
}

#[cfg(test)]
mod tests {
    use super::*;

    fn asked(context_path: &str, method: Method, path: &str) -> Option<Probe> {
        find(context_path, &Request::builder().method(method).uri(path).body(()).unwrap())
    }

    #[test]
    fn probes_are_at_the_root_and_below_the_context_path() {
        for (path, probe) in
            [("/health", Probe::Health), ("/info", Probe::Info), ("/-/live", Probe::Live), ("/-/ready", Probe::Ready)]
        {
            assert_eq!(asked("", Method::GET, path), Some(probe));
            assert_eq!(asked("", Method::HEAD, path), Some(probe));
            assert_eq!(asked("", Method::POST, path), None);
            assert_eq!(asked("/a/b", Method::GET, path), Some(probe));
            assert_eq!(asked("/a/b", Method::GET, &format!("/a/b{path}?x=1")), Some(probe));
            assert_eq!(asked("/a", Method::GET, &format!("/ab{path}")), None);
        }
        for path in ["/", "/health/", "/org/health", "/healthy"] {
            assert_eq!(asked("", Method::GET, path), None);
        }
    }

    #[tokio::test]
    async fn readiness_says_what_is_missing() {
        let body = |response: Response| async {
            let bytes = axum::body::to_bytes(response.into_body(), 4096).await.unwrap();
            String::from_utf8(bytes.to_vec()).unwrap()
        };
        let degraded = || vec!["the storage looks wiped".to_owned()];
        let response = show(Probe::Ready, Status::default);
        assert_eq!(response.status(), 200);
        assert_eq!(body(response).await, r#"{"ready":true}"#);

        let response = show(Probe::Ready, || Status { degraded: degraded(), ..Status::default() });
        assert_eq!(response.status(), 200);
        assert_eq!(body(response).await, r#"{"ready":true,"degraded":["the storage looks wiped"]}"#);

        let not_ready = vec!["adopting".to_owned()];
        let response = show(Probe::Ready, || Status { not_ready, degraded: degraded(), ..Status::default() });
        assert_eq!(response.status(), 503);
        assert!(response.headers().contains_key(RETRY_AFTER));
        let expected = r#"{"ready":false,"notReady":["adopting"],"degraded":["the storage looks wiped"]}"#;
        assert_eq!(body(response).await, expected);
    }
}
