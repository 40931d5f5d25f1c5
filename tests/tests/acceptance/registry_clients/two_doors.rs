//! One store, two doors: what came by one goes out by the other with the same bytes.

use acceptance::{Client, HELM_3, HELM_4, Helm, Server};
use bytes::Bytes;
use serde_json::json;

use super::{Registry, Way};

/// How a chart comes in.
#[derive(Debug, Clone, Copy)]
enum Pusher {
    Curl,
    Form,
    Helm,
    Oras,
}

const PUSHERS: [Pusher; 4] = [Pusher::Curl, Pusher::Form, Pusher::Helm, Pusher::Oras];
const PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
const PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";
const CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";

/// A chart that Helm has packed, and signed if there is gpg.
struct Signed {
    file: String,
    package: Bytes,
    provenance: Option<Bytes>,
}

fn make(helm: &Helm, version: &str, keys: Option<&acceptance::KeyRing>) -> Signed {
    if !helm.folder().join("mychart").exists() {
        helm.ok(&["create", "mychart"]);
    }
    let mut arguments = vec!["package", "mychart", "--version", version];
    if let Some(keys) = keys {
        arguments.extend(["--sign", "--key", "founder", "--keyring", &keys.secret]);
    }
    helm.ok(&arguments);
    let file = format!("mychart-{version}.tgz");
    let provenance = keys.map(|_| helm.read(&format!("{file}.prov")).into());
    Signed { package: helm.read(&file).into(), provenance, file }
}

impl Pusher {
    async fn push(self, registry: &Registry, helm: &Helm, oras: &Client, version: &str, chart: &Signed) {
        let server = &registry.server;
        match self {
            Self::Curl => {
                server.post("/api/org/charts", chart.package.clone()).await.expect(201);
                if let Some(provenance) = &chart.provenance {
                    server.post("/api/org/prov", provenance.clone()).await.expect(201);
                }
            }
            Self::Form => {
                let mut parts = vec![("chart", &chart.package[..])];
                parts.extend(chart.provenance.as_ref().map(|provenance| ("prov", &provenance[..])));
                server.post_form("/api/org/charts", &parts).await.expect(201);
            }
            Self::Helm => {
                helm.ok(&["push", &chart.file, &format!("oci://{}", registry.reference("org")), "--plain-http"]);
            }
            Self::Oras => {
                oras.write(
                    "config.json",
                    json!({"apiVersion": "v2", "name": "mychart", "version": version}).to_string(),
                );
                oras.write(&chart.file, &chart.package);
                let mut arguments = vec!["push".to_owned(), "--plain-http".to_owned()];
                arguments.push(registry.reference(&format!("org/mychart:{version}")));
                arguments.extend(["--config".to_owned(), format!("config.json:{CONFIG}")]);
                arguments.push(format!("{}:{PACKAGE}", chart.file));
                if let Some(provenance) = &chart.provenance {
                    oras.write(&format!("{}.prov", chart.file), provenance);
                    arguments.push(format!("{}.prov:{PROVENANCE}", chart.file));
                }
                oras.ok(&arguments);
            }
        }
    }
}

