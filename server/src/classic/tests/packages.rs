use std::time::Duration;

use axum::body::Body;
use http::{Method, Request};
use http_body_util::BodyExt;
use storage::faulty::{Effect, Plan};
use storage::{ObjectStore, Operation};

use super::fixtures::*;

#[tokio::test]
async fn packages_as_chartmuseum_serves_them() {
    let server = TestServer::start().await;
    let package = server.publish("mychart", "1.0.0").await;
    let digest = chart::Digest::of(&package).to_string();
    // P1, P2: whatever the client accepts
    for headers in [&[][..], &[("accept", "text/html")], &[("accept-encoding", "gzip"), ("accept", "application/gzip")]]
    {
        let answer = server.get_with("/charts/mychart-1.0.0.tgz", headers).await;
        assert_eq!(answer.status, 200);
        assert_eq!(answer.body, package);
        assert_eq!(answer.header("content-type"), "application/x-tar");
        assert_eq!(answer.header("content-encoding"), "");
        assert_eq!(answer.header("content-length"), package.len().to_string());
        assert_eq!(answer.header("etag"), format!("\"{digest}\""));
        assert_eq!(answer.header("accept-ranges"), "bytes");
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
    let head = server.ask(Method::HEAD, "/charts/mychart-1.0.0.tgz", &[("range", "bytes=0-1")], "").await;
    assert_eq!((head.status.as_u16(), head.body.len()), (200, 0));
    assert_eq!(head.header("content-length"), package.len().to_string());

    let by_digest = server.get(&format!("/charts/{digest}/mychart-1.0.0.tgz")).await;
    assert_eq!(by_digest.body, package);
    assert_eq!(by_digest.header("cache-control"), "max-age=31536000, immutable");
    let other = chart::Digest::of(b"other");
    server.get(&format!("/charts/{other}/mychart-1.0.0.tgz")).await.is_error(404, "object not found");
}

#[tokio::test]
async fn parts_and_known_packages() {
    let server = TestServer::start().await;
    let package = server.publish("mychart", "1.0.0").await;
    let etag = format!("\"{}\"", chart::Digest::of(&package));
    let path = "/charts/mychart-1.0.0.tgz";

    let part = server.get_with(path, &[("range", "bytes=2-5")]).await;
    assert_eq!(part.status, 206);
    assert_eq!(part.body, package[2..6]);
    assert_eq!(part.header("content-range"), format!("bytes 2-5/{}", package.len()));
    assert_eq!(part.header("content-length"), "4");
    assert_eq!(part.header("content-type"), "application/x-tar");
    let end = server.get_with(path, &[("range", "bytes=-3"), ("if-range", &etag)]).await;
    assert_eq!((end.status.as_u16(), &*end.body), (206, &package[package.len() - 3..]));
    let changed = server.get_with(path, &[("range", "bytes=-3"), ("if-range", "\"x\"")]).await;
    assert_eq!((changed.status.as_u16(), changed.body), (200, package.clone()));
    let beyond = server.get_with(path, &[("range", "bytes=1000000-")]).await;
    assert_eq!((beyond.status.as_u16(), beyond.body.len()), (416, 0));
    assert_eq!(beyond.header("content-range"), format!("bytes */{}", package.len()));

    let known = server.get_with(path, &[("if-none-match", &format!("W/{etag}")), ("range", "bytes=0-1")]).await;
    assert_eq!((known.status.as_u16(), known.body.len()), (304, 0));
    assert_eq!(known.header("etag"), etag);
}

/// P7.
#[tokio::test]
async fn a_plus_may_be_escaped() {
    let server = TestServer::start().await;
    let package = server.publish("mychart", "1.0.0+build.1").await;
    for path in [
        "/charts/mychart-1.0.0+build.1.tgz",
        "/charts/mychart-1.0.0%2Bbuild.1.tgz",
        "/charts/mychart-1.0.0%2bbuild.1.tgz",
    ] {
        assert_eq!(server.get(path).await.body, package, "{path}");
    }
    let index = server.get("/index.yaml").await;
    assert_eq!(index.json()["entries"]["mychart"][0]["urls"][0], "charts/mychart-1.0.0+build.1.tgz");
}

#[tokio::test]
async fn what_is_no_package_of_this_repository() {
    let server = TestServer::start().await;
    server.publish("mychart", "1.0.0").await;
    for path in [
        "/charts/index-cache.yaml",
        "/charts/",
        "/charts/mychart-1.0.0.tgz.asc",
        "/charts/mychart-1.0.0.zip",
        "/charts/x.prov",
    ] {
        server.get(path).await.is_error(404, "unsupported file extension");
    }
    for path in
        ["/charts/mychart-1.0.1.tgz", "/charts/mychart-1.0.0.tgz.prov", "/charts/.tgz", "/charts/MYCHART-1.0.0.tgz"]
    {
        server.get(path).await.is_error(404, "object not found");
    }
    // an object that is no version is not served
    let key = storage::Key::new("stranger-1.0.0.tgz").unwrap();
    server.store.put_new(&key, package("stranger", "1.0.0")).await.unwrap();
    server.get("/charts/stranger-1.0.0.tgz").await.is_error(404, "object not found");
}

#[tokio::test]
async fn provenance_beside_its_package() {
    let server = TestServer::start().await;
    let package = server.publish("mychart", "1.0.0").await;
    let signed = provenance("mychart", "1.0.0", &package);
    server.post("/api/prov", signed.clone()).await.is(201, r#"{"saved":true}"#);
    let digest = chart::Digest::of(&package);
    for path in ["/charts/mychart-1.0.0.tgz.prov".to_owned(), format!("/charts/{digest}/mychart-1.0.0.tgz.prov")] {
        let answer = server.get(&path).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (200, &*signed), "{path}");
        assert_eq!(answer.header("content-type"), "application/pgp-signature");
        assert_eq!(answer.header("etag"), format!("\"{}\"", chart::Digest::of(signed.as_bytes())));
        assert_eq!(answer.header("cache-control"), "no-cache");
    }
}

#[tokio::test]
async fn a_digest_is_followed_by_its_bytes_or_by_nothing() {
    let server = TestServer::with(|settings| settings.repository.allow_overwrite = true).await;
    let first = server.publish("mychart", "1.0.0").await;
    let signed = provenance("mychart", "1.0.0", &first);
    assert_eq!(server.post("/api/prov", signed).await.status, 201);
    let second = packed(&[("Chart.yaml", &chart_yaml("mychart", "1.0.0"))]);
    assert_eq!(server.post("/api/charts", second.clone()).await.status, 201);

    let (old, new) = (chart::Digest::of(&first), chart::Digest::of(&second));
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, second);
    assert_eq!(server.get(&format!("/charts/{new}/mychart-1.0.0.tgz")).await.body, second);
    assert_eq!(server.get(&format!("/charts/{old}/mychart-1.0.0.tgz")).await.body, first);
    let index = server.get("/index.yaml").await.json();
    assert_eq!(index["entries"]["mychart"][0]["urls"][0], format!("charts/{new}/mychart-1.0.0.tgz"));
    // the old signature does not fit the new bytes, nor is it served with the old ones
    for digest in [old, new] {
        let path = format!("/charts/{digest}/mychart-1.0.0.tgz.prov");
        server.get(&path).await.is_error(404, "object not found");
    }
}

