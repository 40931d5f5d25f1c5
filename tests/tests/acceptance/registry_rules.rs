//! The rules of the client contract for registries that no other file holds the server to.

use acceptance::{
    CHART_CONFIG, CHART_PACKAGE, CHART_PROVENANCE, Chart, ChartBuilder, INDEX, MANIFEST, Server, descriptor, image,
    sha256,
};
use bytes::Bytes;
use serde_json::json;

#[tokio::test]
async fn o1_the_registry_is_at_the_root_of_the_same_port_whatever_the_context_path() {
    let server = Server::with(&["--depth=1", "--context-path=/charts"]).await;
    let chart = Chart::new("one", "1.0.0");
    server.post("/charts/api/org/charts", chart.bytes.clone()).await.expect(201);
    server.get("/v2/").await.expect(200);
    server.get("/v2/org/one/manifests/1.0.0").await.expect(200);
    server.get("/charts/v2/org/one/manifests/1.0.0").await.expect(404);
}

#[tokio::test]
async fn o2_o6_each_chart_is_a_name_whose_tags_are_its_versions_from_one_request_to_the_next() {
    let server = Server::with(&["--depth=1"]).await;
    let tags = async |name: &str| server.get(&format!("/v2/org/{name}/tags/list")).await;
    tags("one").await.expect_code(404, "NAME_UNKNOWN");
    for version in ["1.0.0", "1.0.1"] {
        server.publish("org", &Chart::new("one", version)).await;
        let listed = tags("one").await.expect(200).json();
        assert!(listed["tags"].as_array().unwrap().contains(&json!(version)), "{listed}");
    }
    server.publish("org", &Chart::new("two", "3.0.0")).await;
    assert_eq!(tags("two").await.expect(200).json(), json!({"name": "org/two", "tags": ["3.0.0"]}));
    server.delete("/api/org/charts/one/1.0.0").await.expect(200);
    assert_eq!(tags("one").await.expect(200).json()["tags"], json!(["1.0.1"]));
}

#[tokio::test]
async fn o4_a_tag_that_reads_as_a_version_is_a_chart_and_those_that_tools_reserve_are_allowed_beside_it() {
    let server = Server::with(&["--depth=1"]).await;
    server.publish("org", &Chart::new("one", "1.0.0")).await;
    server.push_blob("org/one", "{}").await;
    server.push_blob("org/one", "signature").await;
    let thing = image(
        descriptor("application/vnd.oci.image.config.v1+json", b"{}"),
        &[descriptor("application/vnd.dev.cosign.simplesigning.v1+json", b"signature")],
    );
    let put = async |tag: &str| server.put_manifest("org/one", tag, MANIFEST, thing.to_string()).await;
    put("2.0.0").await.expect_code(409, "DENIED");
    put("1.0.0").await.expect_code(409, "DENIED");
    let head = server.head("/v2/org/one/manifests/1.0.0").await.expect(200);
    let digest = head.header("docker-content-digest").unwrap();
    let signature = format!("{}.sig", digest.replace(':', "-"));
    put(&signature).await.expect(201);
    put("artifacthub.io").await.expect(201);
    let listed = server.get("/v2/org/one/tags/list").await.expect(200).json();
    assert_eq!(listed["tags"], json!(["1.0.0", "artifacthub.io", signature]));
    assert_eq!(server.index("org").await.versions("one"), ["1.0.0"]);
}

