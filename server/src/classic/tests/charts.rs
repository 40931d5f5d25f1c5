use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use serde_json::{Value, json};

use super::fixtures::*;
use crate::config::Depth;

async fn with_versions() -> TestServer {
    let server = TestServer::start().await;
    for (name, version) in [
        ("mychart", "1.0.0"),
        ("mychart", "1.2.0"),
        ("mychart", "1.2.1"),
        ("mychart", "2.0.0-rc.1"),
        ("mychart", "v0.9"),
        ("Alpha", "0.1.0"),
        ("pre", "0.1.0-alpha"),
    ] {
        server.publish(name, version).await;
    }
    server
}

#[tokio::test]
async fn all_charts_and_pages_of_them() {
    let server = with_versions().await;
    let all = server.get("/api/charts").await;
    assert_eq!(all.header("content-type"), "application/json; charset=utf-8");
    assert_eq!(
        names(&all.json()),
        [
            "Alpha 0.1.0",
            "mychart 2.0.0-rc.1",
            "mychart 1.2.1",
            "mychart 1.2.0",
            "mychart 1.0.0",
            "mychart v0.9",
            "pre 0.1.0-alpha"
        ]
    );
    let known = server.get_with("/api/charts", &[("if-none-match", all.header("etag"))]).await;
    assert_eq!(known.status, 304);
    assert_eq!(server.get_with("/api/charts", &[("accept-encoding", "gzip")]).await.header("content-encoding"), "gzip");

    for (query, expected) in [
        ("offset=0", &["Alpha", "mychart", "pre"][..]),
        ("offset=1", &["mychart", "pre"]), // Q-C1
        ("limit=1", &["Alpha"]),
        ("offset=1&limit=1", &["mychart"]),
        ("offset=0&limit=99", &["Alpha", "mychart", "pre"]),
        ("offset=3", &[]),
        ("offset=99&limit=5", &[]),
    ] {
        let page = server.get(&format!("/api/charts?{query}")).await;
        assert_eq!(page.status, 200, "{query}");
        assert_eq!(page.header("content-length"), page.body.len().to_string());
        let page = page.json();
        let found: Vec<_> = page.as_object().unwrap().keys().collect();
        assert_eq!(found, expected, "{query}");
        for (name, versions) in page.as_object().unwrap() {
            assert_eq!(versions, &all.json()[name], "{query}");
        }
    }
    server.get("/api/charts?offset=-1").await.is_error(400, "offset is not a valid non-negative integer");
    server.get("/api/charts?offset=").await.is_error(400, "offset is not a valid non-negative integer");
    server.get("/api/charts?limit=0").await.is_error(400, "limit is not a valid positive integer");
    assert_eq!(server.get("/api/charts?offset=10&limit=5").await.text(), "{}");
}

#[tokio::test]
async fn one_chart() {
    let server = with_versions().await;
    let chart = server.get("/api/charts/mychart").await;
    assert_eq!((chart.status.as_u16(), chart.header("content-type")), (200, "application/json; charset=utf-8"));
    assert_eq!(chart.json(), server.get("/api/charts").await.json()["mychart"]);
    let head = server.head("/api/charts/mychart").await;
    assert_eq!((head.status.as_u16(), head.header("content-length")), (200, &*chart.body.len().to_string()));
    server.get("/api/charts/MyChart").await.is_error(404, "chart not found");
    server.get("/api/charts/").await.is_error(404, "chart not found");
    assert_eq!(server.head("/api/charts/none").await.status, 404);
}

#[tokio::test]
async fn one_version_by_text_and_by_range() {
    let server = with_versions().await;
    for (asked, expected) in [
        ("1.2.0", "1.2.0"),
        ("latest", "1.2.1"),
        ("", "1.2.1"),
        ("1", "1.2.1"),
        ("1.x", "1.2.1"),
        ("1.0", "1.0.0"),
        ("^1.0", "1.2.1"),
        ("~1.2.0", "1.2.1"),
        ("%3E=1.0.0%20%3C1.2.0", "1.0.0"),
        ("*", "1.2.1"),
        ("%3E0.0.0-0", "2.0.0-rc.1"),
        ("2.0.0-rc.1", "2.0.0-rc.1"),
        ("v1.0.0", "1.0.0"),
        ("v0.9", "v0.9"),
        ("0.9.0", "v0.9"),
    ] {
        let version = server.get(&format!("/api/charts/mychart/{asked}")).await;
        assert_eq!(version.status, 200, "{asked}");
        assert_eq!(version.json()["version"], expected, "{asked}");
        let chart = server.get("/api/charts/mychart").await.json();
        assert!(chart.as_array().unwrap().contains(&version.json()), "{asked}");
        assert_eq!(server.head(&format!("/api/charts/mychart/{asked}")).await.status, 200, "{asked}");
    }
    for (path, text) in [
        ("none/1.0.0", "no chart name found"),
        ("mychart/9.9.9", "no chart version found for mychart-9.9.9"),
        ("mychart/%3E=3", "no chart version found for mychart-\\u003e=3"),
        ("mychart/%3C0.1%20%7C%7C%20%3E=3", "no chart version found for mychart-\\u003c0.1 || \\u003e=3"),
        ("mychart/LATEST", "improper constraint: LATEST"),
        ("mychart/a&b", "improper constraint: a\\u0026b"),
        ("pre/latest", "no chart version found for pre-"),
        ("pre/", "no chart version found for pre-"),
    ] {
        server.get(&format!("/api/charts/{path}")).await.is_error(404, text);
        assert_eq!(server.head(&format!("/api/charts/{path}")).await.status, 404, "{path}");
    }
}