#[tokio::test]
async fn what_was_deleted_is_gone_also_from_memory() {
    let server = TestServer::start().await;
    let package = server.publish("mychart", "1.0.0").await;
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, package);
    assert_eq!(server.delete("/api/charts/mychart/1.0.0").await.status, 200);
    server.get("/charts/mychart-1.0.0.tgz").await.is_error(404, "object not found");
    let digest = chart::Digest::of(&package);
    server.get(&format!("/charts/{digest}/mychart-1.0.0.tgz")).await.is_error(404, "object not found");
}

#[tokio::test]
async fn bytes_that_are_not_those_that_were_published_are_not_served() {
    let server = TestServer::start().await;
    server.publish("mychart", "1.0.0").await;
    let key = storage::Key::new("mychart-1.0.0.tgz").unwrap();
    server.store.put(&key, "something else".into()).await.unwrap();
    server.get("/charts/mychart-1.0.0.tgz").await.is_error(503, "the storage is unavailable");
    server.store.delete(&key).await.unwrap();
    server.get("/charts/mychart-1.0.0.tgz").await.is_error(503, "the storage is unavailable");
}

/// A server to which every package is a large one.
async fn streaming() -> TestServer {
    TestServer::with(|settings| settings.packages.stream_above = 0).await
}

#[tokio::test]
async fn a_large_package_is_sent_from_the_local_disk_as_a_small_one_is_from_memory() {
    let server = streaming().await;
    let noise = format!("{:?}", (0..400_000_u32).map(|n| n.wrapping_mul(2_654_435_761)).collect::<Vec<_>>());
    let package = packed(&[("Chart.yaml", &chart_yaml("mychart", "1.0.0")), ("files/noise", &noise)]);
    assert!(package.len() > 1024 * 1024, "{} bytes are several pieces", package.len());
    assert_eq!(server.post("/api/charts", package.clone()).await.status, 201);
    let small = TestServer::sharing(&server, |settings| settings.packages.stream_above = u64::MAX).await;
    let (digest, path) = (chart::Digest::of(&package), "/charts/mychart-1.0.0.tgz");
    let etag = format!("\"{digest}\"");
    let end = format!("bytes={}-", package.len());
    for headers in [
        vec![],
        vec![("range", "bytes=1-3")],
        vec![("range", "bytes=300000-900000")],
        vec![("range", "bytes=-5")],
        vec![("range", &*end)],
        vec![("if-none-match", &*etag)],
    ] {
        for path in [path, &format!("/charts/{digest}/mychart-1.0.0.tgz")] {
            let (large, small) = (server.get_with(path, &headers).await, small.get_with(path, &headers).await);
            assert_eq!((large.status, &large.headers), (small.status, &small.headers), "{headers:?}");
            assert!(large.body == small.body, "{headers:?}");
        }
    }
    assert_eq!(server.get(path).await.body, package);
    // nobody has to read it to say what it is
    server.store.set_plan(Plan::fail_at(1, Effect::Before).only([Operation::Get]).under(["mychart"]));
    let head = server.head(path).await;
    assert_eq!((head.status.as_u16(), head.header("etag")), (200, &*etag));
    assert_eq!(head.header("content-length"), package.len().to_string());
    assert_eq!(server.get_with(path, &[("if-none-match", &etag)]).await.status, 304);
    assert_eq!(server.door.app().packages.bytes(), 0);
}