#[tokio::test]
async fn o7_o8_a_manifest_without_media_type_comes_back_as_it_was_pushed_with_the_headers_that_clients_need() {
    let server = Server::with(&["--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    let (name, manifest) = server.push_chart_blobs("org", &chart, None).await;
    assert!(!String::from_utf8_lossy(&manifest).starts_with(r#"{"mediaType"#));
    server.put_manifest(&name, "1.0.0", MANIFEST, manifest.clone()).await.expect(201);
    let path = "/v2/org/one/manifests/1.0.0";
    for answer in [server.head(path).await.expect(200), server.get(path).await.expect(200)] {
        assert_eq!(answer.header("docker-content-digest"), Some(&*sha256(&manifest)));
        assert_eq!(answer.header("content-length"), Some(&*manifest.len().to_string()));
        assert_eq!(answer.header("content-type"), Some(MANIFEST));
    }
    assert_eq!(server.get(path).await.body, manifest);
}

#[tokio::test]
async fn o9_o10_layers_are_found_by_their_type_and_the_package_is_what_counts() {
    let server = Server::with(&["--depth=1"]).await;
    let chart = ChartBuilder::new("one", "1.0.0").metadata("description: as in the package").build();
    let provenance = chart.provenance();
    let config = json!({"apiVersion": "v2", "name": "one", "version": "1.0.0", "description": "another"}).to_string();
    for blob in [config.clone().into(), chart.bytes.clone(), Bytes::from(provenance.clone()), "notes".into()] {
        server.push_blob("org/one", blob).await;
    }
    // the package last, behind a layer that says nothing to a repository
    let manifest = json!({
        "schemaVersion": 2,
        "config": descriptor(CHART_CONFIG, config.as_bytes()),
        "layers": [
            descriptor("text/plain", b"notes"),
            descriptor(CHART_PROVENANCE, provenance.as_bytes()),
            descriptor(CHART_PACKAGE, &chart.bytes),
        ],
    });
    server.put_manifest("org/one", "1.0.0", MANIFEST, manifest.to_string()).await.expect(201);
    assert_eq!(server.index("org").await.entry("one", "1.0.0")["description"], "as in the package");
    assert_eq!(server.pull("org", "one", "1.0.0").await, chart.bytes);
    let served = server.get(&format!("/org/charts/{}.prov", chart.file_name())).await.expect(200);
    assert_eq!(served.text(), provenance);
}

#[tokio::test]
async fn o15_indexes_artifact_types_and_subjects_are_taken_and_a_digest_outlives_its_tag() {
    let mut server = Server::with(&["--depth=1"]).await;
    let first = server.push_image("apps/one", "latest", "first").await;
    let second = server.push_image("apps/one", "latest", "second").await;
    let index = json!({
        "schemaVersion": 2,
        "mediaType": INDEX,
        "artifactType": "application/vnd.example.set",
        "manifests": [descriptor(MANIFEST, &first), descriptor(MANIFEST, &second)],
        "subject": descriptor(MANIFEST, b"nowhere"),
    })
    .to_string();
    let answer = server.put_manifest("apps/one", "set", INDEX, index.clone()).await.expect(201);
    assert_eq!(answer.header("oci-subject"), Some(&*sha256(b"nowhere")));
    for _ in 0..2 {
        assert_eq!(server.get("/v2/apps/one/manifests/latest").await.expect(200).body, second);
        let by_digest = format!("/v2/apps/one/manifests/{}", sha256(&first));
        assert_eq!(server.get(&by_digest).await.expect(200).body, first);
        assert_eq!(server.get("/v2/apps/one/manifests/set").await.expect(200).text(), index);
        let found = server.get(&format!("/v2/apps/one/referrers/{}", sha256(b"nowhere"))).await.expect(200).json();
        assert_eq!(found["manifests"][0]["artifactType"], "application/vnd.example.set");
        server.restart().await;
    }
}

#[tokio::test]
async fn o16_a_plugin_of_helm_is_kept_with_its_provenance_and_is_no_chart() {
    let server = Server::with(&["--depth=1"]).await;
    let (plugin, provenance) = ("the plugin's archive", "its provenance");
    let kind = "application/vnd.helm.plugin.v1+json";
    for blob in ["{}", plugin, provenance] {
        server.push_blob("plugins/tool", blob).await;
    }
    let layer = |media_type: &str, bytes: &str, title: &str| {
        let mut layer = descriptor(media_type, bytes.as_bytes());
        layer["annotations"] = json!({"org.opencontainers.image.title": title});
        layer
    };
    let mut manifest = image(
        descriptor(kind, b"{}"),
        &[
            layer("application/vnd.oci.image.layer.v1.tar", plugin, "tool-1.0.0.tgz"),
            layer("application/vnd.oci.image.layer.v1.tar", provenance, "tool-1.0.0.tgz.prov"),
        ],
    );
    manifest["artifactType"] = json!(kind);
    // a plugin's tags are versions too: the name belongs to no chart
    server.put_manifest("plugins/tool", "v1.0.0", MANIFEST, manifest.to_string()).await.expect(201);
    let served = server.get("/v2/plugins/tool/manifests/v1.0.0").await.expect(200).json();
    assert_eq!(served["artifactType"], kind);
    assert!(server.index("plugins").await.names().is_empty());
}

#[tokio::test]
async fn o18_who_has_a_package_or_its_manifest_can_be_asked() {
    let server = Server::with(&["--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("org", &chart).await;
    server.publish("mirror", &chart).await;
    server.publish("org", &Chart::new("two", "1.0.0")).await;
    let head = server.head("/v2/org/one/manifests/1.0.0").await.expect(200);
    let manifest = head.header("docker-content-digest").unwrap();
    for digest in [&*chart.digest, manifest] {
        let path = format!("/-/api/v1/versions?digest={digest}&fields=repository,name,version");
        let found = server.get(&path).await.expect(200).json();
        let line = |repository: &str| json!({"repository": repository, "name": "one", "version": "1.0.0"});
        assert_eq!(found["versions"], json!([line("mirror"), line("org")]));
    }
}

#[tokio::test]
async fn e5_artifact_hub_finds_whose_charts_they_are() {
    let server = Server::with(&["--depth=1"]).await;
    server.publish("org", &Chart::new("one", "1.0.0")).await;
    let owner = "repositoryID: 0f0e0d0c-0b0a-0908-0706-050403020100\n";
    server.push_blob("org/one", "{}").await;
    server.push_blob("org/one", owner).await;
    let kind = "application/vnd.cncf.artifacthub.repository-metadata.layer.v1.yaml";
    let config = descriptor("application/vnd.cncf.artifacthub.config.v1+yaml", b"{}");
    let manifest = image(config, &[descriptor(kind, owner.as_bytes())]);
    server.put_manifest("org/one", "artifacthub.io", MANIFEST, manifest.to_string()).await.expect(201);
    let served = server.get("/v2/org/one/manifests/artifacthub.io").await.expect(200).json();
    assert_eq!(served["layers"][0]["mediaType"], kind);
    let digest = served["layers"][0]["digest"].as_str().unwrap();
    assert_eq!(server.get(&format!("/v2/org/one/blobs/{digest}")).await.expect(200).text(), owner);
}
