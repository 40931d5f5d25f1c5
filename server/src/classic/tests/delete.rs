use super::fixtures::*;

/// K12, K13.
#[tokio::test]
async fn a_version_and_its_provenance_are_gone_and_can_come_back() {
    let server = TestServer::start().await;
    let package = server.publish("mychart", "1.0.0").await;
    server.publish("mychart", "1.1.0").await;
    let signed = provenance("mychart", "1.0.0", &package);
    assert_eq!(server.post("/api/prov", signed.clone()).await.status, 201);

    server.delete("/api/charts/mychart/1.0.0").await.is(200, r#"{"deleted":true}"#);
    assert_eq!(server.listed().await, ["mychart 1.1.0"]);
    assert_eq!(server.files().await, ["mychart-1.1.0.tgz"]);
    for path in ["/charts/mychart-1.0.0.tgz", "/charts/mychart-1.0.0.tgz.prov"] {
        server.get(path).await.is_error(404, "object not found");
    }
    let text = "no chart version found for mychart-1.0.0";
    server.get("/api/charts/mychart/1.0.0").await.is_error(404, text);
    server.delete("/api/charts/mychart/1.0.0").await.is_error(404, "object not found");

    server.post("/api/charts", package.clone()).await.is(201, r#"{"saved":true}"#);
    server.post("/api/prov", signed).await.is(201, r#"{"saved":true}"#);
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, package);
}

#[tokio::test]
async fn only_what_is_named_literally_is_deleted() {
    let server = TestServer::start().await;
    server.publish("mychart", "1.0.0").await;
    for path in
        ["mychart/latest", "mychart/^1", "mychart/1.0", "mychart/v1.0.0", "mychart/", "MyChart/1.0.0", "none/1.0.0"]
    {
        server.delete(&format!("/api/charts/{path}")).await.is_error(404, "object not found");
    }
    assert_eq!(server.listed().await, ["mychart 1.0.0"]);
}

#[tokio::test]
async fn a_whole_chart() {
    let server = TestServer::start().await;
    for version in ["1.0.0", "1.1.0", "2.0.0-rc.1"] {
        server.publish("mychart", version).await;
    }
    server.publish("mychart-service", "1.0.0").await;
    server.delete("/api/charts/mychart").await.is(200, r#"{"deleted":true}"#);
    assert_eq!(server.listed().await, ["mychart-service 1.0.0"]);
    server.get("/api/charts/mychart").await.is_error(404, "chart not found");
    server.delete("/api/charts/mychart").await.is_error(404, "chart not found");
    assert_eq!(server.files().await, ["mychart-service-1.0.0.tgz"]);
    // the list is no chart
    server.delete("/api/charts").await.is_error(404, "not found");
}

#[tokio::test]
async fn deleting_can_be_switched_off() {
    let server = TestServer::with(|settings| settings.repository.delete = false).await;
    server.publish("mychart", "1.0.0").await;
    server.delete("/api/charts/mychart/1.0.0").await.is_error(404, "not found");
    server.delete("/api/charts/mychart").await.is_error(404, "not found");
    assert_eq!(server.listed().await, ["mychart 1.0.0"]);
}
