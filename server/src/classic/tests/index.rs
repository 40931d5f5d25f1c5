use std::io::Read;
use std::time::Duration;

use storage::faulty::Plan;

use super::fixtures::*;
use crate::config::Depth;

#[tokio::test]
async fn a_repository_that_nobody_pushed_to_is_empty() {
    let server = TestServer::at_depth(Depth::Dynamic).await;
    let index = server.get("/never/seen/index.yaml").await;
    assert_eq!(index.status, 200);
    assert_eq!(index.header("content-type"), "application/x-yaml");
    assert_eq!(index.header("content-length"), index.body.len().to_string());
    assert_eq!(index.json()["apiVersion"], "v1");
    assert_eq!(index.json()["entries"], serde_json::json!({}));
    assert_eq!(index.json()["serverInfo"], serde_json::json!({}));
    let again = server.get("/never/seen/index.yaml").await;
    assert_eq!(again.body, index.body);
    assert_eq!(again.header("etag"), index.header("etag"));
    assert_eq!(server.get("/api/never/seen/charts").await.text(), "{}");
    // asking leaves nothing behind
    assert!(server.files().await.is_empty());
    assert!(server.door.app().catalogue.view().repositories().next().is_none());
}

#[tokio::test]
async fn an_entry_says_where_and_what_the_package_is() {
    let server = TestServer::start().await;
    let package = server.publish("mychart", "1.0.0").await;
    let index = server.get("/index.yaml").await;
    let entry = &index.json()["entries"]["mychart"][0];
    assert_eq!(entry["urls"], serde_json::json!(["charts/mychart-1.0.0.tgz"]));
    assert_eq!(entry["digest"], chart::Digest::of(&package).to_string());
    assert_eq!(entry["apiVersion"], "v2");
    assert!(entry["created"].is_string());
}

#[tokio::test]
async fn the_index_in_gzip_and_by_its_tag() {
    let server = TestServer::start().await;
    server.publish("mychart", "1.0.0").await;
    let plain = server.get("/index.yaml").await;
    assert_eq!(plain.header("vary"), "Accept-Encoding");
    assert_eq!(plain.header("cache-control"), "no-cache");
    assert_eq!(plain.header("content-encoding"), "");
    let packed = server.get_with("/index.yaml", &[("accept-encoding", "gzip")]).await;
    assert_eq!(packed.header("content-encoding"), "gzip");
    assert_eq!(packed.header("content-length"), packed.body.len().to_string());
    let mut unpacked = Vec::new();
    flate2::read::GzDecoder::new(&*packed.body).read_to_end(&mut unpacked).unwrap();
    assert_eq!(unpacked, plain.body);
    assert_ne!(packed.header("etag"), plain.header("etag"));

    let known = server.get_with("/index.yaml", &[("if-none-match", plain.header("etag"))]).await;
    assert_eq!((known.status.as_u16(), known.text()), (304, ""));
    assert_eq!(known.header("etag"), plain.header("etag"));
    server.publish("mychart", "1.0.1").await;
    let changed = server.get_with("/index.yaml", &[("if-none-match", plain.header("etag"))]).await;
    assert_eq!(changed.status, 200);
    assert_ne!(changed.header("etag"), plain.header("etag"));
}

#[tokio::test]
async fn head_has_the_headers_of_get() {
    let server = TestServer::start().await;
    server.publish("mychart", "1.0.0").await;
    for path in
        ["/index.yaml", "/", "/info", "/health", "/api/charts", "/-/stable/index.yaml", "/missing", "/charts/x.tgz"]
    {
        let (get, head) = (server.get(path).await, server.head(path).await);
        assert_eq!(head.status, get.status, "{path}");
        assert_eq!(head.body.len(), 0, "{path}");
        assert_eq!(head.header("content-length"), get.body.len().to_string(), "{path}");
        for name in ["etag", "content-type", "cache-control", "vary"] {
            assert_eq!(head.header(name), get.header(name), "{path} {name}");
        }
    }
}

#[tokio::test]
async fn the_context_path_is_in_the_index_and_before_it() {
    let server = TestServer::with(|settings| settings.repository.context_path = "/helm/v1".to_owned()).await;
    let answer = server.post("/helm/v1/api/charts", package("mychart", "1.0.0")).await;
    assert_eq!(answer.status, 201);
    let index = server.get("/helm/v1/index.yaml").await;
    assert_eq!(index.json()["serverInfo"], serde_json::json!({"contextPath": "/helm/v1"}));
    assert_eq!(index.json()["entries"]["mychart"][0]["urls"][0], "charts/mychart-1.0.0.tgz");
    assert_eq!(server.get("/helm/v1/charts/mychart-1.0.0.tgz").await.status, 200);
    server.get("/index.yaml").await.is_error(404, "not found");
    server.get("/helm/v1x/index.yaml").await.is_error(404, "not found");
}

