use anyhow::Result;
use serde_json::{Map, Value, json};

use super::values::{Note, Values};

/// The JSON schema of a values file: the types of the defaults, no other keys, and what `@schema` adds.
pub fn render(values: &Values, metadata: &Value) -> Result<String> {
    let mut schema = of(values, "", &values.defaults);
    if let Some(properties) = schema.get_mut("properties").and_then(Value::as_object_mut) {
        // Helm puts a dependency's values below its name before it asks the schema.
        for dependency in metadata["dependencies"].as_array().into_iter().flatten() {
            if let Some(name) = dependency["name"].as_str() {
                properties.insert(name.to_owned(), json!({"type": "object"}));
            }
        }
    }
    let mut document = Map::new();
    document.insert("$schema".to_owned(), json!("http://json-schema.org/draft-07/schema#"));
    document
        .insert("title".to_owned(), json!(format!("Values of the chart {}", metadata["name"].as_str().unwrap_or(""))));
    if let Value::Object(rest) = schema {
        document.extend(rest);
    }
    Ok(serde_json::to_string_pretty(&document)? + "\n")
}

fn of(values: &Values, path: &str, default: &Value) -> Value {
    let mut schema = Map::new();
    let note = values.note(path);
    if let Some(note) = note.filter(|note| !note.description.is_empty()) {
        schema.insert("description".to_owned(), json!(note.description));
    }
    let kind = match default {
        Value::Null => None,
        Value::Bool(_) => Some("boolean"),
        Value::Number(number) if number.is_f64() => Some("number"),
        Value::Number(_) => Some("integer"),
        Value::String(_) => Some("string"),
        Value::Array(_) => Some("array"),
        Value::Object(_) => Some("object"),
    };
    if let Some(kind) = kind {
        schema.insert("type".to_owned(), json!(kind));
    }
    if let Some(parts) =
        default.as_object().filter(|parts| !parts.is_empty() && !note.is_some_and(Note::holds_any_keys))
    {
        let properties: Map<_, _> = parts
            .iter()
            .map(|(key, default)| {
                let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
                (key.clone(), of(values, &path, default))
            })
            .collect();
        schema.insert("properties".to_owned(), Value::Object(properties));
        schema.insert("additionalProperties".to_owned(), json!(false));
    }
    if let Some(Value::Object(addition)) = note.and_then(|note| note.schema.clone()) {
        schema.extend(addition);
    }
    Value::Object(schema)
}

#[cfg(test)]
mod tests {
    use serde_json::{Value, json};

    use super::render;
    use crate::charts::values::Values;

    #[test]
    fn unknown_keys_are_refused_at_every_depth_but_not_in_maps_of_the_user() {
        let values = Values::parse("# @section One\n# -- A.\na:\n  b: 1\n# -- C.\nc: {}\n").unwrap();
        let metadata = json!({"name": "x", "dependencies": [{"name": "library"}]});
        let schema: Value = serde_json::from_str(&render(&values, &metadata).unwrap()).unwrap();
        assert_eq!(schema["additionalProperties"], false);
        assert_eq!(schema["properties"]["a"]["additionalProperties"], false);
        assert_eq!(schema["properties"]["a"]["properties"]["b"]["type"], "integer");
        assert_eq!(schema["properties"]["c"], json!({"description": "C.", "type": "object"}));
        assert_eq!(schema["properties"]["library"]["type"], "object");
    }

    #[test]
    fn an_annotation_wins() {
        let text = "# @section One\n# -- A.\n# @schema {\"type\": [\"string\", \"integer\"]}\na: x\n";
        let schema = render(&Values::parse(text).unwrap(), &json!({"name": "x"})).unwrap();
        let schema: Value = serde_json::from_str(&schema).unwrap();
        assert_eq!(schema["properties"]["a"]["type"], json!(["string", "integer"]));
    }
}
