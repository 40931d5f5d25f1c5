//! The configuration file: YAML or JSON, nested or with dotted keys, keys in any case.

use std::path::Path;

use super::{Kind, SETTINGS, Setting, SettingError};

/// Larger than any file with all settings; keeps a mistaken path from filling the memory.
const LARGEST_FILE: u64 = 1024 * 1024;

/// What a file says: the setting, the key as written there, and the value's text.
pub(super) type Lines = Vec<(&'static Setting, String, String)>;

/// Reads the file. Every unknown key, doubled key and odd value is an error of its own.
pub(super) fn read(path: &Path) -> Result<Lines, Vec<SettingError>> {
    let fail = |reason: String| vec![SettingError(format!("config file {}: {reason}", path.display()))];
    let extension = path.extension().map(|extension| extension.to_string_lossy().to_lowercase());
    if !matches!(extension.as_deref(), None | Some("yaml" | "yml" | "json")) {
        return Err(fail("it must have the extension .yaml, .yml or .json, or none".to_owned()));
    }
    match std::fs::metadata(path) {
        Ok(meta) if meta.len() > LARGEST_FILE => return Err(fail(format!("it is larger than {LARGEST_FILE} bytes"))),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Err(fail("not found".to_owned())),
        _ => {}
    }
    let text = std::fs::read_to_string(path).map_err(|error| fail(error.to_string()))?;
    // JSON is YAML
    let document: serde_yaml::Value = serde_yaml::from_str(&text).map_err(|error| fail(error.to_string()))?;
    let mut found = Found::default();
    match document {
        serde_yaml::Value::Null => {}
        serde_yaml::Value::Mapping(mapping) => found.walk("", mapping),
        _ => return Err(fail("it must be a mapping of keys to values".to_owned())),
    }
    if found.faults.is_empty() { Ok(found.lines) } else { Err(found.faults.into_iter().flat_map(fail).collect()) }
}

#[derive(Default)]
struct Found {
    lines: Lines,
    faults: Vec<String>,
}

impl Found {
    fn walk(&mut self, above: &str, mapping: serde_yaml::Mapping) {
        for (key, value) in mapping {
            let serde_yaml::Value::String(key) = key else {
                self.faults.push(format!("{above}: a key must be a text"));
                continue;
            };
            let key = if above.is_empty() { key } else { format!("{above}.{key}") };
            match (setting(&key), value) {
                (Some(setting), serde_yaml::Value::Mapping(pairs)) if setting.kind == Kind::Pairs => {
                    self.take_pairs(setting, key, pairs);
                }
                (_, serde_yaml::Value::Mapping(below)) => self.walk(&key, below), // `storage:` is a word and a level
                (Some(_), serde_yaml::Value::Null) => {}                          // `key:` says nothing
                (Some(setting), value) => self.take(setting, key, value),
                (None, _) => self.faults.push(format!("unknown key {key}")),
            }
        }
    }

    /// A mapping, as the flag has it.
    fn take_pairs(&mut self, setting: &'static Setting, key: String, pairs: serde_yaml::Mapping) {
        let is_plain = |text: &str, signs: &[char]| !text.contains(signs);
        let pairs = pairs.into_iter().map(|(name, value)| match (scalar(name), scalar(value)) {
            (Some(name), Some(value)) if is_plain(&name, &['=', ',']) && is_plain(&value, &[',']) => {
                Some(format!("{name}={value}"))
            }
            _ => None,
        });
        match pairs.collect::<Option<Vec<_>>>() {
            Some(pairs) => self.note(setting, key, pairs.join(",")),
            None => self.faults.push(format!("{key}: expected texts without commas by names without = and commas")),
        }
    }

    fn take(&mut self, setting: &'static Setting, key: String, value: serde_yaml::Value) {
        match scalar(value) {
            Some(text) => self.note(setting, key, text),
            None => self.faults.push(format!("{key}: expected {}", setting.kind)),
        }
    }

    fn note(&mut self, setting: &'static Setting, key: String, text: String) {
        if let Some((_, earlier, _)) = self.lines.iter().find(|(other, ..)| other.name == setting.name) {
            return self.faults.push(format!("{key} is given twice (also as {earlier})"));
        }
        self.lines.push((setting, key, text));
    }
}

fn scalar(value: serde_yaml::Value) -> Option<String> {
    match value {
        serde_yaml::Value::String(text) => Some(text),
        serde_yaml::Value::Bool(value) => Some(value.to_string()),
        serde_yaml::Value::Number(number) => Some(number.to_string()),
        _ => None,
    }
}

fn setting(key: &str) -> Option<&'static Setting> {
    let is = |name: &str| name.eq_ignore_ascii_case(key);
    SETTINGS.iter().copied().find(|setting| setting.key.is_some_and(|own| is(own) || is(setting.name)))
}
