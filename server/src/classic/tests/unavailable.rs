//! Faults of the storage are 503, never 404, and say nothing of the storage.

use axum::body::Body;
use http::{Method, Request};
use storage::faulty::Plan;

use super::fixtures::*;
use crate::log::Cause;

const READ: &str = "the storage is unavailable";
const CHANGE: &str = "the storage is unavailable; the change may have been made";

#[tokio::test]
async fn every_route_that_needs_the_storage() {
    let server = TestServer::start().await;
    server.publish("mychart", "1.0.0").await;
    server.store.set_plan(Plan::down());
    for path in [
        "/index.yaml",
        "/-/stable/index.yaml",
        "/charts/mychart-1.0.0.tgz",
        "/charts/none-1.0.0.tgz",
        "/api/charts",
        "/api/charts/mychart",
        "/api/charts/none",
        "/api/charts/mychart/1.0.0",
        "/api/charts/mychart/1.0.0/values",
        "/api/charts/mychart/1.0.0/templates",
    ] {
        let answer = server.get(path).await;
        answer.is_error(503, READ);
        assert_eq!(answer.header("retry-after"), "5", "{path}");
    }
    for answer in [
        server.post("/api/charts", package("mychart", "1.1.0")).await,
        server.post("/api/prov", provenance("mychart", "1.0.0", b"")).await,
        server.form("/api/charts", &[("chart", "c", &package("mychart", "1.1.0"))]).await,
        server.delete("/api/charts/mychart/1.0.0").await,
        server.delete("/api/charts/mychart").await,
    ] {
        answer.is_error(503, CHANGE);
        assert_eq!(answer.header("retry-after"), "5");
    }
    assert_eq!(server.get("/health").await.status, 200);
    assert_eq!(server.get("/info").await.status, 200);

    server.store.set_plan(Plan::none());
    assert_eq!(server.listed().await, ["mychart 1.0.0"]);
    assert_eq!(server.post("/api/charts", package("mychart", "1.1.0")).await.status, 201);
}

#[tokio::test]
async fn the_cause_is_for_the_log() {
    let server = TestServer::start().await;
    server.store.set_plan(Plan::down());
    let request = Request::builder().method(Method::GET).uri("/index.yaml").body(Body::empty()).unwrap();
    let response = server.door.answer(request).await;
    assert!(response.extensions().get::<Cause>().is_some_and(|cause| !cause.0.is_empty()));
}
