//! One store, two doors: what comes by one is at the other at once, with the same bytes.

use acceptance::{
    CHART_CONFIG, CHART_PACKAGE, CHART_PROVENANCE, Chart, ChartBuilder, MANIFEST, Server, descriptor, image, sha256,
};
use reqwest::Method;
use serde_json::{Value, json};

/// What the registry says of a chart's version: the manifest, and each layer's bytes by its type.
async fn read(server: &Server, name: &str, tag: &str) -> (Value, Vec<(String, bytes::Bytes)>) {
    let answer = server.get(&format!("/v2/{name}/manifests/{tag}")).await.expect(200);
    assert_eq!(answer.header("content-type"), Some(MANIFEST));
    let head = server.head(&format!("/v2/{name}/manifests/{tag}")).await.expect(200);
    assert_eq!(head.header("docker-content-digest"), Some(&*sha256(&answer.body)));
    let manifest = answer.json();
    let mut parts = Vec::new();
    let layers = manifest["layers"].as_array().unwrap().iter();
    for part in layers.chain([&manifest["config"]]) {
        let digest = part["digest"].as_str().unwrap();
        let blob = server.get(&format!("/v2/{name}/blobs/{digest}")).await.expect(200);
        assert_eq!(sha256(&blob.body), digest);
        assert_eq!(part["size"], blob.body.len());
        parts.push((part["mediaType"].as_str().unwrap().to_owned(), blob.body));
    }
    (manifest, parts)
}

fn part<'p>(parts: &'p [(String, bytes::Bytes)], media_type: &str) -> Option<&'p bytes::Bytes> {
    parts.iter().find(|(kind, _)| kind == media_type).map(|(_, bytes)| bytes)
}

#[tokio::test]
async fn u12_e1_a_chart_pushed_to_the_registry_is_at_once_in_the_repository() {
    let mut server = Server::with(&["--depth=1"]).await;
    for version in ["1.0.0", "1.1.0-rc.1", "2.0.0+build.5"] {
        let chart = ChartBuilder::new("one", version).metadata("description: A chart").build();
        let provenance = chart.provenance();
        let answer = server.push_chart("org", &chart, Some(&provenance)).await.expect(201);
        let digest = answer.header("docker-content-digest").unwrap();
        assert_eq!(answer.location(), format!("/v2/org/one/manifests/{digest}"));
        let index = server.index("org").await;
        assert_eq!(index.entry("one", version)["digest"], chart.digest);
        assert_eq!(index.entry("one", version)["description"], "A chart");
        assert_eq!(server.pull("org", "one", version).await, chart.bytes);
        let prov = server.get(&format!("/org/charts/{}.prov", chart.file_name())).await.expect(200);
        assert_eq!(prov.text(), provenance);
        let (_, parts) = read(&server, "org/one", &version.replace('+', "_")).await;
        assert_eq!(part(&parts, CHART_PACKAGE), Some(&chart.bytes));
        assert_eq!(part(&parts, CHART_PROVENANCE).unwrap(), provenance.as_bytes());
    }
    for _ in 0..2 {
        // O2, O3: one name per chart, whose tags are its versions, with `_` for `+`
        let tags = server.get("/v2/org/one/tags/list").await.expect(200).json();
        assert_eq!(tags["tags"], json!(["1.0.0", "1.1.0-rc.1", "2.0.0_build.5"]));
        assert_eq!(server.listing("org").await["one"].as_array().unwrap().len(), 3);
        server.restart().await;
    }
}

#[tokio::test]
async fn u12_a_chart_uploaded_to_the_repository_is_at_once_in_the_registry() {
    let mut server = Server::with(&["--depth=1"]).await;
    let chart = ChartBuilder::new("one", "1.0.0+build").metadata("home: https://home.example").build();
    server.publish("org", &chart).await;
    let (first, parts) = read(&server, "org/one", "1.0.0_build").await;
    assert_eq!(part(&parts, CHART_PACKAGE), Some(&chart.bytes));
    assert_eq!(part(&parts, CHART_PROVENANCE), None);
    // O9: the config is the metadata as JSON
    let config: Value = serde_json::from_slice(part(&parts, CHART_CONFIG).unwrap()).unwrap();
    assert_eq!((&config["name"], &config["version"]), (&json!("one"), &json!("1.0.0+build")));
    assert_eq!(first["annotations"]["org.opencontainers.image.title"], "one");
    assert_eq!(first["annotations"]["org.opencontainers.image.version"], "1.0.0+build");
    let package = format!("/v2/org/one/blobs/{}", sha256(&chart.bytes));
    let some = server.get_with(&package, "range", "bytes=3-9").await.expect(206);
    assert_eq!(some.body, chart.bytes.slice(3..10));

    server.post("/api/org/prov", chart.provenance()).await.expect(201);
    let first = sha256(first.to_string().as_bytes());
    for _ in 0..2 {
        let (_, parts) = read(&server, "org/one", "1.0.0_build").await;
        assert_eq!(part(&parts, CHART_PROVENANCE).unwrap(), chart.provenance().as_bytes());
        // who has pinned the manifest before goes on reading it
        server.get(&format!("/v2/org/one/manifests/{first}")).await.expect(200);
        server.restart().await;
    }
}

