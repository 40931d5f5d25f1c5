//! What Helm writes into a provenance file.

use std::collections::BTreeMap;

/// The part of it that says which package is meant.
pub(super) struct Signed {
    pub(super) name: String,
    pub(super) version: String,
    /// From file names to `sha256:` and a digest.
    pub(super) files: BTreeMap<String, String>,
}

impl Signed {
    /// None without a name or a version.
    pub(super) fn read(lines: &[&str]) -> Option<Self> {
        let mut documents = lines.split(|line| *line == "...");
        let metadata = documents.next()?;
        let name = field(metadata, "name").filter(|name| !name.is_empty())?;
        let version = field(metadata, "version").filter(|version| !version.is_empty())?;
        let files = documents.next().unwrap_or_default().iter().skip_while(|line| **line != "files:").skip(1);
        let files = files.take_while(|line| line.starts_with(' ')).filter_map(|line| {
            let (file, sum) = line.rsplit_once(": ")?;
            Some((scalar(file), scalar(sum)))
        });
        Some(Self { name, version, files: files.collect() })
    }
}

fn field(lines: &[&str], key: &str) -> Option<String> {
    lines.iter().find_map(|line| line.strip_prefix(key)?.strip_prefix(':')).map(scalar)
}

fn scalar(text: &str) -> String {
    let text = text.trim();
    if let Some(quoted) = text.strip_prefix('\'').and_then(|rest| rest.strip_suffix('\'')) {
        return quoted.replace("''", "'");
    }
    if text.starts_with('"') {
        return serde_json::from_str(text).unwrap_or_default();
    }
    text.split(" #").next().unwrap_or_default().trim_end().to_owned()
}
