//! The charts that come with the program, as Helm gets them from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use acceptance::{Chart, HELM_3, HELM_4, Helm, Launch, Server};

/// The charts as they are in this repository.
fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/charts")
}

/// Every chart that Helm can install, with the values of a case that renders.
fn charts() -> BTreeMap<String, PathBuf> {
    let names = fs::read_dir(folder()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap());
    let charts = names.filter(|name| name != "chandlery-library");
    charts.map(|name| (name.clone(), folder().join(name).join("ci/default-values.yaml"))).collect()
}

async fn every_chart_is_found_pulled_linted_and_rendered(helm: Helm) {
    let server = Server::start().await;
    helm.ok(&["repo", "add", "stack", &server.url("/stack")]);
    let found: Vec<serde_json::Value> =
        serde_json::from_str(&helm.ok(&["search", "repo", "stack/", "-o", "json"])).unwrap();
    let names: Vec<_> = found.iter().map(|chart| chart["name"].as_str().unwrap().to_owned()).collect();
    assert_eq!(names, charts().keys().map(|name| format!("stack/{name}")).collect::<Vec<_>>());
    let index = server.index("stack").await;
    for (name, values) in charts() {
        let reference = format!("stack/{name}");
        helm.pull(&[&reference], "pulled");
        let entry = &index.value["entries"][&name][0];
        let file = format!("pulled/{name}-{}.tgz", entry["version"].as_str().unwrap());
        assert_eq!(entry["digest"], chart::Digest::of(&helm.read(&file)).to_string(), "{name}");
        let shown = helm.ok(&["show", "chart", &file]);
        assert!(shown.contains(&format!("name: {name}\n")), "{shown}");
        let values = values.to_str().unwrap();
        helm.ok(&["lint", "--strict", &file, "--kube-version", "1.36.0", "-f", values]);
        // the bytes are those of the file: rendering that as well would say nothing new
        let rendered = helm.ok(&["template", "shop", &reference, "--kube-version", "1.36.0", "-f", values]);
        assert!(rendered.contains("\nkind: "), "{name}: {rendered}");
    }
}

#[tokio::test]
async fn helm_3_uses_the_charts_of_the_program() {
    if let Some(helm) = Helm::release(HELM_3) {
        every_chart_is_found_pulled_linted_and_rendered(helm).await;
    }
}

#[tokio::test]
async fn helm_4_uses_the_charts_of_the_program() {
    if let Some(helm) = Helm::release(HELM_4) {
        every_chart_is_found_pulled_linted_and_rendered(helm).await;
    }
}

#[tokio::test]
async fn a_repository_of_the_storage_comes_before_it_and_the_log_says_so() {
    let chart = Chart::new("web", "1.0.0");
    let launch = Launch::default().with("--depth=1");
    launch.place("stack/web-1.0.0.tgz", &chart.bytes);
    let server = launch.start().await;
    assert_eq!(server.index("stack").await.names(), ["web"]);
    server
        .until("the log says that the repository of the storage is served", async |server| {
            server.log().text().contains("The storage has a repository of this name").then_some(())
        })
        .await;
    server.upload_to("stack", &Chart::new("web", "1.1.0")).await.expect(201);
}

#[tokio::test]
async fn it_has_another_name_or_none() {
    let named = Server::with(&["--stack-repository=ours/charts"]).await;
    assert!(named.index("ours/charts").await.names().contains(&"wordpress"));
    named.get("/stack/index.yaml").await.expect(404);
    for launch in [Launch::default().with("--stack-repository="), Launch::default().environment("STACK_REPOSITORY", "")]
    {
        let without = launch.start().await;
        without.get("/stack/index.yaml").await.expect(404);
        assert_eq!(without.get("/-/api/v1/charts").await.expect(200).json()["charts"], serde_json::json!([]));
    }
}

/// The registry has the same bytes, and takes nothing.
async fn every_chart_is_pulled_from_the_registry_too(helm: Helm) {
    let server = Server::start().await;
    let index = server.index("stack").await;
    for name in charts().keys() {
        let entry = &index.value["entries"][name][0];
        let version = entry["version"].as_str().unwrap();
        let reference = format!("oci://{}/stack/{name}", server.address());
        helm.pull(&[&reference, "--version", version, "--plain-http"], "pulled");
        let pulled = helm.read(&format!("pulled/{name}-{version}.tgz"));
        assert_eq!(entry["digest"], chart::Digest::of(&pulled).to_string(), "{name}");
    }
    let push = ["push", "pulled/gateway-0.1.0.tgz", &format!("oci://{}/stack", server.address()), "--plain-http"];
    let refused = helm.run(&push);
    assert!(!refused.success && refused.stderr.contains("--stack-repository"), "{refused:?}");
    assert_eq!(server.index("stack").await.value, index.value);
}

#[tokio::test]
async fn helm_3_pulls_the_charts_of_the_program_from_the_registry() {
    if let Some(helm) = Helm::release(HELM_3) {
        every_chart_is_pulled_from_the_registry_too(helm).await;
    }
}

#[tokio::test]
async fn helm_4_pulls_the_charts_of_the_program_from_the_registry() {
    if let Some(helm) = Helm::release(HELM_4) {
        every_chart_is_pulled_from_the_registry_too(helm).await;
    }
}
