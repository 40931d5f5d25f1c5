use std::collections::BTreeMap;

use anyhow::{Context, Result, bail};
use serde_json::Value;

/// A values file: its defaults, and what its comments say.
///
/// `# @section Title` begins a section, `# -- text` describes the key below, further comment lines continue the text,
/// and `# @schema {…}` adds to the key's schema.
#[derive(Debug)]
pub struct Values {
    pub defaults: Value,
    /// In the order of the file.
    pub sections: Vec<Section>,
    notes: BTreeMap<String, Note>,
}

#[derive(Debug)]
pub struct Section {
    pub title: String,
    /// The documented keys, dotted.
    pub keys: Vec<String>,
}

/// What stands above a key.
#[derive(Debug, Default)]
pub struct Note {
    pub description: String,
    pub schema: Option<Value>,
}

impl Note {
    /// For a map whose keys are the user's.
    pub fn holds_any_keys(&self) -> bool {
        self.schema.as_ref().is_some_and(|schema| schema.get("additionalProperties").is_some())
    }
}

impl Values {
    pub fn parse(text: &str) -> Result<Self> {
        let defaults = serde_yaml::from_str(text).context("values.yaml is not YAML")?;
        let mut values = Self { defaults, sections: Vec::new(), notes: BTreeMap::new() };
        values.read_notes(text)?;
        values.demand_descriptions("", &values.defaults)?;
        Ok(values)
    }

    pub fn note(&self, key: &str) -> Option<&Note> {
        self.notes.get(key)
    }

    /// The default of a dotted key.
    pub fn default(&self, key: &str) -> Option<&Value> {
        key.split('.').try_fold(&self.defaults, |value, part| value.get(part))
    }

    fn read_notes(&mut self, text: &str) -> Result<()> {
        let mut parents: Vec<(usize, String)> = Vec::new();
        let mut note = Note::default();
        // Lines of a list or a block of text belong to the key above them.
        let mut inside: Option<usize> = None;
        for (number, line) in text.lines().enumerate() {
            let content = line.trim_start();
            let indent = line.len() - content.len();
            if inside.is_some_and(|key| content.is_empty() || indent > key || content.starts_with('-')) {
                continue;
            }
            inside = None;
            if content.is_empty() {
                note = Note::default();
            } else if let Some(comment) = content.strip_prefix('#') {
                self.read_comment(comment, &mut note).with_context(|| format!("line {}", number + 1))?;
            } else {
                let (key, _) = content.split_once(':').with_context(|| format!("line {} has no key", number + 1))?;
                parents.retain(|(parent, _)| *parent < indent);
                let path: Vec<_> = parents.iter().map(|(_, key)| key.as_str()).chain([key]).collect();
                let path = path.join(".");
                let default =
                    self.default(&path).with_context(|| format!("line {}: {path} is not read", number + 1))?;
                if !default.is_object() || note.holds_any_keys() {
                    inside = Some(indent);
                }
                if !note.description.is_empty() {
                    self.sections.last_mut().context("a section must begin first")?.keys.push(path.clone());
                }
                self.notes.insert(path, std::mem::take(&mut note));
                parents.push((indent, key.to_owned()));
            }
        }
        Ok(())
    }

    fn read_comment(&mut self, comment: &str, note: &mut Note) -> Result<()> {
        let comment = comment.trim();
        if let Some(title) = comment.strip_prefix("@section ") {
            self.sections.push(Section { title: title.to_owned(), keys: Vec::new() });
        } else if let Some(schema) = comment.strip_prefix("@schema ") {
            note.schema = Some(serde_json::from_str(schema).context("@schema is not JSON")?);
        } else if let Some(description) = comment.strip_prefix("-- ") {
            description.clone_into(&mut note.description);
        } else if !note.description.is_empty() {
            note.description.push(' ');
            note.description.push_str(comment);
        }
        Ok(())
    }

    /// Every value is described, itself or by what it is part of.
    fn demand_descriptions(&self, path: &str, value: &Value) -> Result<()> {
        if self.note(path).is_some_and(|note| !note.description.is_empty()) {
            return Ok(());
        }
        match value {
            Value::Object(parts) if !parts.is_empty() => parts.iter().try_for_each(|(key, value)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                self.demand_descriptions(&path, value)
            }),
            _ => bail!("{path} has no description"),
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::Values;

    const TEXT: &str = "\
# @section One
image:
  # -- The tag,
  # as a text.
  # @schema {\"minLength\": 1}
  tag: \"1\"
# -- A list.
hosts:
  - name: a
    # not a description
    port: 1
# -- A text.
text: |
  key: not a key
";

    #[test]
    fn comments_belong_to_the_key_below() {
        let values = Values::parse(TEXT).unwrap();
        let note = values.note("image.tag").unwrap();
        assert_eq!(note.description, "The tag, as a text.");
        assert_eq!(note.schema, Some(json!({"minLength": 1})));
        assert_eq!(values.sections[0].keys, ["image.tag", "hosts", "text"]);
        assert_eq!(values.default("image.tag"), Some(&json!("1")));
    }

    #[test]
    fn a_value_without_a_description_is_refused() {
        let error = Values::parse("# @section One\nimage:\n  tag: x\n").unwrap_err();
        assert_eq!(error.to_string(), "image.tag has no description");
    }
}
