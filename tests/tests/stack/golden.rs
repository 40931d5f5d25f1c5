//! Every case as it was rendered when it was last reviewed: `tests/golden/stack`, which `cargo xtask golden` writes.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::{Path, PathBuf};

use serde_json::Value;

use crate::render::{Rendered, rendered};

/// Says that the files are to be written, not compared.
const WRITE: &str = "CHANDLERY_WRITE_GOLDEN";

fn golden() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("golden/stack")
}

/// Chart and case, as a path below the folder.
fn path(rendered: &Rendered) -> String {
    let case = rendered.case.values.strip_prefix("ci/").unwrap().strip_suffix("-values.yaml").unwrap();
    format!("{}/{case}.yaml", rendered.case.chart)
}

/// The objects by kind and name, their keys in order: the same for each Helm, since no order of theirs is left.
fn text(rendered: &Rendered) -> String {
    let mut objects: Vec<_> = rendered.objects.iter().collect();
    objects.sort_by_key(|object| {
        ["/kind", "/metadata/namespace", "/metadata/name"]
            .map(|key| object.pointer(key).and_then(Value::as_str).unwrap_or_default())
    });
    objects.into_iter().map(|object| format!("---\n{}", serde_yaml::to_string(&ordered(object)).unwrap())).collect()
}

fn ordered(value: &Value) -> serde_yaml::Value {
    match value {
        Value::Object(map) => {
            let sorted: BTreeMap<_, _> = map.iter().collect();
            serde_yaml::Value::Mapping(
                sorted.into_iter().map(|(key, value)| (key.as_str().into(), ordered(value))).collect(),
            )
        }
        Value::Array(items) => items.iter().map(ordered).collect(),
        other => serde_yaml::to_value(other).unwrap(),
    }
}

/// Paths of all files there are.
fn present() -> BTreeSet<String> {
    let mut paths = BTreeSet::new();
    for chart in fs::read_dir(golden()).into_iter().flatten() {
        let chart = chart.unwrap();
        for file in fs::read_dir(chart.path()).unwrap() {
            let name = |entry: &fs::DirEntry| entry.file_name().into_string().unwrap();
            paths.insert(format!("{}/{}", name(&chart), name(&file.unwrap())));
        }
    }
    paths
}

#[test]
fn every_case_renders_what_was_reviewed() {
    if rendered().is_empty() {
        return; // without Helm, which is named
    }
    let texts: BTreeMap<_, _> = rendered().iter().map(|rendered| (path(rendered), text(rendered))).collect();
    if std::env::var_os(WRITE).is_some() {
        return write(&texts);
    }
    let mut wrong: Vec<_> =
        present().into_iter().filter(|path| !texts.contains_key(path)).map(|path| format!("{path}: no case")).collect();
    for (path, text) in &texts {
        let reviewed = fs::read_to_string(golden().join(path)).unwrap_or_default();
        if let Some(difference) = difference(&reviewed, text) {
            wrong.push(format!("{path}: {difference}"));
        }
    }
    assert!(wrong.is_empty(), "`cargo xtask golden` would change these; review what:\n{}", wrong.join("\n"));
}

/// The first line that differs.
fn difference(reviewed: &str, rendered: &str) -> Option<String> {
    if reviewed == rendered {
        return None;
    }
    let (mut old, mut new) = (reviewed.lines(), rendered.lines());
    let mut number = 0;
    loop {
        number += 1;
        match (old.next(), new.next()) {
            (old, new) if old == new && new.is_some() => {}
            (old, new) => return Some(format!("line {number} was {old:?} and is {new:?}")),
        }
    }
}

fn write(texts: &BTreeMap<String, String>) {
    fs::remove_dir_all(golden()).ok();
    for (path, text) in texts {
        let file = golden().join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, text).unwrap();
    }
}

#[test]
fn a_difference_is_told_by_its_line() {
    assert_eq!(difference("a\nb\n", "a\nb\n"), None);
    assert_eq!(difference("a\nb\n", "a\nc\n").unwrap(), "line 2 was Some(\"b\") and is Some(\"c\")");
    assert_eq!(difference("a\n", "a\nb\n").unwrap(), "line 2 was None and is Some(\"b\")");
    assert!(difference("a\n\n", "a\n").is_some());
}
