//! Every chart in the test data of Helm itself, judged by Helm and by this crate.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod go;

use std::path::{Path, PathBuf};

use bytes::Bytes;
use chart::{ArchiveError, Limits, Package, PackageError};
use flate2::Compression;
use flate2::write::GzEncoder;
use serde::{Deserialize, Serialize};
use serde_json::Value;

const MODULES: [&str; 2] = ["helm.sh/helm/v3@v3.21.4", "helm.sh/helm/v4@v4.2.4"];

#[derive(Debug, Serialize)]
struct Archive {
    name: String,
    bytes: String,
    folder: Option<PathBuf>,
}

#[derive(Debug, Deserialize)]
struct Judged {
    name: String,
    chart: Option<Value>,
    #[serde(default)]
    error: String,
    values: Option<String>,
    templates: Vec<Template>,
    folder_chart: Option<Value>,
    #[serde(default)]
    folder_refused: bool,
}

#[derive(Debug, Deserialize)]
struct Template {
    name: String,
    data: String,
}

#[test]
fn helms_own_charts_are_judged_as_helm_judges_them() {
    const NAME: &str = "helms_own_charts_are_judged_as_helm_judges_them";
    let mut archives = Vec::new();
    for module in MODULES {
        let Some(folder) = go::module(NAME, module) else { return };
        find(&folder, &mut archives);
    }
    archives.sort();
    let packages: Vec<Bytes> = archives.iter().map(|path| read(path)).collect();
    let mut input = Vec::new();
    for (path, bytes) in archives.iter().zip(&packages) {
        let folder = path.is_dir().then(|| path.clone());
        let archive = Archive { name: path.display().to_string(), bytes: go::base64(bytes), folder };
        serde_json::to_writer(&mut input, &archive).unwrap();
        input.push(b'\n');
    }
    let Some(output) = go::run(NAME, "./charts", &input) else { return };
    let judged: Vec<Judged> =
        std::str::from_utf8(&output).unwrap().lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    assert_eq!(judged.len(), archives.len());

    let accepted = judged.iter().filter(|judged| judged.error.is_empty()).count();
    println!("{} charts, {accepted} of them accepted by Helm", judged.len());
    assert!(accepted > 200 && judged.len() - accepted > 10);
    let differences: Vec<String> =
        judged.iter().zip(&packages).flat_map(|(judged, bytes)| differences(judged, bytes)).collect();
    assert!(differences.is_empty(), "{} differences: {differences:#?}", differences.len());
}

fn differences(judged: &Judged, bytes: &Bytes) -> Vec<String> {
    let Judged { name, .. } = judged;
    let limits = Limits::default();
    let package = match Package::parse(bytes.clone(), &limits) {
        Err(error) if judged.error.is_empty() => return vec![format!("{name}: refused: {error}")],
        Err(error) if error.to_string() == judged.error => {
            return if judged.folder_chart.is_some() {
                vec![format!("{name}: only the folder is accepted")]
            } else {
                vec![]
            };
        }
        // a plugin's archive that holds /dev/null, which Helm takes for a file
        Err(PackageError::Archive(ArchiveError::Special(_))) if judged.error == "Chart.yaml file is missing" => {
            return vec![];
        }
        Err(error) => return vec![format!("{name}: {error}; Helm: {}", judged.error)],
        Ok(_) if !judged.error.is_empty() => return vec![format!("{name}: accepted; Helm: {}", judged.error)],
        Ok(package) => package,
    };
    let mut differences = Vec::new();
    let metadata: Value = serde_json::from_str(&package.metadata_json()).unwrap();
    if Some(&metadata) != judged.chart.as_ref() {
        differences.push(format!("{name}: {metadata}; Helm: {:?}", judged.chart));
    }
    if judged.folder_refused || judged.folder_chart.as_ref().is_some_and(|chart| *chart != metadata) {
        differences.push(format!("{name}: not as the folder, {:?}", judged.folder_chart));
    }
    let values = Package::values(bytes, &limits).unwrap();
    if values.as_deref() != judged.values.as_deref().map(str::as_bytes) {
        differences.push(format!("{name}: other values"));
    }
    let templates = Package::templates(bytes, &limits).unwrap();
    let expected = judged.templates.iter().map(|template| (template.name.clone(), go::from_base64(&template.data)));
    if !templates.iter().map(|(path, bytes)| (path.clone(), bytes.to_vec())).eq(expected) {
        differences.push(format!("{name}: other templates"));
    }
    differences
}

/// Archives, and folders with a `Chart.yaml`.
fn find(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in std::fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            if path.join("Chart.yaml").is_file() {
                found.push(path.clone());
            }
            find(&path, found);
        } else if path.extension().is_some_and(|extension| extension == "tgz" || extension == "gz") {
            found.push(path);
        }
    }
}

/// An archive as it is, a folder packed.
fn read(path: &Path) -> Bytes {
    if path.is_file() {
        return std::fs::read(path).unwrap().into();
    }
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    tar.append_dir_all("chart", path).unwrap();
    tar.into_inner().unwrap().finish().unwrap().into()
}
