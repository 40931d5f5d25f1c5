//! The block YAML form, rendered from JSON texts.

use serde_json::{Map, Value};

use super::to_json;

/// The keys of an index that are written without quotes: Helm's own. Any other key comes from strangers and may read as
/// something else than a text.
const PLAIN_KEYS: [&str; 28] = [
    "alias",
    "annotations",
    "apiVersion",
    "appVersion",
    "child",
    "condition",
    "created",
    "dependencies",
    "deprecated",
    "description",
    "digest",
    "email",
    "enabled",
    "home",
    "icon",
    "import-values",
    "keywords",
    "kubeVersion",
    "maintainers",
    "name",
    "parent",
    "repository",
    "sources",
    "tags",
    "type",
    "url",
    "urls",
    "version",
];

/// YAML readers look at most 1024 characters ahead for the colon after a key; longer keys are written with `?`.
const LONGEST_SIMPLE_KEY: usize = 1000;

/// Appends a chart's name as the key of its entries.
pub(super) fn write_chart(out: &mut String, name: &str) {
    write_indent(out, 2);
    write_key(out, name, 2);
    out.push('\n');
}

/// Appends an entry from its JSON text. Text that is no JSON object is appended as it is.
pub(super) fn write_entry(out: &mut String, json: &str) {
    out.push_str("  - ");
    match serde_json::from_str(json) {
        Ok(Value::Object(fields)) if !fields.is_empty() => write_map(out, &fields, 4),
        _ => {
            out.push_str(json);
            out.push('\n');
        }
    }
}

/// The first key goes where the text ends, the others below it.
fn write_map(out: &mut String, map: &Map<String, Value>, indent: usize) {
    let mut fields: Vec<_> = map.iter().collect();
    fields.sort_unstable_by_key(|(key, _)| *key);
    for (position, (key, value)) in fields.into_iter().enumerate() {
        if position > 0 {
            write_indent(out, indent);
        }
        write_key(out, key, indent);
        write_value(out, value, indent);
    }
}

fn write_key(out: &mut String, key: &str, indent: usize) {
    if PLAIN_KEYS.contains(&key) {
        out.push_str(key);
    } else {
        let quoted = to_json(key);
        if quoted.len() > LONGEST_SIMPLE_KEY {
            out.push_str("? ");
            out.push_str(&quoted);
            out.push('\n');
            write_indent(out, indent);
        } else {
            out.push_str(&quoted);
        }
    }
    out.push(':');
}

/// A value after its key and colon.
fn write_value(out: &mut String, value: &Value, indent: usize) {
    match value {
        Value::Array(items) if !items.is_empty() => {
            out.push('\n');
            for item in items {
                write_indent(out, indent);
                out.push_str("- ");
                match item {
                    Value::Object(map) if !map.is_empty() => write_map(out, map, indent + 2),
                    // A list in a list occurs only in what strangers write under `import-values`: JSON is YAML too.
                    _ => write_line(out, item),
                }
            }
        }
        Value::Object(map) if !map.is_empty() => {
            out.push('\n');
            write_indent(out, indent + 2);
            write_map(out, map, indent + 2);
        }
        _ => {
            out.push(' ');
            write_line(out, value);
        }
    }
}

fn write_line(out: &mut String, value: &Value) {
    out.push_str(&to_json(value));
    out.push('\n');
}

fn write_indent(out: &mut String, indent: usize) {
    out.extend(std::iter::repeat_n(' ', indent));
}

#[cfg(test)]
mod tests {
    use super::*;

    fn entry(json: &str) -> String {
        let mut out = String::new();
        write_entry(&mut out, json);
        out
    }

    #[test]
    fn keys_in_order_lists_below_their_key() {
        let text = entry(
            r#"{"name":"a","keywords":["x","no"],"annotations":{"b/c":"1.10","a":"\u0085\n"},"deprecated":true,"dependencies":[{"name":"d","import-values":["all",{"parent":"p","child":"c"},[1,["y"]],{},[]]},{"repository":"","name":"e"}],"sources":[],"tags":{}}"#,
        );
        assert_eq!(
            text,
            r#"  - annotations:
      "a": "\u0085\n"
      "b/c": "1.10"
    dependencies:
    - import-values:
      - "all"
      - child: "c"
        parent: "p"
      - [1,["y"]]
      - {}
      - []
      name: "d"
    - name: "e"
      repository: ""
    deprecated: true
    keywords:
    - "x"
    - "no"
    name: "a"
    sources: []
    tags: {}
"#
        );
    }

    #[test]
    fn a_long_key_is_written_so_that_readers_find_its_colon() {
        let key = "k".repeat(2000);
        let text = entry(&format!(r#"{{"annotations":{{"a":"b","{key}":"v"}}}}"#));
        assert_eq!(text, format!("  - annotations:\n      \"a\": \"b\"\n      ? \"{key}\"\n      : \"v\"\n"));
        let value: Value = serde_yaml::from_str(&text).unwrap();
        assert_eq!(value[0]["annotations"][key], "v");
    }

    #[test]
    fn text_that_is_no_object_harms_no_other() {
        for odd in ["[1]", "{}", "\"text\""] {
            let text = entry(odd) + &entry(r#"{"name":"b"}"#);
            let value: Value = serde_yaml::from_str(&text).unwrap();
            assert_eq!(value[1]["name"], "b", "{text}");
        }
    }
}
