//! The charts that come with the program, as Helm gets them from it.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use acceptance::{HELM_3, HELM_4, Helm, Server};

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
        let arguments = ["--namespace", "shops", "--kube-version", "1.36.0", "-f", values];
        let from_server = helm.ok(&[&["template", "shop", &reference][..], &arguments].concat());
        let from_file = helm.ok(&[&["template", "shop", &file][..], &arguments].concat());
        assert!(from_server.contains("\nkind: "), "{name}: {from_server}");
        // what is made up anew by every rendering is in Secrets, which the cases bring along
        assert_eq!(from_server, from_file, "{name}");
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
