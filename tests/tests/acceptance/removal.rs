//! Removing versions and whole charts.

use acceptance::{Chart, ChartBuilder, Server};
use serde_json::json;

#[tokio::test]
async fn a_removed_version_is_gone_everywhere_and_stays_gone() {
    let mut server = Server::with(&["--depth=1"]).await;
    for version in ["1.0.0", "2.0.0"] {
        server.publish("org", &Chart::new("one", version)).await;
    }
    server.post("/api/org/prov", Chart::new("one", "2.0.0").provenance()).await.expect(201);
    let answer = server.delete("/api/org/charts/one/2.0.0").await.expect(200);
    assert_eq!(answer.text(), r#"{"deleted":true}"#);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    for _ in 0..2 {
        assert_eq!(server.index("org").await.versions("one"), ["1.0.0"]);
        assert_eq!(server.listing("org").await["one"].as_array().unwrap().len(), 1);
        server.get("/org/charts/one-2.0.0.tgz").await.expect_error(404, "object not found");
        server.get("/org/charts/one-2.0.0.tgz.prov").await.expect_error(404, "object not found");
        let text = "no chart version found for one-2.0.0";
        server.get("/api/org/charts/one/2.0.0").await.expect_error(404, text);
        server
            .until("the file is moved away", async |server| (server.files("org") == ["one-1.0.0.tgz"]).then_some(()))
            .await;
        server.restart().await;
    }
}

#[tokio::test]
async fn q_s7_removing_what_is_not_there_is_404_and_says_nothing_of_the_server() {
    let server = Server::start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    for path in ["one/2.0.0", "other/1.0.0", "one/latest", "one/1.x", "one/*", "other"] {
        let answer = server.delete(&format!("/api/charts/{path}")).await.expect(404);
        let storage = server.settings().storage();
        assert!(!answer.text().contains(storage.to_str().unwrap()), "{answer:?}");
        assert!(answer.json()["error"].is_string(), "{answer:?}");
    }
    assert_eq!(server.index("").await.versions("one"), ["1.0.0"]);
    server.delete("/api/charts/one/1.0.0").await.expect(200);
    server.delete("/api/charts/one/1.0.0").await.expect(404);
}

#[tokio::test]
async fn a_removed_version_can_be_published_again_with_the_same_or_other_bytes() {
    let mut server = Server::start().await;
    for text in ["first", "first", "second", "first"] {
        let chart = ChartBuilder::new("one", "1.0.0").file("README.md", text).build();
        server.publish("", &chart).await;
        assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
        assert_eq!(server.get("/charts/one-1.0.0.tgz").await.expect(200).body, chart.bytes);
        server.restart().await;
        assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
        server.delete("/api/charts/one/1.0.0").await.expect(200);
        server.get("/charts/one-1.0.0.tgz").await.expect(404);
    }
}

#[tokio::test]
async fn a_whole_chart_is_removed_with_all_its_versions() {
    let server = Server::with(&["--depth=1"]).await;
    for (name, version) in [("one", "1.0.0"), ("one", "2.0.0"), ("one", "3.0.0-rc.1"), ("one-more", "1.0.0")] {
        server.publish("org", &Chart::new(name, version)).await;
    }
    server.publish("elsewhere", &Chart::new("one", "1.0.0")).await;
    let answer = server.delete("/api/org/charts/one").await.expect(200);
    assert_eq!(answer.json()["deleted"], true);
    assert_eq!(server.index("org").await.names(), ["one-more"]);
    server.get("/api/org/charts/one").await.expect_error(404, "chart not found");
    for version in ["1.0.0", "2.0.0", "3.0.0-rc.1"] {
        server.get(&format!("/org/charts/one-{version}.tgz")).await.expect(404);
    }
    assert_eq!(server.index("elsewhere").await.versions("one"), ["1.0.0"]);
    server.delete("/api/org/charts/one").await.expect(404);
}

#[tokio::test]
async fn versions_that_differ_in_build_metadata_are_removed_apart() {
    let server = Server::start().await;
    for version in ["1.0.0", "1.0.0+a", "1.0.0+b"] {
        server.publish("", &Chart::new("one", version)).await;
    }
    server.delete("/api/charts/one/1.0.0+a").await.expect(200);
    let mut left = server.index("").await.versions("one").iter().map(ToString::to_string).collect::<Vec<_>>();
    left.sort();
    assert_eq!(left, ["1.0.0", "1.0.0+b"]);
    server.get("/charts/one-1.0.0+a.tgz").await.expect(404);
    server.get("/charts/one-1.0.0+b.tgz").await.expect(200);
}

#[tokio::test]
async fn a_file_of_another_name_is_served_and_removed_by_its_chart_s_name() {
    let launch = acceptance::Launch::default();
    let chart = Chart::new("one", "1.0.0");
    launch.place("whatever.tgz", &chart.bytes);
    let server = launch.start().await;
    assert_eq!(server.index("").await.url("one", "1.0.0"), "charts/whatever.tgz");
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
    server.delete("/api/charts/one/1.0.0").await.expect(200);
    server.get("/charts/whatever.tgz").await.expect(404);
    assert_eq!(server.index("").await.value["entries"], json!({}));
}
