//! The stack file that the program carries, what is made of it, and others that are wrong.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::fs;
use std::path::{Path, PathBuf};

use chart::yaml;
use serde_json::Value;
use stack::{FileError, Lock, Release, Source, StackFile, check, flux, helmfile, plan};

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../deploy/stack")
}

fn embedded() -> (StackFile, Lock) {
    (StackFile::embedded().unwrap(), Lock::embedded().unwrap())
}

/// What is found in the stack file after a piece of its text was replaced, or in the lock.
fn faults(of: &str, from: &str, to: &str) -> Vec<String> {
    let text = |name: &str| {
        let text = fs::read_to_string(folder().join(name)).unwrap();
        match of == name {
            true => {
                assert!(text.contains(from), "{name} has no {from:?}");
                text.replacen(from, to, 1)
            }
            false => text,
        }
    };
    let file = StackFile::read(&text("stack.yaml")).unwrap();
    check(&file, &Lock::read(&text("stack.lock")).unwrap()).faults
}

#[test]
fn the_stack_fits_together_and_tells_what_is_unresolved() {
    let (file, lock) = embedded();
    let report = check(&file, &lock);
    assert_eq!(report.faults, [""; 0]);
    assert_eq!(report.releases, file.releases.len());
    // nobody here reaches a source: what is not empty was made up
    assert_eq!(report.unresolved.len(), lock.charts.len() + lock.manifests.len());
    assert!(lock.charts.iter().all(|chart| chart.digest.is_empty() && chart.images.is_empty()));
}

#[test]
fn every_chart_of_ours_is_released() {
    let (file, _) = embedded();
    for package in stack::packages().unwrap() {
        let name = package.name().as_str();
        assert!(file.releases.iter().any(|release| release.source == Source::Stack && release.chart == name), "{name}");
    }
}

#[test]
fn releases_come_after_what_they_need() {
    let (file, _) = embedded();
    for profile in &file.profiles {
        let planned: Vec<&str> = plan(&file, &profile.name).iter().map(|release| &*release.name).collect();
        let expected = file.releases.iter().filter(|release| release.profiles.contains_key(&profile.name)).count();
        assert_eq!(planned.len(), expected);
        let place = |name: &str| planned.iter().position(|planned| *planned == name).unwrap();
        for release in planned.iter().map(|name| file.release(name).unwrap()) {
            for need in release.needs_in(&profile.name) {
                assert!(place(need) < place(&release.name), "{need} before {} in {}", release.name, profile.name);
            }
        }
        // bootstrap first, and the server last of it
        let bootstrap = planned.iter().take_while(|name| file.release(name).unwrap().bootstrap).count();
        assert_eq!(planned[bootstrap - 1], "chandlery");
        assert!(planned[bootstrap..].iter().all(|name| !file.release(name).unwrap().bootstrap));
    }
}

#[test]
fn what_is_generated_is_committed() {
    let (file, lock) = embedded();
    for profile in file.profiles.iter().map(|profile| &*profile.name) {
        for (kind, text) in
            [("helmfile", helmfile(&file, &lock, profile).unwrap()), ("flux", flux(&file, &lock, profile).unwrap())]
        {
            let path = folder().join("generated").join(profile).join(format!("{kind}.yaml"));
            let committed = fs::read_to_string(&path).unwrap_or_default();
            assert!(
                committed == text,
                "deploy/stack/generated is stale: chandlery stack {kind} --profile {profile} > {}",
                path.display()
            );
        }
    }
}

/// The documents of a stream as Go's reader has them.
fn documents(text: &str) -> Vec<Value> {
    let documents = text.split("\n---\n").skip(1);
    documents.map(|document| yaml::read(document.as_bytes(), &yaml::Limits::default()).unwrap()).collect()
}

#[test]
fn a_helmfile_says_what_the_stack_file_says() {
    let (file, lock) = embedded();
    for profile in file.profiles.iter().map(|profile| &*profile.name) {
        let documents = documents(&helmfile(&file, &lock, profile).unwrap());
        let [document] = &documents[..] else { panic!("{documents:?}") };
        let releases = document["releases"].as_array().unwrap();
        let planned = plan(&file, profile);
        let charts: Vec<&&Release> = planned.iter().filter(|release| release.source != Source::Manifest).collect();
        assert_eq!(releases.len(), charts.len());
        for (entry, release) in releases.iter().zip(charts) {
            assert_eq!(entry["name"], *release.name);
            assert_eq!(entry["version"], *release.version);
            let (repository, chart) = entry["chart"].as_str().unwrap().split_once('/').unwrap();
            assert_eq!(chart, release.chart);
            let repositories = document["repositories"].as_array().unwrap();
            assert!(repositories.iter().any(|of| of["name"] == repository), "{repository}");
            let values = release.values_in(profile);
            let none = values.as_object().unwrap().is_empty();
            assert_eq!(entry["values"][0], if none { Value::Null } else { values }, "{}", release.name);
            for need in entry["needs"].as_array().into_iter().flatten() {
                let named = |entry: &Value| {
                    format!("{}/{}", entry["namespace"].as_str().unwrap(), entry["name"].as_str().unwrap()) == *need
                };
                assert!(releases.iter().any(named), "{need}");
            }
        }
    }
}

