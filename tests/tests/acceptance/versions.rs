//! One version by its number, by a range, or as `latest`, and what is inside its package.

use acceptance::{Chart, ChartBuilder, Server};
use serde_json::json;

async fn with_versions(versions: &[&str]) -> Server {
    let server = Server::start().await;
    for version in versions {
        server.publish("", &Chart::new("one", version)).await;
    }
    server
}

#[tokio::test]
async fn a_version_is_resolved_as_helm_does() {
    let server = with_versions(&[
        "0.9.0",
        "1.0.0",
        "1.2.0",
        "1.4.3",
        "2.0.0",
        "2.1.0",
        "3.0.0-rc.1",
        "1.0.0-beta.2",
        "1.5.0+b7",
    ])
    .await;
    for (asked, expected) in [
        ("latest", "2.1.0"),
        ("", "2.1.0"),
        ("1.2.0", "1.2.0"),
        ("v1.2.0", "1.2.0"),
        ("3.0.0-rc.1", "3.0.0-rc.1"),
        ("1.0.0-beta.2", "1.0.0-beta.2"),
        ("1.5.0+b7", "1.5.0+b7"),
        ("1.5.0", "1.5.0+b7"),
        ("1", "1.5.0+b7"),
        ("1.x", "1.5.0+b7"),
        ("1.0", "1.0.0"),
        ("^1.0", "1.5.0+b7"),
        ("~1.2", "1.2.0"),
        (">=1.0.0 <1.5.0", "1.4.3"),
        ("<1.0.0 || 1.2.x", "1.2.0"),
        ("*", "2.1.0"),
        (">0.0.0-0", "3.0.0-rc.1"),
        ("1.0.0 - 1.4", "1.4.3"),
        ("!=2.1.0", "2.0.0"),
    ] {
        let encoded = asked
            .replace('%', "%25")
            .replace(' ', "%20")
            .replace('^', "%5E")
            .replace('|', "%7C")
            .replace('>', "%3E")
            .replace('<', "%3C");
        let path = format!("/api/charts/one/{encoded}");
        let answer = server.get(&path).await.expect(200);
        assert_eq!(answer.json()["version"], expected, "{asked}");
        server.head(&path).await.expect(200);
        if !asked.is_empty() {
            server.get(&format!("{path}/values")).await.expect(200);
        }
    }
}

#[tokio::test]
async fn a_version_that_is_not_there_is_said_with_the_known_texts() {
    let server = with_versions(&["1.0.0-rc.1"]).await;
    for (path, text) in [
        ("nothing/1.0.0", "no chart name found"),
        ("nothing/latest", "no chart name found"),
        ("one/latest", "no chart version found for one-"),
        ("one/2.0.0", "no chart version found for one-2.0.0"),
        ("one/1.0.0", "no chart version found for one-1.0.0"),
        ("one/LATEST", "improper constraint: LATEST"),
        ("one/%7C%7C", "improper constraint: ||"),
        ("one/2.0.0/values", "no chart version found for one-2.0.0"),
        ("nothing/1.0.0/templates", "no chart name found"),
    ] {
        server.get(&format!("/api/charts/{path}")).await.expect_error(404, text);
    }
    server.head("/api/charts/one/2.0.0").await.expect(404);
    server.head("/api/charts/nothing/latest").await.expect(404);
    let answer = server.get("/api/charts/one/%3E=3").await.expect(404);
    assert_eq!(answer.text(), r#"{"error":"no chart version found for one-\u003e=3"}"#);
}

#[tokio::test]
async fn values_are_the_file_as_it_is() {
    let server = Server::start().await;
    let values = "# a comment\nport: 0x50   # and another\nlist: [ 1,2 ]\n";
    let chart = ChartBuilder::new("one", "1.0.0").file("values.yaml", values).build();
    server.publish("", &chart).await;
    for version in ["1.0.0", "latest", "1.x"] {
        let answer = server.get(&format!("/api/charts/one/{version}/values")).await.expect(200);
        assert_eq!(answer.text(), values);
        assert_eq!(answer.header("content-type"), Some("application/yaml"));
    }
    let bare = ChartBuilder::new("bare", "1.0.0").without("values.yaml").build();
    server.publish("", &bare).await;
    server.get("/api/charts/bare/1.0.0/values").await.expect_error(404, "values.yaml not found");
}

#[tokio::test]
async fn templates_are_those_of_the_top_chart_in_base64_with_the_values() {
    let server = Server::start().await;
    let chart = ChartBuilder::new("one", "1.0.0")
        .file("values.yaml", "port: 0x50\nnested: {on: yes}\n")
        .file("templates/config.yaml", "a: {{ .Values.port }}\n")
        .file("templates/deep/er.txt", "é")
        .file("charts/sub/Chart.yaml", "apiVersion: v2\nname: sub\nversion: 1.0.0\n")
        .file("charts/sub/templates/other.yaml", "not ours")
        .file("README.md", "no template")
        .build();
    server.publish("", &chart).await;
    let answer = server.get("/api/charts/one/latest/templates").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    assert_eq!(
        answer.json(),
        json!({
            "templates": [
                {"name": "templates/config.yaml", "data": "YToge3sgLlZhbHVlcy5wb3J0IH19Cg=="},
                {"name": "templates/deep/er.txt", "data": "w6k="},
            ],
            "values": {"port": 80, "nested": {"true": true}},
        })
    );
    let bare = ChartBuilder::new("bare", "1.0.0").without("values.yaml").without("templates/config.yaml").build();
    server.publish("", &bare).await;
    let answer = server.get("/api/charts/bare/1.0.0/templates").await.expect(200);
    assert_eq!(answer.text(), r#"{"templates":null,"values":null}"#);
}
