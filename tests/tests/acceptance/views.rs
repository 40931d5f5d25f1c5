//! Slim indexes at their own paths, and the packages below them.

use acceptance::{Chart, Index, Server};
use serde_json::Value;

async fn filled(settings: &[&str], repository: &str) -> Server {
    let server = Server::with(settings).await;
    for version in ["1.0.0", "1.1.0", "2.0.0-rc.1", "2.0.0", "3.0.0-rc.1"] {
        server.publish(repository, &Chart::new("one", version)).await;
    }
    server.publish(repository, &Chart::new("two", "0.1.0")).await;
    server.publish(repository, &Chart::new("pre", "1.0.0-alpha")).await;
    server
}

async fn view(server: &Server, path: &str) -> Index {
    Index::read(server.get(path).await)
}

#[tokio::test]
async fn s2_the_newest_versions_of_each_chart() {
    let server = filled(&[], "").await;
    let two = view(&server, "/-/latest/2/index.yaml").await;
    assert_eq!(two.versions("one"), ["3.0.0-rc.1", "2.0.0"]);
    assert_eq!(two.versions("two"), ["0.1.0"]);
    assert_eq!(two.versions("pre"), ["1.0.0-alpha"]);
    assert_eq!(view(&server, "/-/latest/1/index.yaml").await.entries().count(), 3);
    let all = view(&server, "/-/latest/100/index.yaml").await;
    assert_eq!(all.value["entries"], server.index("").await.value["entries"]);
    for bad in ["0", "-1", "x", "", "1.5"] {
        server.get(&format!("/-/latest/{bad}/index.yaml")).await.expect(404);
    }
}

#[tokio::test]
async fn s2_stable_versions_only() {
    let server = filled(&[], "").await;
    let stable = view(&server, "/-/stable/index.yaml").await;
    assert_eq!(stable.versions("one"), ["2.0.0", "1.1.0", "1.0.0"]);
    assert_eq!(stable.names(), ["one", "two"]);
}

#[tokio::test]
async fn s2_one_chart_only() {
    let server = filled(&[], "").await;
    let one = view(&server, "/-/chart/one/index.yaml").await;
    assert_eq!(one.names(), ["one"]);
    assert_eq!(one.value["entries"]["one"], server.index("").await.value["entries"]["one"]);
    assert_eq!(view(&server, "/-/chart/nothing/index.yaml").await.entries().count(), 0);
}

#[tokio::test]
async fn s2_every_view_of_every_repository_leads_to_its_packages() {
    for (settings, repository) in [
        (&[][..], ""),
        (&["--depth=1"][..], "org"),
        (&["--depth=2"][..], "org/team"),
        (&["--depth-dynamic"][..], "a/b/c"),
        (&["--depth=1", "--allow-overwrite"][..], "org"),
        (&["--depth=1", "--index-format=yaml"][..], "org"),
    ] {
        let server = filled(settings, repository).await;
        let signed = Chart::new("two", "0.1.0");
        let api = if repository.is_empty() { "/api".to_owned() } else { format!("/api/{repository}") };
        server.post(&format!("{api}/prov"), signed.provenance()).await.expect(201);
        for view_path in ["latest/1", "latest/3", "stable", "chart/one", "chart/two"] {
            let base = format!("/-/{view_path}/{repository}").trim_end_matches('/').to_owned();
            let index = view(&server, &format!("{base}/index.yaml")).await;
            assert_eq!(index.value["apiVersion"], "v1");
            assert!(index.entries().count() > 0, "{base}");
            for entry in index.entries() {
                let url = format!("{base}/{}", entry["urls"][0].as_str().unwrap());
                let answer = server.get(&url).await.expect(200);
                assert_eq!(entry["digest"], chart::Digest::of(&answer.body).to_string(), "{url}");
                let prov = server.get(&format!("{url}.prov")).await;
                assert_eq!(prov.status, if entry["name"] == "two" { 200 } else { 404 }, "{url}.prov");
            }
        }
    }
}

#[tokio::test]
async fn a_view_follows_the_repository_and_is_stable_between_changes() {
    let mut server = filled(&[], "").await;
    let path = "/-/latest/1/index.yaml";
    let before = server.get(path).await.expect(200);
    assert_eq!(before.body, server.get(path).await.expect(200).body);
    let tag = before.header("etag").unwrap().to_owned();
    server.get_with(path, "if-none-match", &tag).await.expect(304);
    server.restart().await;
    assert_eq!(before.body, server.get(path).await.expect(200).body);
    server.publish("", &Chart::new("two", "0.2.0")).await;
    let after = Index::read(server.get_with(path, "if-none-match", &tag).await);
    assert_eq!(after.versions("two"), ["0.2.0"]);
}

#[tokio::test]
async fn views_are_below_the_context_path_and_take_no_uploads() {
    let server = Server::with(&["--context-path=/helm", "--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    server.post("/helm/api/org/charts", chart.bytes.clone()).await.expect(201);
    let index = view(&server, "/helm/-/stable/org/index.yaml").await;
    assert_eq!(index.value["serverInfo"]["contextPath"], Value::from("/helm"));
    assert_eq!(index.versions("one"), ["1.0.0"]);
    server.post("/helm/-/stable/org/api/charts", chart.bytes.clone()).await.expect(404);
    server.get("/-/stable/org/index.yaml").await.expect(404);
}
