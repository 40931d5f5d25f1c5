//! Packages made of folders.

#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]

use chart::{Folder, FolderError, Limits, Package};
use jiff::Timestamp;

const CHART_YAML: &str = "apiVersion: v2\nname: web\nversion: 1.2.3\n";
const LIBRARY_YAML: &str = "apiVersion: v2\nname: lib\ntype: library\nversion: 0.1.0\n";

fn folder(files: &[(&str, &str)]) -> Folder {
    let files = files.iter().map(|(path, text)| ((*path).to_owned(), text.as_bytes().to_vec()));
    Folder::new(files).unwrap()
}

fn at() -> Timestamp {
    "2026-01-02T03:04:05Z".parse().unwrap()
}

fn web() -> Folder {
    let mut web = folder(&[
        (".helmignore", "ci/\n.helmignore\nChart.lock\n"),
        ("templates/service.yaml", "kind: Service\n"),
        ("values.yaml", "replicas: 1\n"),
        ("ci/default-values.yaml", "replicas: 2\n"),
        ("Chart.lock", "digest: x\n"),
        ("Chart.yaml", CHART_YAML),
        ("charts/lib/templates/_old.tpl", "gone"),
    ]);
    web.depend_on("lib", &folder(&[("templates/_names.tpl", "{{/**/}}"), ("Chart.yaml", LIBRARY_YAML)]));
    web
}

#[test]
fn the_bytes_follow_from_the_files_alone() {
    let package = web().package("web", at()).unwrap();
    // written down: another machine, processor or compiler must make the same
    assert_eq!(package.digest().to_string(), "ad335ed7fbf670f9aa65206c5656a0d0f3ade73c1433f97afb7b9547d7740d2e");
    assert_eq!(package.file_name(), "web-1.2.3.tgz");
}

#[test]
fn an_archive_begins_with_its_metadata_and_holds_what_it_should() {
    let package = web().package("web", at()).unwrap();
    let mut archive = tar::Archive::new(flate2::read::GzDecoder::new(&package.bytes()[..]));
    let entries: Vec<_> = archive
        .entries()
        .unwrap()
        .map(|entry| {
            let entry = entry.unwrap();
            let header = entry.header();
            assert_eq!(header.mtime().unwrap(), 1_767_323_045);
            assert_eq!((header.mode().unwrap(), header.uid().unwrap(), header.gid().unwrap()), (0o644, 0, 0));
            entry.path().unwrap().to_string_lossy().into_owned()
        })
        .collect();
    let expected = [
        "web/Chart.yaml",
        "web/charts/lib/Chart.yaml",
        "web/charts/lib/templates/_names.tpl",
        "web/templates/service.yaml",
        "web/values.yaml",
    ];
    assert_eq!(entries, expected);
    let values = Package::values(package.bytes(), &Limits::default()).unwrap().unwrap();
    assert_eq!(values, "replicas: 1\n");
}

#[test]
fn what_makes_no_package_is_refused() {
    let error = web().package("shop", at()).unwrap_err();
    assert_eq!(error.to_string(), "the folder shop holds the chart web");
    let error = folder(&[("values.yaml", "")]).package("web", at()).unwrap_err();
    assert_eq!(error.to_string(), "Chart.yaml file is missing");
    let long = format!("files/{}", "x".repeat(200));
    let error = folder(&[("Chart.yaml", CHART_YAML), (&long, "")]).package("web", at()).unwrap_err();
    assert!(matches!(error, FolderError::File { path, .. } if path == long));
}