#[tokio::test]
async fn a_deletion_by_one_door_is_one_by_the_other() {
    let server = Server::with(&["--depth=1"]).await;
    let (one, two) = (Chart::new("app", "1.0.0"), Chart::new("app", "2.0.0"));
    server.publish("org", &one).await;
    server.push_chart("org", &two, None).await.expect(201);
    server.delete("/v2/org/app/manifests/1.0.0").await.expect(202);
    server.get("/org/charts/app-1.0.0.tgz").await.expect(404);
    assert_eq!(server.index("org").await.versions("app"), ["2.0.0"]);
    let digest = server.head("/v2/org/app/manifests/2.0.0").await.expect(200);
    let digest = digest.header("docker-content-digest").unwrap().to_owned();
    server.delete("/api/org/charts/app/2.0.0").await.expect(200);
    for reference in ["1.0.0", "2.0.0", &digest] {
        server.get(&format!("/v2/org/app/manifests/{reference}")).await.expect_code(404, "MANIFEST_UNKNOWN");
    }
    // O17: honest answers, and a push that works
    server.push_chart("org", &two, None).await.expect(201);
    let digest = server.head("/v2/org/app/manifests/2.0.0").await.expect(200);
    let digest = digest.header("docker-content-digest").unwrap().to_owned();
    server.delete(&format!("/v2/org/app/manifests/{digest}")).await.expect(202);
    assert!(server.index("org").await.names().is_empty());
}

