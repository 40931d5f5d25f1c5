use serde_json::json;

use super::{get, lines, pages, post, publish};
use crate::classic::tests::fixtures::{TestServer, package, provenance};
use crate::config::Depth;

#[tokio::test]
async fn what_was_deleted_is_shown_and_can_be_restored() {
    let server = TestServer::at_depth(Depth::Fixed(1)).await;
    let bytes = package("web", "1.0.0");
    assert_eq!(server.post("/api/org/charts", bytes.clone()).await.status, 201);
    let signed = provenance("web", "1.0.0", &bytes);
    assert_eq!(server.post("/api/org/prov", signed.clone()).await.status, 201);
    let before = server.get("/org/index.yaml").await.json()["entries"].clone();
    server.delete("/api/org/charts/web/1.0.0").await.is(200, r#"{"deleted":true}"#);

    let trash = get(&server, "trash").await.json();
    let line = &trash["trash"][0];
    for (field, value) in [
        ("repository", json!("org")),
        ("name", json!("web")),
        ("version", json!("1.0.0")),
        ("size", json!(bytes.len())),
        ("provenance", json!(true)),
        ("digest", before["web"][0]["digest"].clone()),
        ("created", before["web"][0]["created"].clone()),
    ] {
        assert_eq!(line[field], value, "{field}");
    }
    let time = |field: &str| line[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert_eq!(time("expires").duration_since(time("removed")), jiff::SignedDuration::from_hours(7 * 24));

    let restore = "trash/restore?repository=org&name=web&version=1.0.0";
    post(&server, restore).await.is(200, r#"{"restored":true}"#);
    let after = server.get("/org/index.yaml").await.json()["entries"].clone();
    assert_eq!(after["web"][0]["created"], before["web"][0]["created"]);
    let url = get(&server, "charts/web?repository=org&fields=url").await.json()["url"].as_str().unwrap().to_owned();
    assert_eq!(server.get(&url).await.body, bytes);
    assert_eq!(server.get("/org/charts/web-1.0.0.tgz.prov").await.text(), signed);
    get(&server, "trash").await.is(200, r#"{"trash":[]}"#);
    post(&server, restore).await.is_error(404, "there is no such version in the trash");
}

#[tokio::test]
async fn a_version_that_is_there_again_is_not_restored() {
    let server = TestServer::start().await;
    server.publish("web", "1.0.0").await;
    server.delete("/api/charts/web/1.0.0").await.is(200, r#"{"deleted":true}"#);
    publish(&server, "", "web", "1.0.0", "description: other\n").await;
    post(&server, "trash/restore?name=web&version=1.0.0").await.is_error(409, "chart already exists");
    assert_eq!(get(&server, "charts/web").await.json()["description"], "other");
    assert_eq!(lines(&get(&server, "trash").await.json(), "trash"), ["web 1.0.0"]);
}

#[tokio::test]
async fn the_trash_is_listed_in_pages_and_by_name() {
    let server = TestServer::at_depth(Depth::Dynamic).await;
    let mut expected = Vec::new();
    for (repository, shown) in [("", ""), ("/org", "org ")] {
        for name in ["app", "web"] {
            for _ in 0..2 {
                publish(&server, repository, name, "1.0.0", "").await;
                let answer = server.delete(&format!("/api{repository}/charts/{name}/1.0.0")).await;
                answer.is(200, r#"{"deleted":true}"#);
                expected.push(format!("{shown}{name} 1.0.0"));
            }
        }
    }
    for limit in 1..10 {
        assert_eq!(pages(&server, "trash", &format!("limit={limit}")).await.0, expected, "{limit}");
    }
    assert_eq!(pages(&server, "trash", "name=we*&repository=org&limit=1").await.0, ["org web 1.0.0"; 2]);
}

#[tokio::test]
async fn a_restore_says_what_is_missing() {
    let server = TestServer::start().await;
    for (query, sentence) in [
        ("", "name is missing"),
        ("name=web", "version is missing"),
        ("name=web&version=", "version is empty"),
        ("name=web&version=1&force", r#"there is no parameter \"force\" here, but repository, name, version"#),
        ("name=a&version=1&repository=a", "repository is empty: this server has one repository, at its root"),
    ] {
        post(&server, &format!("trash/restore?{query}")).await.is_error(400, sentence);
    }
}

#[tokio::test]
async fn a_reconcile_tells_what_it_found_and_is_remembered() {
    let server = TestServer::at_depth(Depth::Dynamic).await;
    get(&server, "reconcile").await.is(200, r#"{"running":false,"last":null}"#);
    server.publish("web", "1.0.0").await;
    server.remove_file("web-1.0.0.tgz").await;
    let report = post(&server, "reconcile").await;
    assert_eq!(report.status, 200, "{}", report.text());
    let report = report.json();
    assert_eq!(report["missing"], json!([{"path": "web-1.0.0.tgz"}]));
    assert_eq!(report["adopted"], json!([]));
    assert_eq!(report["looksWiped"], json!(null));
    let time = |field: &str| report[field].as_str().unwrap().parse::<jiff::Timestamp>().unwrap();
    assert!(time("began") <= time("ended"));
    assert_eq!(get(&server, "reconcile").await.json(), json!({"running": false, "last": report}));
    get(&server, "charts").await.is(200, r#"{"charts":[]}"#);
    post(&server, "reconcile?acceptLoss=maybe").await.is_error(400, "acceptLoss is true or false");
}

#[tokio::test]
async fn a_great_loss_is_believed_only_on_request() {
    let server = TestServer::start().await;
    for patch in 0..12 {
        server.publish("web", &format!("1.0.{patch}")).await;
        server.remove_file(&format!("web-1.0.{patch}.tgz")).await;
    }
    let report = post(&server, "reconcile").await.json();
    let reason = report["looksWiped"].as_str().unwrap();
    assert!(reason.starts_with("12 of 12 packages of repository \"\" are gone"), "{reason}");
    assert_eq!(report["missing"], json!([]));
    assert_eq!(get(&server, "charts/web").await.json()["versions"], 12);
    let report = post(&server, "reconcile?acceptLoss=true").await.json();
    assert_eq!(report["missing"].as_array().unwrap().len(), 12);
    get(&server, "charts").await.is(200, r#"{"charts":[]}"#);
}