#[tokio::test]
async fn views_show_a_part_and_download_all() {
    let server = TestServer::start().await;
    for (name, version) in [("a", "1.0.0"), ("a", "1.1.0"), ("a", "2.0.0-rc.1"), ("b", "0.1.0"), ("c", "1.0.0-alpha")] {
        server.publish(name, version).await;
    }
    for (view, expected) in [
        ("/-/latest/1", &["a 2.0.0-rc.1", "b 0.1.0", "c 1.0.0-alpha"][..]),
        ("/-/latest/2", &["a 2.0.0-rc.1", "a 1.1.0", "b 0.1.0", "c 1.0.0-alpha"]),
        ("/-/stable", &["a 1.1.0", "a 1.0.0", "b 0.1.0"]),
        ("/-/chart/a", &["a 2.0.0-rc.1", "a 1.1.0", "a 1.0.0"]),
        ("/-/chart/none", &[]),
    ] {
        assert_eq!(server.listed_in(view).await, expected, "{view}");
        let index = server.get(&format!("{view}/index.yaml")).await;
        let known = server.get_with(&format!("{view}/index.yaml"), &[("if-none-match", index.header("etag"))]).await;
        assert_eq!(known.status, 304, "{view}");
        assert_eq!(server.get(&format!("{view}/charts/a-1.0.0.tgz")).await.status, 200, "{view}");
    }
    server.publish("a", "3.0.0").await;
    assert_eq!(server.listed_in("/-/latest/1").await[0], "a 3.0.0");
    assert_eq!(server.listed_in("/-/stable").await[0], "a 3.0.0");
    server.get("/-/latest/0/index.yaml").await.is_error(404, "not found");
}

#[tokio::test]
async fn an_answer_that_may_be_old_says_so() {
    let server = TestServer::with(|settings| settings.catalogue.stale_while_down = Duration::from_secs(3600)).await;
    server.publish("mychart", "1.0.0").await;
    assert_eq!(server.get("/index.yaml").await.header("warning"), "");
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.header("warning"), "");
    server.store.set_plan(Plan::down());
    for path in
        ["/index.yaml", "/api/charts", "/api/charts/mychart", "/api/charts/mychart/1.0.0", "/charts/mychart-1.0.0.tgz"]
    {
        let answer = server.get(path).await;
        assert_eq!((answer.status.as_u16(), answer.header("warning")), (200, "110 - \"Response is Stale\""), "{path}");
    }
    // what seems to be absent may only not be known yet
    for path in ["/charts/mychart-1.0.1.tgz", "/api/charts/other", "/api/charts/mychart/9.9.9"] {
        let answer = server.get(path).await;
        answer.is_error(503, "the storage is unavailable");
        assert_eq!(answer.header("retry-after"), "5");
    }
}

#[tokio::test]
async fn pages_at_the_addresses_of_repositories() {
    let server = TestServer::at_depth(Depth::Fixed(1)).await;
    for path in ["/", "/team", "/team/"] {
        let page = server.get(path).await;
        assert_eq!((page.status.as_u16(), page.header("content-type")), (200, "text/html"), "{path}");
        assert_eq!(server.head(path).await.status, 200, "{path}");
    }
    server.get("/team/a").await.is_error(404, "not found");
    // with a dynamic depth only those that exist: a wrong address must not look right
    let server = TestServer::at_depth(Depth::Dynamic).await;
    server.get("/a/b").await.is_error(404, "not found");
    assert_eq!(server.post("/api/a/b/charts", package("mychart", "1.0.0")).await.status, 201);
    assert_eq!(server.get("/a/b").await.status, 200);
    assert_eq!(server.get("/a/b/").await.status, 200);
    server.get("/a").await.is_error(404, "not found");
    assert_eq!(server.get("/v2/a").await.status, 404, "no page of a repository below the registry");
}

#[tokio::test]
async fn health_and_info() {
    let server = TestServer::start().await;
    assert_eq!(server.get("/health").await.text(), r#"{"healthy":true}"#);
    assert_eq!(server.get("/info").await.text(), format!(r#"{{"version":"{}"}}"#, crate::VERSION));
    server.get("/nothing").await.is_error(404, "not found");
    server.delete("/index.yaml").await.is_error(404, "not found");
}