/// K5, U10: versions that differ in build metadata only, each reachable by its text.
#[tokio::test]
async fn builds_of_one_version_stay_apart() {
    let server = TestServer::start().await;
    for version in ["1.0.0+a", "1.0.0+b", "1.0.0"] {
        server.publish("mychart", version).await;
    }
    for version in ["1.0.0+a", "1.0.0+b", "1.0.0"] {
        assert_eq!(server.get(&format!("/api/charts/mychart/{version}")).await.json()["version"], version);
    }
}

#[tokio::test]
async fn templates_and_values() {
    let server = with_versions().await;
    for version in ["1.2.1", "latest", "^1"] {
        let answer = server.get(&format!("/api/charts/mychart/{version}/templates")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/json; charset=utf-8"));
        assert_eq!(
            answer.json(),
            json!({
                "templates": [
                    {"name": "templates/pod.yaml", "data": STANDARD.encode("kind: Pod\n")},
                    {"name": "templates/sub/service.yaml", "data": STANDARD.encode("kind: Service\n")},
                ],
                "values": {"image": {"name": "a", "tag": "b"}, "replicas": 1},
            })
        );
        assert!(answer.text().ends_with(r#""values":{"image":{"name":"a","tag":"b"},"replicas":1}}"#));
        let answer = server.get(&format!("/api/charts/mychart/{version}/values")).await;
        assert_eq!((answer.status.as_u16(), answer.header("content-type")), (200, "application/yaml"));
        answer.is(200, "# how many\nreplicas: 1\nimage:\n  tag: b\n  name: a\n");
    }
    for verb in ["templates", "values"] {
        server.get(&format!("/api/charts/none/1.0.0/{verb}")).await.is_error(404, "no chart name found");
        let text = "no chart version found for mychart-9.9.9";
        server.get(&format!("/api/charts/mychart/9.9.9/{verb}")).await.is_error(404, text);
    }
}

#[tokio::test]
async fn a_chart_of_metadata_only() {
    let server = TestServer::start().await;
    let bare = packed(&[("Chart.yaml", &chart_yaml("bare", "1.0.0"))]);
    assert_eq!(server.post("/api/charts", bare).await.status, 201);
    server.get("/api/charts/bare/1.0.0/templates").await.is(200, r#"{"templates":null,"values":null}"#);
    server.get("/api/charts/bare/1.0.0/values").await.is_error(404, "values.yaml not found");
    let empty = packed(&[("Chart.yaml", &chart_yaml("empty", "1.0.0")), ("values.yaml", "# nothing\n")]);
    assert_eq!(server.post("/api/charts", empty).await.status, 201);
    server.get("/api/charts/empty/1.0.0/templates").await.is(200, r#"{"templates":null,"values":{}}"#);
    server.get("/api/charts/empty/1.0.0/values").await.is(200, "# nothing\n");
}

/// Q-C6: also with absolute addresses in the index.
#[tokio::test]
async fn templates_and_values_with_absolute_addresses() {
    let server = TestServer::with(|settings| settings.index.chart_url = Some("https://cdn.test".to_owned())).await;
    server.publish("mychart", "1.0.0").await;
    let index = server.get("/index.yaml").await.json();
    assert_eq!(index["entries"]["mychart"][0]["urls"][0], "https://cdn.test/charts/mychart-1.0.0.tgz");
    assert_eq!(server.get("/api/charts/mychart/1.0.0/values").await.status, 200);
    assert_eq!(server.get("/api/charts/mychart/1.0.0/templates").await.status, 200);
}

/// U1, at every depth.
#[tokio::test]
async fn both_orders_mean_the_same() {
    for depth in [Depth::Fixed(2), Depth::Dynamic] {
        let server = TestServer::at_depth(depth).await;
        let first = package("mychart", "1.0.0");
        let second = package("mychart", "2.0.0");
        assert_eq!(server.post("/api/org/team/charts", first).await.status, 201);
        assert_eq!(server.post("/org/team/api/charts", second).await.status, 201);
        for rest in ["/charts", "/charts/mychart", "/charts/mychart/^1", "/charts/mychart/1.0.0/values"] {
            let one = server.get(&format!("/api/org/team{rest}")).await;
            let other = server.get(&format!("/org/team/api{rest}")).await;
            assert_eq!((one.status.as_u16(), &one.body), (200, &other.body), "{rest}");
        }
        assert_eq!(server.listed_in("/org/team").await, ["mychart 2.0.0", "mychart 1.0.0"]);
        assert_eq!(server.files().await, ["org/team/mychart-1.0.0.tgz", "org/team/mychart-2.0.0.tgz"]);
        // and no other repository has it
        assert_eq!(server.get("/api/org/other/charts").await.json(), Value::Object(Default::default()));
    }
}