#[tokio::test]
async fn a_large_package_that_is_not_what_was_published_is_not_begun_to_be_sent() {
    let server = streaming().await;
    let package = server.publish("mychart", "1.0.0").await;
    let key = storage::Key::new("mychart-1.0.0.tgz").unwrap();
    let mut other = package.to_vec();
    *other.last_mut().unwrap() ^= 1;
    for bytes in [other, package[1..].to_vec(), [&package[..], b"more"].concat(), Vec::new()] {
        server.store.put(&key, bytes.into()).await.unwrap();
        server.get("/charts/mychart-1.0.0.tgz").await.is_error(503, "the storage is unavailable");
    }
    server.store.delete(&key).await.unwrap();
    server.get("/charts/mychart-1.0.0.tgz").await.is_error(503, "the storage is unavailable");
    server.store.put(&key, package.clone()).await.unwrap();
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, package);
}

#[tokio::test]
async fn many_who_ask_for_a_large_package_at_once_share_one_copy() {
    let server = streaming().await;
    let package = server.publish("mychart", "1.0.0").await;
    let path = "/charts/mychart-1.0.0.tgz";
    // a second read would fail, but for the time that one who is being sent it has not ended
    server.store.set_plan(Plan::fail_at(2, Effect::Before).under(["mychart"]));
    let first = server.door.answer(Request::get(path).body(Body::empty()).unwrap()).await;
    for answer in futures_util::future::join_all((0..32).map(|_| server.get(path))).await {
        assert_eq!((answer.status.as_u16(), answer.body), (200, package.clone()));
    }
    assert_eq!(first.into_body().collect().await.unwrap().to_bytes(), package);
    server.store.set_plan(Plan::none());
    assert_eq!(server.get(path).await.body, package);
}

#[tokio::test]
async fn packages_in_memory_are_never_more_than_is_allowed() {
    let bound = 8 * 1024;
    let server = TestServer::with(|settings| settings.packages.cache_size = bound).await;
    let mut packages = Vec::new();
    for n in 0..40 {
        packages.push((format!("/charts/mychart-1.{n}.0.tgz"), server.publish("mychart", &format!("1.{n}.0")).await));
    }
    for round in 0..3 {
        let asked = packages.iter().map(async |(path, package)| {
            assert_eq!(server.get(path).await.body, *package, "round {round}");
            assert!(server.door.app().packages.bytes() <= bound);
        });
        futures_util::future::join_all(asked).await;
    }
    let cache = &server.door.app().packages;
    assert!(cache.bytes() > bound / 2 && cache.misses() > 40, "{} bytes, {} misses", cache.bytes(), cache.misses());
}

#[tokio::test]
async fn many_who_ask_at_once_load_it_once() {
    let server = TestServer::start().await;
    let package = server.publish("mychart", "1.0.0").await;
    // a second load would fail; the first takes long enough that the others come meanwhile
    let plan = Plan::delay(Duration::from_millis(5)).and(Plan::fail_at(2, Effect::Before));
    server.store.set_plan(plan.under(["mychart"]));
    let asked = (0..32).map(|_| server.get("/charts/mychart-1.0.0.tgz"));
    for answer in futures_util::future::join_all(asked).await {
        assert_eq!((answer.status.as_u16(), answer.body), (200, package.clone()));
    }
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, package);
}