#[tokio::test]
async fn u12_a_chart_pushed_by_anything_is_read_by_everything() {
    for release in [HELM_3, HELM_4] {
        let (Some(helm), Some(oras)) = (Helm::release(release), Client::oras()) else { return };
        let keys = helm.key_ring("founder");
        let registry = Registry::start(Way::Plain).await;
        let server = &registry.server;
        for (number, pusher) in PUSHERS.into_iter().enumerate() {
            let version = format!("1.{number}.0");
            let chart = make(&helm, &version, keys.as_ref());
            pusher.push(&registry, &helm, &oras, &version, &chart).await;
            let digest = chart::Digest::of(&chart.package).to_string();

            // e1: at once in the index, in the API, under the tag
            let entry = server.index("org").await.entry("mychart", &version).clone();
            assert_eq!(entry["digest"], digest, "{pusher:?}");
            assert_eq!(server.pull("org", "mychart", &version).await, chart.package, "{pusher:?}");
            let shown = server.get(&format!("/api/org/charts/mychart/{version}")).await.expect(200).json();
            assert_eq!(shown["digest"], digest, "{pusher:?}");
            let manifest = server.get(&format!("/v2/org/mychart/manifests/{version}")).await.expect(200).json();
            let layers = manifest["layers"].as_array().unwrap();
            let layer = |kind: &str| layers.iter().find(|layer| layer["mediaType"] == kind);
            assert_eq!(layer(PACKAGE).unwrap()["digest"], format!("sha256:{digest}"), "{pusher:?}");
            assert_eq!(layer(PROVENANCE).is_some(), chart.provenance.is_some(), "{pusher:?}: {manifest}");
            let blob = server.get(&format!("/v2/org/mychart/blobs/sha256:{digest}")).await.expect(200);
            assert_eq!(blob.body, chart.package, "{pusher:?}");

            pull_by_both(&helm, &registry, &version, &chart, keys.as_ref(), pusher);
        }
        let tags = server.get("/v2/org/mychart/tags/list").await.expect(200).json();
        assert_eq!(tags, json!({"name": "org/mychart", "tags": ["1.0.0", "1.1.0", "1.2.0", "1.3.0"]}));
        deleted_by_both(server).await;
    }
}

/// Helm pulls, and verifies if it can, the same bytes by index and by registry.
fn pull_by_both(
    helm: &Helm,
    registry: &Registry,
    version: &str,
    chart: &Signed,
    keys: Option<&acceptance::KeyRing>,
    pusher: Pusher,
) {
    let verify: Vec<&str> = keys.map(|keys| vec!["--verify", "--keyring", keys.public.as_str()]).unwrap_or_default();
    let url = registry.server.url("/org");
    let classic = [&["mychart", "--repo", &url, "--version", version], &verify[..]].concat();
    helm.pull(&classic, &format!("classic-{version}"));
    let name = format!("oci://{}", registry.reference("org/mychart"));
    let oci = [&[&name, "--version", version, "--plain-http"], &verify[..]].concat();
    helm.pull(&oci, &format!("oci-{version}"));
    for folder in ["classic", "oci"] {
        let pulled = |suffix: &str| helm.read(&format!("{folder}-{version}/{}{suffix}", chart.file));
        assert!(pulled("") == chart.package, "{pusher:?} {folder}");
        if let Some(provenance) = &chart.provenance {
            assert!(pulled(".prov") == *provenance, "{pusher:?} {folder}");
        }
    }
}

/// What one door deletes is gone from the other.
async fn deleted_by_both(server: &Server) {
    // pushed by curl, deleted by its tag; pushed by Helm, deleted by the API
    server.delete("/v2/org/mychart/manifests/1.0.0").await.expect(202);
    server.delete("/api/org/charts/mychart/1.2.0").await.expect(200);
    for gone in ["1.0.0", "1.2.0"] {
        let index = server.index("org").await;
        assert!(!index.versions("mychart").contains(&gone), "{index:?}");
        server.get(&format!("/api/org/charts/mychart/{gone}")).await.expect(404);
        server.get(&format!("/org/charts/mychart-{gone}.tgz")).await.expect(404);
        server.head(&format!("/v2/org/mychart/manifests/{gone}")).await.expect(404);
    }
    let tags = server.get("/v2/org/mychart/tags/list").await.expect(200).json();
    assert_eq!(tags["tags"], json!(["1.1.0", "1.3.0"]));
    // and by digest
    let head = server.head("/v2/org/mychart/manifests/1.3.0").await.expect(200);
    let digest = head.header("docker-content-digest").unwrap().to_owned();
    server.delete(&format!("/v2/org/mychart/manifests/{digest}")).await.expect(202);
    server.get("/api/org/charts/mychart/1.3.0").await.expect(404);
    assert_eq!(server.index("org").await.entry("mychart", "1.1.0")["version"], "1.1.0");
}
