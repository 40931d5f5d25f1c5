//! Texts that YAML readers like to take for something else survive in an index.
//!
//! The indexes rendered here are also read by Go: `go test ./index` in `tests/golden` reads the files that this test
//! holds to be what is rendered.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

use std::collections::BTreeSet;

use chart::Digest;
use chart::index::{Document, Entry, Format, Head, Page, to_json};
use serde_json::{Value, json};

fn texts() -> Vec<String> {
    serde_json::from_str(include_str!("golden/awkward.json")).unwrap()
}

/// The text wherever an index can have one that a stranger chose.
fn metadata(name: &str, text: &str) -> Value {
    json!({
        "name": name,
        "home": text,
        "sources": [text, "x", text],
        "version": "1.0.0",
        "description": text,
        "keywords": [text],
        "maintainers": [{"name": text, "email": text, "url": text}],
        "apiVersion": "v2",
        "condition": text,
        "appVersion": text,
        "annotations": {text: text, format!("k{text}"): "v", "k": text},
        "dependencies": [{
            "name": text,
            "repository": text,
            "import-values": [text, {"child": text, "parent": text}, {text: [text, [text], {text: text}]}],
            "alias": text,
        }],
    })
}

/// One chart for each text, with the text for its name as well.
fn charts() -> Vec<(String, Vec<Value>)> {
    let texts: BTreeSet<_> = texts().into_iter().collect();
    texts.into_iter().map(|text| (text.clone(), vec![metadata(&text, &text)])).collect()
}

fn render(format: Format) -> String {
    let charts: Vec<(String, Vec<(String, String)>)> = charts()
        .into_iter()
        .map(|(name, versions)| {
            let entry = |metadata: Value| {
                let url = format!("charts/{}.tgz", metadata["description"].as_str().unwrap());
                (to_json(&metadata), url)
            };
            (name, versions.into_iter().map(entry).collect())
        })
        .collect();
    let pages: Vec<_> = charts
        .iter()
        .map(|(name, entries)| {
            let entries = entries
                .iter()
                .map(|(metadata, url)| Entry {
                    metadata,
                    url,
                    created: "2026-01-02T03:04:05.000000006Z".parse().unwrap(),
                    digest: Digest::of(metadata.as_bytes()),
                })
                .collect();
            Page::of_charts(format, &[(name.as_str(), entries)])
        })
        .collect();
    let head = Head { generated: "2026-01-02T03:04:05Z".parse().unwrap(), context_path: "/a b/\u{85}" };
    String::from_utf8(Document::index(format, &head, &pages).identity.frames.concat()).unwrap()
}

/// What an index must say.
fn expected() -> Value {
    let mut entries = serde_json::Map::new();
    for (name, versions) in charts() {
        let complete = |mut entry: Value| {
            let digest = Digest::of(to_json(&entry).as_bytes());
            entry["urls"] = json!([format!("charts/{}.tgz", entry["description"].as_str().unwrap())]);
            entry["created"] = json!("2026-01-02T03:04:05.000000006Z");
            entry["digest"] = json!(digest.to_string());
            entry
        };
        entries.insert(name, versions.into_iter().map(complete).collect());
    }
    json!({
        "apiVersion": "v1",
        "generated": "2026-01-02T03:04:05Z",
        "entries": entries,
        "serverInfo": {"contextPath": "/a b/\u{85}"},
    })
}

#[test]
fn there_are_enough_of_them() {
    let texts: BTreeSet<_> = texts().into_iter().collect();
    assert!(texts.len() >= 63);
}

#[test]
fn json_and_yaml_readers_see_what_was_meant() {
    let (json, yaml) = (render(Format::Json), render(Format::Yaml));
    assert_eq!(serde_json::from_str::<Value>(&json).unwrap(), expected());
    assert_eq!(serde_yaml::from_str::<Value>(&json).unwrap(), expected());
    assert_eq!(serde_yaml::from_str::<Value>(&yaml).unwrap(), expected());
    for text in [&json, &yaml] {
        assert_eq!(chart::yaml::read(text.as_bytes(), &chart::yaml::Limits::default()).unwrap(), expected());
    }
}

#[test]
fn go_is_shown_what_is_rendered() {
    let places = [
        (Format::Json, "awkward-index.json", include_str!("golden/awkward-index.json")),
        (Format::Yaml, "awkward-index.yaml", include_str!("golden/awkward-index.yaml")),
    ];
    for (format, name, golden) in places {
        let rendered = render(format);
        if rendered != golden {
            let place = std::path::Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
            std::fs::write(&place, &rendered).unwrap();
            panic!("if {} is right, copy it to chart/tests/golden and run `go test ./index`", place.display());
        }
    }
}
