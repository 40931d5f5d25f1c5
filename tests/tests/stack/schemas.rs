//! Every object of every case against the schemas of its kind.

use std::collections::BTreeSet;
use std::fs;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use jsonschema::Validator;
use serde_json::{Map, Value, json};

use crate::render::{Rendered, folder, rendered};

/// The release of kubernetes-validate, as `cargo xtask tools` installs it.
const VERSION: &str = "1.37.0";
/// What charts promise; templates do not ask for which of them they render.
const KUBERNETES: [&str; 5] = ["1.33", "1.34", "1.35", "1.36", "1.37"];

/// What one version of Kubernetes says of one object; nothing if it does not know its kind.
#[derive(serde::Deserialize)]
struct Complaint(String, usize, Option<String>);

fn here(file: &str) -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("kubernetes-validate").join(file)
}

/// Kubernetes' complaints of these objects, from one process.
fn complaints(python: &Path, objects: &[&Value]) -> Vec<Complaint> {
    let mut child = Command::new(python)
        .args(["-B", "-I"])
        .arg(here("validate.py"))
        .env_clear()
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("its interpreter is there");
    let question = json!({"versions": KUBERNETES, "objects": objects}).to_string();
    // It reads everything before it writes.
    child.stdin.take().unwrap().write_all(question.as_bytes()).unwrap();
    let output = child.wait_with_output().unwrap();
    assert!(output.status.success(), "validate.py ended with {}", output.status);
    serde_json::from_slice(&output.stdout).unwrap()
}

fn kind(object: &Value) -> String {
    format!("{} {}", object["apiVersion"].as_str().unwrap(), object["kind"].as_str().unwrap())
}

/// Schemas of custom resources. Of a custom resource everything but its `spec` is Kubernetes' own.
struct CustomResources(Map<String, Value>);

impl CustomResources {
    fn read() -> Self {
        let text = fs::read_to_string(here("custom-resources.yaml")).unwrap();
        let mut schemas: Value = serde_yaml::from_str(&text).unwrap();
        close(&mut schemas);
        let Value::Object(mut schemas) = schemas else { panic!("no schemas") };
        let definitions = schemas.remove("$defs").unwrap();
        for schema in schemas.values_mut() {
            schema["$defs"] = definitions.clone();
        }
        Self(schemas)
    }

    fn kinds(&self) -> BTreeSet<String> {
        self.0.keys().cloned().collect()
    }

    fn complaint(&self, object: &Value) -> Option<String> {
        let Some(schema) = self.0.get(&kind(object)) else { return Some("nobody knows this kind".to_owned()) };
        let validator = validator(schema);
        let foreign = object
            .as_object()
            .unwrap()
            .keys()
            .find(|key| !["apiVersion", "kind", "metadata", "spec"].contains(&key.as_str()));
        if let Some(key) = foreign {
            return Some(format!("{key} is no field"));
        }
        let errors: Vec<_> =
            validator.iter_errors(&object["spec"]).map(|error| format!("{}: {error}", error.instance_path())).collect();
        (!errors.is_empty()).then(|| errors.join("; "))
    }
}

fn validator(schema: &Value) -> Validator {
    jsonschema::draft202012::new(schema).unwrap_or_else(|error| panic!("{error}"))
}

/// An object with named fields has no others.
fn close(schema: &mut Value) {
    match schema {
        Value::Object(map) => {
            if map.contains_key("properties") && map.get("type") == Some(&json!("object")) {
                map.insert("additionalProperties".to_owned(), false.into());
            }
            map.values_mut().for_each(close);
        }
        Value::Array(items) => items.iter_mut().for_each(close),
        _ => {}
    }
}

fn objects() -> Vec<(&'static Rendered, &'static Value)> {
    rendered().iter().flat_map(|rendered| rendered.objects.iter().map(move |object| (rendered, object))).collect()
}