#[tokio::test]
async fn the_same_bytes_again_are_a_success_and_others_are_refused() {
    let server = Server::with(&["--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("org", &chart).await;
    // another manifest of the same package, as Helm makes at another time
    let (name, manifest) = server.push_chart_blobs("org", &chart, None).await;
    let mut later: Value = serde_json::from_slice(&manifest).unwrap();
    later["annotations"] = json!({ "org.opencontainers.image.created": "2026-01-01T00:00:00Z" });
    for manifest in [manifest, later.to_string().into()] {
        let pushed = server.put_manifest(&name, "1.0.0", MANIFEST, manifest.clone()).await.expect(201);
        assert_eq!(pushed.header("docker-content-digest"), Some(&*sha256(&manifest)));
        assert_eq!(server.get("/v2/org/one/manifests/1.0.0").await.expect(200).body, manifest);
    }
    assert_eq!(server.index("org").await.versions("one"), ["1.0.0"]);
    let other = ChartBuilder::new("one", "1.0.0").file("README.md", "other").build();
    server.push_chart("org", &other, None).await.expect_code(409, "DENIED");
    assert_eq!(server.pull("org", "one", "1.0.0").await, chart.bytes);

    let server = Server::with(&["--depth=1", "--allow-overwrite"]).await;
    for chart in [&chart, &other] {
        server.push_chart("org", chart, None).await.expect(201);
        assert_eq!(server.pull("org", "one", "1.0.0").await, chart.bytes);
    }
}

#[tokio::test]
async fn a_chart_that_is_none_or_another_one_is_refused_and_nothing_is_published() {
    let server = Server::with(&["--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    let (name, good) = server.push_chart_blobs("org", &chart, None).await;
    server.push_blob("org/one", "no package").await;
    let config = descriptor(CHART_CONFIG, b"{}");
    server.push_blob("org/one", "{}").await;
    let no_package = image(config.clone(), &[descriptor(CHART_PACKAGE, b"no package")]).to_string();
    let no_layer = image(config.clone(), &[]).to_string();
    for (name, tag, manifest) in
        [(&*name, "1.0.0", no_package.into()), (&name, "1.0.0", no_layer.into()), (&name, "1.0.1", good.clone())]
    {
        server.put_manifest(name, tag, MANIFEST, manifest).await.expect_code(400, "MANIFEST_INVALID");
    }
    let (_, of_other) = server.push_chart_blobs("org", &Chart::new("two", "1.0.0"), None).await;
    let two: Value = serde_json::from_slice(&of_other).unwrap();
    for part in two["layers"].as_array().unwrap().iter().chain([&two["config"]]) {
        let query = format!("mount={}&from=org/two", part["digest"].as_str().unwrap());
        let mount = server.request(Method::POST, &format!("/v2/org/one/blobs/uploads/?{query}"));
        server.send(mount).await.expect(201);
    }
    server.put_manifest("org/one", "1.0.0", MANIFEST, of_other).await.expect_code(400, "MANIFEST_INVALID");
    // of several packages some clients take the first, Helm the last
    let mut both: Value = serde_json::from_slice(&good).unwrap();
    both["layers"].as_array_mut().unwrap().extend(two["layers"].as_array().unwrap().iter().cloned());
    for reference in ["1.0.0", &sha256(both.to_string().as_bytes())] {
        let refused = server.put_manifest("org/one", reference, MANIFEST, both.to_string()).await;
        refused.expect_code(400, "MANIFEST_INVALID");
    }
    assert!(server.index("org").await.names().is_empty());
    server.get("/v2/org/one/manifests/1.0.0").await.expect_code(404, "MANIFEST_UNKNOWN");
    server.put_manifest(&name, "1.0.0", MANIFEST, good).await.expect(201);
}

#[tokio::test]
async fn a_chart_at_another_depth_is_refused_with_the_right_address() {
    for (depth, repository, address) in [
        ("--depth=0", "org", "/one"),
        ("--depth=1", "", "/ORGANISATION/one"),
        ("--depth=1", "org/team", "/ORGANISATION/one"),
        ("--depth=2", "org", "/ORGANISATION/TEAM/one"),
    ] {
        let server = Server::with(&[depth]).await;
        let refused = server.push_chart(repository, &Chart::new("one", "1.0.0"), None).await;
        let refused = refused.expect_code(403, "DENIED");
        let address = format!("{}{address}", server.address());
        assert!(refused.text().contains(&address), "{refused:?} does not name {address}");
    }
    let server = Server::with(&["--depth-dynamic"]).await;
    for repository in ["", "org", "org/team/deep"] {
        let chart = Chart::new("one", "1.0.0");
        server.push_chart(repository, &chart, None).await.expect(201);
        assert_eq!(server.pull(repository, "one", "1.0.0").await, chart.bytes);
    }
}

#[tokio::test]
async fn settings_switch_the_door_and_what_may_be_done_there() {
    let mut server = Server::with(&["--registry=false"]).await;
    for path in ["/v2/", "/v2", "/v2/_catalog", "/v2/one/tags/list", "/v2/-/token"] {
        server.get(path).await.expect_error(404, "not found");
    }
    server.publish("", &Chart::new("one", "1.0.0")).await;
    server.restart_with(&["--disable-delete", "--max-storage-objects=1"]).await;
    server.get("/v2/").await.expect(200);
    server.delete("/v2/one/manifests/1.0.0").await.expect_code(405, "UNSUPPORTED");
    server.push_chart("", &Chart::new("two", "1.0.0"), None).await.expect_code(403, "DENIED");
    server.restart_with(&["--disable-api"]).await;
    server.get("/v2/one/manifests/1.0.0").await.expect(200);
    let begin = server.send(server.request(Method::POST, "/v2/one/blobs/uploads/")).await;
    begin.expect_code(405, "UNSUPPORTED");
    server.put_manifest("one", "2.0.0", MANIFEST, "{}").await.expect_code(405, "UNSUPPORTED");
    server.delete("/v2/one/manifests/1.0.0").await.expect_code(405, "UNSUPPORTED");
    server.restart_with(&["--context-path=/below"]).await;
    server.get("/v2/one/manifests/1.0.0").await.expect(200);
    server.get("/below/index.yaml").await.expect(200);
}

#[tokio::test]
async fn e7_a_registry_may_be_for_charts_and_what_refers_to_them_only() {
    let server = Server::with(&["--registry-content=charts"]).await;
    let pushed = server.push_chart("", &Chart::new("one", "1.0.0"), None).await.expect(201);
    let digest = pushed.header("docker-content-digest").unwrap().to_owned();
    let size = server.get("/v2/one/manifests/1.0.0").await.expect(200).body.len();
    server.push_blob("one", "{}").await;
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let plain = image(empty, &[]);
    let mut referrer = plain.clone();
    referrer["subject"] = json!({ "mediaType": MANIFEST, "digest": digest, "size": size });
    referrer["artifactType"] = json!("application/vnd.example.signature");
    let mut lost = referrer.clone();
    lost["subject"]["digest"] = json!(sha256(b"never pushed"));
    let fallback = digest.replace(':', "-");
    let with_layer = image(plain["config"].clone(), &[descriptor("application/vnd.example.layer", b"{}")]);
    let put = async |tag: &str, manifest: &Value| server.put_manifest("one", tag, MANIFEST, manifest.to_string()).await;
    for (tag, manifest) in [
        ("latest", &plain),
        ("anything", &lost),
        (&format!("sha256-{}", "0".repeat(64)), &plain),
        (&sha256(plain.to_string().as_bytes()), &plain),
        ("artifacthub.io", &with_layer),
        // by a tag that belongs to a chart one may not get in another one
        ("artifacthub.io?tag=latest", &plain),
        (&format!("{fallback}.sig?tag=artifacthub.io&tag=latest"), &plain),
    ] {
        put(tag, manifest).await.expect_code(403, "DENIED");
    }
    for (tag, manifest) in [
        (&sha256(referrer.to_string().as_bytes()), &referrer),
        (&fallback, &plain),
        (&format!("{fallback}.sig"), &plain),
        // E5: where Artifact Hub looks
        (&"artifacthub.io".to_owned(), &plain),
        (&format!("{fallback}.att?tag=artifacthub.io"), &plain),
    ] {
        put(tag, manifest).await.expect(201);
    }
    let listed = server.get(&format!("/v2/one/referrers/{digest}")).await.expect(200).json();
    assert_eq!(listed["manifests"][0]["artifactType"], "application/vnd.example.signature");
}
