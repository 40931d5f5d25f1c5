use serde_json::{Value, json};

use super::{Draft, check_lock};
use crate::yaml::Limits;

/// The draft as Go would write its struct.
fn written(draft: Draft) -> Value {
    let mut written = serde_json::to_value(&draft.metadata).unwrap();
    if !draft.maintainers.is_empty() {
        written["maintainers"] = json!(draft.maintainers);
    }
    if !draft.dependencies.is_empty() {
        written["dependencies"] = json!(draft.dependencies);
    }
    written
}

/// Go writes 1e+21 where this writes 1e21, and 1e3 as 1000.
fn same(left: &Value, right: &Value) -> bool {
    match (left, right) {
        (Value::Number(left), Value::Number(right)) => left.as_f64() == right.as_f64(),
        (Value::Array(left), Value::Array(right)) => {
            left.len() == right.len() && left.iter().zip(right).all(|(left, right)| same(left, right))
        }
        (Value::Object(left), Value::Object(right)) => {
            left.len() == right.len()
                && left.iter().all(|(key, left)| right.get(key).is_some_and(|right| same(left, right)))
        }
        _ => left == right,
    }
}

#[test]
fn fields_are_filled_as_go_fills_them() {
    let mut compared = 0;
    for line in include_str!("../../tests/golden/yaml.jsonl").lines() {
        let golden: Value = serde_json::from_str(line).unwrap();
        let Some(text) = golden["text"].as_str().filter(|text| !text.starts_with("\u{feff}\u{feff}")) else { continue };
        let mut draft = Draft::default();
        let result = draft.decode(text.as_bytes(), &Limits::default());
        compared += 1;
        match (result, golden["chart_error"].as_str()) {
            (Ok(()), None) => {
                let written = written(draft);
                assert!(same(&written, &golden["chart"]), "{text:?} gives {written}, in Go {}", golden["chart"]);
            }
            (Err(error), Some(expected)) => {
                let error = error.to_string();
                // Go prints the key in Go's syntax
                assert!(
                    expected.starts_with(&error) && (expected == error || error.contains(" map key")),
                    "{text:?}: {error}, in Go {expected}"
                );
            }
            (result, expected) => panic!("{text:?} gives {result:?}, in Go {expected:?}"),
        }
    }
    assert!(compared > 400);
}

fn validate(text: &str) -> Result<String, String> {
    let mut draft = Draft::default();
    draft.decode(text.as_bytes(), &Limits::default()).unwrap();
    draft.default_api_version();
    let (_, _, metadata) = draft.validate().map_err(|error| error.to_string())?;
    Ok(serde_json::to_string(&metadata).unwrap())
}