#[test]
fn every_release_of_flux_has_its_source() {
    let (file, lock) = embedded();
    for profile in file.profiles.iter().map(|profile| &*profile.name) {
        let documents = documents(&flux(&file, &lock, profile).unwrap());
        let releases: Vec<&Value> = documents.iter().filter(|object| object["kind"] == "HelmRelease").collect();
        let expected = plan(&file, profile).iter().filter(|release| release.source != Source::Manifest).count();
        assert_eq!(releases.len(), expected);
        for release in &releases {
            let spec = &release["spec"];
            let source =
                if spec["chartRef"].is_null() { &spec["chart"]["spec"]["sourceRef"] } else { &spec["chartRef"] };
            let is_it =
                |object: &&Value| object["kind"] == source["kind"] && object["metadata"]["name"] == source["name"];
            assert!(documents.iter().any(|object| is_it(&object)), "{source}");
            for need in spec["dependsOn"].as_array().into_iter().flatten() {
                assert!(releases.iter().any(|release| release["metadata"]["name"] == need["name"]), "{need}");
            }
        }
    }
}

#[test]
fn a_resolved_lock_pins_by_digest() {
    let (file, _) = embedded();
    let text = fs::read_to_string(folder().join("stack.lock")).unwrap();
    let digest = format!("sha256:{}", "ab".repeat(32));
    let entry = text.find("  - name: traefik\n").unwrap();
    let (before, after) = text.split_at(entry);
    let after = after
        .replacen("manifestDigest: \"\"", &format!("manifestDigest: {digest}"), 1)
        .replacen("    digest: \"\"", &format!("    digest: {digest}"), 1)
        .replacen("resolved: false", "resolved: true", 1);
    let lock = Lock::read(&format!("{before}{after}")).unwrap();
    assert_eq!(check(&file, &lock).faults, [""; 0]);
    assert!(check(&file, &lock).unresolved.iter().all(|entry| entry.name != "traefik"));
    let documents = documents(&flux(&file, &lock, "lab").unwrap());
    let source = documents.iter().find(|object| object["metadata"]["name"] == "traefik").unwrap();
    assert_eq!(source["spec"]["ref"], serde_json::json!({ "digest": digest }));
}

#[test]
fn every_fault_is_named() {
    for (of, from, to, expected) in [
        (
            "stack.yaml",
            "needs: [calico-crds]",
            "needs: [nothing]",
            "calico needs nothing, which the profile lab does not",
        ),
        (
            "stack.yaml",
            "uses: [operator.tigera.io]\n    needs: [calico-crds]",
            "uses: [operator.tigera.io]",
            "calico uses operator.tigera.io, and needs nothing that brings it in lab",
        ),
        (
            "stack.yaml",
            "needs: [calico]",
            "needs: [calico, wordpress]",
            "calico waits in a circle|wordpress waits in a circle",
        ),
        ("stack.yaml", "chart: tigera-operator", "chart: tigera", "calico: there is no tigera in its source"),
        (
            "stack.yaml",
            "version: 4.13.4",
            "version: 4.13.5",
            "csi-driver-nfs is wanted in version 4.13.5, and known in",
        ),
        ("stack.yaml", "chart: wordpress", "chart: drupal", "additional properties|wordpressHost"),
        ("stack.yaml", "wordpressHost: blog", "wordpressHosts: blog", "wordpressHosts"),
        (
            "stack.yaml",
            "namespace: traefik\n    needs",
            "namespace: edge\n    needs",
            "the namespace edge is not declared",
        ),
        (
            "stack.yaml",
            "            - name: metallb-system",
            "            - name: metallb",
            "baseline does not prepare it in",
        ),
        ("stack.yaml", "  - name: headlamp\n    chart", "  - name: velero\n    chart", "velero is there twice"),
        ("stack.yaml", "      standby: {}", "      stand-by: {}", "there is no profile stand-by"),
        ("stack.lock", "status: option", "status: default", "argo-cd is not used, and its status says otherwise"),
        ("stack.lock", "resolved: false", "resolved: true", "argo-cd: a digest is sha256: and 64"),
        ("stack.lock", "    digest: \"\"", "    digest: sha256:123", "argo-cd: a digest is sha256: and 64"),
        ("stack.lock", "version: 10.1.1", "version: ten", "argo-cd: \"ten\" is no version"),
        ("stack.lock", "- name: argo-cd", "- name: zargo-cd", "charts are not in order of names"),
    ] {
        let found = faults(of, from, to);
        let is_named = expected.split('|').any(|expected| found.iter().any(|fault| fault.contains(expected)));
        assert!(is_named, "{to}: {found:#?}");
    }
}

#[test]
fn what_is_no_stack_file_is_refused_with_the_reason() {
    for (text, expected) in [("format: 1", "missing field `kubernetes`"), ("- a", "invalid type"), ("a: [", "yaml:")] {
        let error = StackFile::read(text).unwrap_err();
        assert!(error.to_string().contains(expected), "{text}: {error}");
    }
    let text = fs::read_to_string(folder().join("stack.yaml")).unwrap();
    let error = StackFile::read(&text.replacen("format: 1", "format: 2", 1)).unwrap_err();
    assert!(matches!(error, FileError::Format { found: 2, known: 1 }));
    let error = StackFile::read(&text.replacen("    namespace: ", "    namespaces: ", 1)).unwrap_err();
    assert!(error.to_string().contains("unknown field `namespaces`"), "{error}");
}
