//! What Helm writes into a provenance file.

use std::collections::BTreeMap;

use serde_json::{Map, Value};

use crate::yaml::{self, Limits, Shape};

/// The part of it that says which package is meant.
pub(super) struct Signed {
    pub(super) name: String,
    pub(super) version: String,
    /// From file names to `sha256:` and a digest.
    pub(super) files: BTreeMap<String, String>,
}

/// The fields of a chart's metadata that are needed here.
const METADATA: Shape = Shape::Struct(&[("name", Shape::Text), ("version", Shape::Text)]);

const SUMS: Shape = Shape::Struct(&[("files", Shape::Map(&Shape::Text))]);

impl Signed {
    /// None without a name or a version. Helm splits the text where a line is `...`, for want of a `---` that PGP would let
    /// pass, and reads each part by itself.
    pub(super) fn read(lines: &[&str]) -> Option<Self> {
        let mut parts = lines.split(|line| *line == "...");
        let mut metadata = document(parts.next()?, &METADATA)?;
        let mut text = |field: &str| match metadata.remove(field) {
            Some(Value::String(text)) if !text.is_empty() => Some(text),
            _ => None,
        };
        let (name, version) = (text("name")?, text("version")?);

        let sums = parts.next().and_then(|part| document(part, &SUMS)?.remove("files"));
        let files = sums.and_then(|files| serde_json::from_value(files).ok()).unwrap_or_default();
        Some(Self { name, version, files })
    }
}

fn document(lines: &[&str], shape: &Shape) -> Option<Map<String, Value>> {
    match yaml::read_as(lines.join("\n").as_bytes(), &Limits::default(), shape) {
        Ok(Value::Object(map)) => Some(map),
        _ => None,
    }
}