#[test]
fn rules_are_reported_in_helms_words() {
    for (text, sentence) in [
        ("", "chart.metadata.name is required"),
        ("version: 1.0.0", "chart.metadata.name is required"),
        ("name: \"\\u200b\"\nversion: 1.0.0", "chart.metadata.name is required"),
        ("name: a", "chart.metadata.version is required"),
        ("name: .\nversion: 1.0.0", r#"chart.metadata.name "." is not allowed"#),
        ("name: ..\nversion: 1.0.0", r#"chart.metadata.name ".." is not allowed"#),
        ("name: ../x\nversion: 1.0.0", r#"chart.metadata.name "../x" is invalid"#),
        ("name: a/\nversion: 1.0.0", r#"chart.metadata.name "a/" is invalid"#),
        ("name: a\nversion: abc", r#"chart.metadata.version "abc" is invalid"#),
        ("name: a\nversion: 1.0.0-01", r#"chart.metadata.version "1.0.0-01" is invalid"#),
        ("name: a\nversion: 1.0.0.0", r#"chart.metadata.version "1.0.0.0" is invalid"#),
        ("name: a\nversion: ' 1.0.0'", r#"chart.metadata.version " 1.0.0" is invalid"#),
        ("name: a\nversion: \"1.0.0\\a\\0\\n\\\"\"", r#"chart.metadata.version "1.0.0\a\x00\n\"" is invalid"#),
        ("name: a\nversion: 1.0.0\ntype: plugin", "chart.metadata.type must be application or library"),
        ("name: a\nversion: 1.0.0\nmaintainers: [{name: b}, ~]", "maintainers must not contain empty or null nodes"),
        ("name: a\nversion: 1.0.0\ndependencies: [~]", "dependencies must not contain empty or null nodes"),
        (
            "name: a\nversion: 1.0.0\ndependencies: [{name: b, alias: c.d}]",
            r#"dependency "b" has disallowed characters in the alias"#,
        ),
        (
            "name: a\nversion: 1.0.0\ndependencies: [{name: b}, {name: b}]",
            r#"more than one dependency with name or alias "b""#,
        ),
        (
            "name: a\nversion: 1.0.0\ndependencies: [{name: b, alias: c}, {name: c}]",
            r#"more than one dependency with name or alias "c""#,
        ),
        // the first rule that is broken is the one that is reported
        ("version: abc\ntype: x\nmaintainers: [~]", "chart.metadata.name is required"),
        ("name: a\nversion: abc\ntype: x", r#"chart.metadata.version "abc" is invalid"#),
        (
            "name: a\nversion: 1.0.0\nmaintainers: [~]\ndependencies: [~]",
            "maintainers must not contain empty or null nodes",
        ),
    ] {
        assert_eq!(validate(text), Err(format!("validation: {sentence}")), "{text:?}");
    }
    let mut alone = Draft::default();
    alone.decode(b"name: a", &Limits::default()).unwrap();
    assert_eq!(alone.validate().unwrap_err().to_string(), "validation: chart.metadata.apiVersion is required");
}

#[test]
fn what_helm_accepts_is_accepted_and_cleaned() {
    for (text, json) in [
        ("name: a\nversion: 1", r#"{"name":"a","version":"1","apiVersion":"v1"}"#),
        ("name: off\nversion: 1.10", r#"{"name":"false","version":"1.1","apiVersion":"v1"}"#),
        (
            "apiVersion: v3\nname: Ä B_c\\\nversion: v1.2.3+b",
            r#"{"name":"Ä B_c\\","version":"v1.2.3+b","apiVersion":"v3"}"#,
        ),
        (
            "name: \"c18\\n\"\nversion: 01.0.0\nkeywords: [\"a\\tb\\0\"]\nsources: [\"\\u200b\"]\ndigest: x\nurls: [y]",
            r#"{"name":"c18 ","sources":[""],"version":"01.0.0","keywords":["a b"],"apiVersion":"v1"}"#,
        ),
        (
            "name: a\nversion: 1.0.0\nmaintainers: [{name: \"b\\n\"}]\ndependencies: [{name: c, alias: d-1_E}, {name: c}]",
            r#"{"name":"a","version":"1.0.0","maintainers":[{"name":"b "}],"apiVersion":"v1","dependencies":[{"name":"c","repository":"","alias":"d-1_E"},{"name":"c","repository":""}]}"#,
        ),
    ] {
        assert_eq!(validate(text).as_deref(), Ok(json), "{text:?}");
    }
}

#[test]
fn a_second_file_is_decoded_over_the_first() {
    let mut draft = Draft::default();
    let limits = Limits::default();
    draft
        .decode(
            b"name: a\nversion: 1.0.0\ndependencies: [{name: b, alias: c}, {name: d}]\nannotations: {a: b}",
            &limits,
        )
        .unwrap();
    draft.decode(b"version: 2.0.0\ndependencies: [{name: e}]\nannotations: {c: d}", &limits).unwrap();
    draft.decode(b"name: ~\n", &limits).unwrap();
    draft.default_api_version();
    let (name, version, metadata) = draft.validate().unwrap();
    assert_eq!((name.as_str(), version.as_str()), ("a", "2.0.0"));
    // Go's JSON reader fills the items that are there
    assert_eq!(json!(metadata.dependencies), json!([{"name": "e", "repository": "", "alias": "c"}]));
    assert_eq!(json!(metadata.annotations), json!({"a": "b", "c": "d"}));
}

#[test]
fn locks_are_read_as_far_as_helm_reads_them() {
    let check = |text: &str| check_lock(text.as_bytes(), &Limits::default()).map_err(|error| error.to_string());
    for text in [
        "",
        "~",
        "generated: 2024-01-01T10:20:30.5+01:00\ndigest: sha256:x\ndependencies: [{name: a, version: 1.10}]",
        "generated: \"2024-01-01T10:20:30Z\"\nother: [1]",
        "generated: ~\ndigest: 12\ndependencies: ~",
    ] {
        assert_eq!(check(text), Ok(()), "{text:?}");
    }
    let prefix = "error unmarshaling JSON: while decoding JSON: ";
    for (text, error) in [
        ("[]", "json: cannot unmarshal array into Go value of type chart.Lock"),
        ("digest: [a]", "json: cannot unmarshal array into Go struct field Lock.digest of type string"),
        (
            "dependencies: a",
            "json: cannot unmarshal string into Go struct field Lock.dependencies of type []*chart.Dependency",
        ),
        ("generated: 12", "Time.UnmarshalJSON: input is not a JSON string"),
        ("generated: 2024-01-01", "parsing time \"2024-01-01\" as RFC 3339 failed"),
        ("generated: 2024-02-30T10:20:30Z", "parsing time \"2024-02-30T10:20:30Z\" as RFC 3339 failed"),
        ("generated: 2024-01-01T1:20:30Z", "parsing time \"2024-01-01T1:20:30Z\" as RFC 3339 failed"),
    ] {
        assert_eq!(check(text), Err(format!("{prefix}{error}")), "{text:?}");
    }
}
