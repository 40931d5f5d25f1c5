//! What a browser has to be told before scripts from other sites may use this server.

use std::convert::Infallible;
use std::pin::Pin;
use std::task::{Context, Poll};
use std::time::Duration;

use axum::body::Body;
use axum::response::Response;
use http::header::{CONTENT_RANGE, ETAG, ORIGIN, RETRY_AFTER, WARNING, WWW_AUTHENTICATE};
use http::{Method, Request};
use tower::{Layer, Service, ServiceExt};
use tower_http::cors::{AllowHeaders, AllowOrigin, CorsLayer};

use super::X_REQUEST_ID;
use crate::config::AllowedOrigins;
use crate::router::{Door, Route};

/// How long a browser need not ask again. Browsers cut it to at most two hours.
const PREFLIGHT_AGE: Duration = Duration::from_secs(2 * 3600);

/// The rules for these origins. Every answer of the door has them, refusals too, so that a script can read why; and a
/// browser's question beforehand, which never has credentials, is answered before anybody asks for some.
pub(super) fn layer(origins: &AllowedOrigins) -> CorsLayer {
    let layer = CorsLayer::new()
        .allow_methods([Method::GET, Method::HEAD, Method::POST, Method::PUT, Method::PATCH, Method::DELETE])
        .allow_headers(AllowHeaders::mirror_request())
        .expose_headers([ETAG, CONTENT_RANGE, RETRY_AFTER, WARNING, WWW_AUTHENTICATE, X_REQUEST_ID.clone()])
        .max_age(PREFLIGHT_AGE);
    match origins {
        AllowedOrigins::Any => layer.allow_origin(AllowOrigin::any()).vary([]),
        // as ChartMuseum says it: whoever asks
        AllowedOrigins::Only(origins) if origins.len() == 1 => {
            layer.allow_origin(AllowOrigin::exact(origins[0].clone())).vary([])
        }
        AllowedOrigins::Only(origins) => layer.allow_origin(AllowOrigin::list(origins.clone())).vary([ORIGIN]),
    }
}

/// Answers behind the rules, and notes the route that the request led to, if any.
pub(super) async fn answer(
    layer: &CorsLayer,
    door: Door,
    request: Request<Body>,
    noted: &mut Option<&'static Route>,
) -> Response {
    let Ok(mut response) = layer.layer(Inside(door)).oneshot(request).await;
    *noted = response.extensions_mut().remove();
    response
}

#[derive(Clone)]
struct Inside(Door);

impl Service<Request<Body>> for Inside {
    type Response = Response;
    type Error = Infallible;
    type Future = Pin<Box<dyn Future<Output = Result<Response, Infallible>> + Send>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Infallible>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let door = self.0.clone();
        Box::pin(async move {
            let mut noted: Option<&'static Route> = None;
            let mut response = door.answer_noting(request, &mut noted).await;
            noted.map(|route| response.extensions_mut().insert(route));
            Ok(response)
        })
    }
}
