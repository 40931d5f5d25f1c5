//! Every route on one page.

use std::sync::Arc;

use axum::Router;
use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::{Request, StatusCode};

use crate::App;

/// One line of the route table.
#[derive(Debug, Clone, Copy)]
pub struct Route {
    /// The HTTP method.
    pub method: &'static str,
    /// The path, below the context path, with parameters in braces.
    pub path: &'static str,
    /// One sentence.
    pub purpose: &'static str,
}

/// The whole route table, the probes (answered before the door, by `probes.rs`) included.
pub fn routes() -> &'static [Route] {
    &[]
}

/// Answers every request that is no probe.
#[derive(Clone)]
pub struct Door {
    app: Arc<App>,
    router: Router,
}

impl Door {
    /// A door to this app.
    pub fn new(app: Arc<App>) -> Self {
        Self { app, router: Router::new() }
    }

    /// The app behind it.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Answers one request. Not boxed: what is hot may be answered before the router is asked.
    pub async fn answer(&self, _request: Request<Body>) -> Response {
        let _ = &self.router;
        StatusCode::NOT_FOUND.into_response()
    }
}