/// One render stands for all versions of Kubernetes.
#[test]
fn no_template_asks_what_the_cluster_is() {
    for chart in fs::read_dir(folder()).unwrap() {
        for file in fs::read_dir(chart.unwrap().path().join("templates")).unwrap() {
            let path = file.unwrap().path();
            let text = if path.is_dir() { String::new() } else { fs::read_to_string(&path).unwrap() };
            assert!(!text.contains(".Capabilities"), "{}", path.display());
        }
    }
}

#[test]
fn every_object_is_what_every_promised_kubernetes_knows() {
    let Some(python) = acceptance::python("kubernetes-validate", VERSION) else { return };
    let objects = objects();
    assert!(!objects.is_empty());
    let judged = complaints(&python, &objects.iter().map(|(_, object)| *object).collect::<Vec<_>>());
    let custom = CustomResources::read().kinds();
    let mut wrong = Vec::new();
    let mut unknown = BTreeSet::new();
    for Complaint(version, number, complaint) in judged {
        let (rendered, object) = objects[number];
        match complaint {
            None if custom.contains(&kind(object)) => {
                unknown.insert(kind(object));
            }
            None => wrong.push(format!("{:?} for {version}: nobody knows {}", rendered.case, kind(object))),
            Some(complaint) => {
                let name = &object["metadata"]["name"];
                wrong.push(format!("{:?} for {version}: {} {name}: {complaint}", rendered.case, kind(object)));
            }
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    assert_eq!(unknown, custom, "a custom resource that no case has, or that Kubernetes has");
}

#[test]
fn every_custom_resource_has_fields_that_its_operator_knows() {
    let custom = CustomResources::read();
    let kinds = custom.kinds();
    let mut wrong = Vec::new();
    for (rendered, object) in objects().into_iter().filter(|(_, object)| kinds.contains(&kind(object))) {
        if let Some(complaint) = custom.complaint(object) {
            wrong.push(format!("{:?}: {} {}: {complaint}", rendered.case, kind(object), object["metadata"]["name"]));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

/// The judges are no yes-sayers: each of these is wrong in one place.
#[test]
fn wrong_objects_are_told() {
    let wrong = [
        (json!({"apiVersion": "v1", "kind": "Service", "spec": {"ports": [{"port": 80, "prot": 80}]}}), "prot"),
        (json!({"apiVersion": "v1", "kind": "ConfigMap", "data": {"number": 1}}), "data.number"),
        (json!({"apiVersion": "policy/v1", "kind": "PodDisruptionBudget", "spec": {"minimum": 1}}), "minimum"),
    ];
    let removed = json!({"apiVersion": "policy/v1beta1", "kind": "PodDisruptionBudget", "spec": {"minAvailable": 1}});
    if let Some(python) = acceptance::python("kubernetes-validate", VERSION) {
        let objects: Vec<_> = wrong.iter().map(|(object, _)| object).chain([&removed]).collect();
        let judged = complaints(&python, &objects);
        for version in KUBERNETES {
            let of_version: Vec<_> = judged.iter().filter(|Complaint(of, ..)| of == version).collect();
            assert_eq!(of_version.len(), objects.len(), "{version}");
            for (Complaint(_, _, complaint), (_, part)) in of_version.iter().zip(&wrong) {
                assert!(complaint.as_ref().is_some_and(|text| text.contains(part)), "{version}: {complaint:?}");
            }
            assert_eq!(of_version[objects.len() - 1].2, None, "{version} knows what was removed in 1.25");
        }
    }
    let custom = CustomResources::read();
    let monitor = |endpoint: Value| {
        json!({"apiVersion": "monitoring.coreos.com/v1", "kind": "ServiceMonitor", "metadata": {"name": "web"},
            "spec": {"selector": {"matchLabels": {"a": "b"}}, "endpoints": [endpoint]}})
    };
    assert_eq!(custom.complaint(&monitor(json!({"port": "http"}))), None);
    assert!(custom.complaint(&monitor(json!({"port": 80}))).unwrap().contains("port"));
    assert!(custom.complaint(&monitor(json!({"port": "http", "intervall": "1m"}))).unwrap().contains("intervall"));
    assert!(custom.complaint(&removed).is_some());
}
