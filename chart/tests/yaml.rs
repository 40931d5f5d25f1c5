//! The YAML reader against Go's.

#![expect(clippy::unwrap_used, reason = "a test fails by panicking")]

mod go;

use chart::yaml::{self, Kind, Limits, YamlError};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

#[derive(Debug, Serialize, Deserialize)]
struct Document {
    #[serde(default, skip_serializing_if = "String::is_empty")]
    text: String,
    /// In base64.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    bytes: String,
}

#[derive(Debug, Deserialize)]
struct Golden {
    #[serde(flatten)]
    document: Document,
    #[serde(default)]
    value: Value,
    error: Option<String>,
    values_error: Option<String>,
}

impl Document {
    fn content(&self) -> Vec<u8> {
        if self.bytes.is_empty() {
            return self.text.clone().into_bytes();
        }
        go::from_base64(&self.bytes)
    }
}

/// Go has one kind of number in JSON.
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

/// Go prints the key itself, in Go's syntax.
fn without_key(text: &str) -> &str {
    ["invalid map key", "unsupported map key of type: "]
        .iter()
        .find_map(|cut| text.find(cut).map(|at| &text[..at + cut.len()]))
        .unwrap_or(text)
}

/// Nothing, or how Go and this reader differ.
fn difference(golden: &Golden) -> Option<String> {
    let content = golden.document.content();
    let value = yaml::read(&content, &Limits::default());
    let root = yaml::check(&content, &Limits::default());
    if value.is_ok() != root.is_ok() {
        return Some(format!("read says {value:?}, check says {root:?}"));
    }
    match (&value, &golden.error) {
        (Ok(value), None) if same(value, &golden.value) => {}
        (Err(error), Some(text)) if without_key(&error.to_string()) == without_key(text) => {}
        _ => return Some(format!("{value:?}, Go: {:?} or {}", golden.error, golden.value)),
    }
    let usable = matches!(root, Ok(Kind::Null | Kind::Mapping));
    (usable != golden.values_error.is_none()).then(|| format!("as values {root:?}, Go: {:?}", golden.values_error))
}

fn read_golden(text: &str) -> Vec<Golden> {
    text.lines().map(|line| serde_json::from_str(line).unwrap()).collect()
}

const GOLDEN: &str = include_str!("golden/yaml.jsonl");

#[test]
fn documents_mean_what_they_mean_to_go() {
    let golden = read_golden(GOLDEN);
    assert!(golden.len() > 400);
    let differences: Vec<String> =
        golden.iter().filter_map(|golden| Some(format!("{:?}: {}", golden.document, difference(golden)?))).collect();
    // Go compares a byte order mark with the start of its buffer instead of the place it is at
    let known = |text: &&String| !text.contains(r#""\u{feff}\u{feff}a: b""#);
    let unknown: Vec<_> = differences.iter().filter(known).collect();
    assert!(unknown.is_empty(), "{unknown:#?}");
}

#[test]
fn the_golden_file_is_what_go_says() {
    let documents = include_bytes!("../../tests/golden/yaml/documents.jsonl");
    if let Some(output) = go::run("the_golden_file_is_what_go_says", "./yaml", documents) {
        assert!(output == GOLDEN.as_bytes(), "tests/golden/yaml/main.go says how to write the file anew");
    }
}

/// Damages real files in the ways people do, and asks Go about each.
#[test]
fn damaged_files_are_judged_as_go_judges_them() {
    const NAME: &str = "damaged_files_are_judged_as_go_judges_them";
    let Some(folder) = go::module(NAME, "helm.sh/helm/v3@v3.21.4") else { return };
    let files = small_files(&folder);
    assert!(files.len() > 100, "{} files", files.len());
    let mut documents = String::new();
    let mut random = Random(1);
    for round in 0..4000 {
        let mut text = files[random.below(files.len())].clone();
        for _ in 0..=round % 3 {
            damage(&mut text, &mut random);
        }
        documents.push_str(&serde_json::to_string(&Document { text, bytes: String::new() }).unwrap());
        documents.push('\n');
    }
    let Some(output) = go::run(NAME, "./yaml", documents.as_bytes()) else { return };
    let golden = read_golden(std::str::from_utf8(&output).unwrap());
    assert_eq!(golden.len(), 4000);
    assert!(golden.iter().filter(|golden| golden.error.is_some()).count() > 1000);
    let differences: Vec<String> =
        golden.iter().filter_map(|golden| Some(format!("{:?}: {}", golden.document, difference(golden)?))).collect();
    assert!(differences.is_empty(), "{differences:#?}");
}

fn small_files(folder: &std::path::Path) -> Vec<String> {
    let mut files = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in std::fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            if path.is_dir() {
                folders.push(path);
            } else if path.extension().is_some_and(|extension| extension == "yaml" || extension == "lock")
                && let Ok(text) = std::fs::read_to_string(&path)
                && text.len() < 1500
            {
                files.push(text);
            }
        }
    }
    files.sort();
    files.dedup();
    files
}

/// The same numbers every time.
struct Random(u64);

impl Random {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) as usize % end
    }
}

fn damage(text: &mut String, random: &mut Random) {
    const PIECES: [&str; 36] = [
        "\t", " ", "  ", ": ", ":", "- ", "-", "? ", "#", " #", "[", "]", "{", "}", ",", "\"", "'", "&a ", "*a", "!x ",
        "!!str ", "|", ">", "|+\n", "\n", "\n\n", "---\n", "...\n", "%", "@", "`", "\r\n", "\r", "<<: ", "\\",
        "\u{2028}",
    ];
    let mut at = random.below(text.len() + 1);
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    match random.below(3) {
        0 if at < text.len() => drop(text.remove(at)),
        1 => {
            let mut lines: Vec<&str> = text.split('\n').collect();
            let line = lines.remove(random.below(lines.len()));
            let moved = format!("{}{line}", ["", " ", "  ", "\t"][random.below(4)]);
            let to = random.below(lines.len() + 1);
            lines.insert(to, &moved);
            *text = lines.join("\n");
        }
        _ => text.insert_str(at, PIECES[random.below(PIECES.len())]),
    }
}

#[test]
fn each_limit_has_its_own_error() {
    let limits = Limits::default();
    let read = |text: &str| yaml::read(text.as_bytes(), &limits).unwrap_err();
    let check = |text: &str| yaml::check(text.as_bytes(), &limits).unwrap_err();
    for fail in [&read as &dyn Fn(&str) -> YamlError, &check] {
        assert_eq!(fail(&"[".repeat(100_000)), YamlError::TooDeep { limit: 100 });
        assert_eq!(fail(&"{a: ".repeat(100_000)), YamlError::TooDeep { limit: 100 });
        assert_eq!(fail(&"- ".repeat(100_000)), YamlError::TooDeep { limit: 100 });
        assert_eq!(fail(&"? ".repeat(100_000)), YamlError::TooDeep { limit: 100 });
        assert_eq!(fail(&"a".repeat(5 << 20)), YamlError::TooLarge { limit: 1 << 20 });
        assert_eq!(fail(&"- 1\n".repeat(100_001)), YamlError::TooManyNodes { limit: 100_000 });
        assert_eq!(fail(&alias_bomb()), YamlError::Aliasing);
        assert_eq!(fail(&wide_aliases()), YamlError::TooManyNodes { limit: 100_000 });
        let anchors: String = (0..10_001).map(|number| format!("- &a{number} 1\n")).collect();
        assert_eq!(fail(&anchors), YamlError::TooManyAnchors { limit: 10_000 });
        let chain: String = (1..200).map(|number| format!("- &a{number} [*a{}]\n", number - 1)).collect();
        assert_eq!(fail(&format!("- &a0 x\n{chain}")), YamlError::TooDeep { limit: 100 });
        let directives: String = (0..10_001).map(|number| format!("%TAG !a{number}! x\n")).collect();
        assert!(fail(&format!("{directives}---\n")).to_string().contains("too many %TAG directives"));
    }
}

/// 10⁹ texts in 500 bytes.
fn alias_bomb() -> String {
    let mut text = String::from("a0: &a0 [lol, lol, lol, lol, lol, lol, lol, lol, lol, lol]\n");
    for level in 1..9 {
        let aliases = vec![format!("*a{}", level - 1); 10].join(", ");
        text.push_str(&format!("a{level}: &a{level} [{aliases}]\n"));
    }
    text
}

/// Half of it from aliases, which Go allows.
fn wide_aliases() -> String {
    let list = "1, ".repeat(60_000);
    format!("- &a [{list}]\n- *a\n")
}

#[test]
fn texts_behind_aliases_count_where_they_are_built() {
    let text = format!("a: &a {}\nb: [*a, *a, *a, *a]\n", "x".repeat(300_000));
    let limits = Limits::default();
    assert_eq!(yaml::read(text.as_bytes(), &limits), Err(YamlError::TooLarge { limit: 1 << 20 }));
    assert_eq!(yaml::check(text.as_bytes(), &limits), Ok(Kind::Mapping));
}

#[test]
fn a_long_line_within_the_limits_is_read() {
    let limits = Limits { bytes: 6 << 20, ..Limits::default() };
    let text = format!("a: {}", "x".repeat(5 << 20));
    assert_eq!(yaml::check(text.as_bytes(), &limits), Ok(Kind::Mapping));
    assert_eq!(yaml::read(text.as_bytes(), &limits).unwrap()["a"].as_str().unwrap().len(), 5 << 20);
}

#[test]
fn check_names_the_root() {
    for (text, kind) in [
        ("", Kind::Null),
        ("~", Kind::Null),
        ("yes", Kind::Boolean),
        ("1.5", Kind::Number),
        ("a", Kind::String),
        ("- a", Kind::Sequence),
        ("a: b", Kind::Mapping),
    ] {
        assert_eq!(yaml::check(text.as_bytes(), &Limits::default()), Ok(kind), "{text:?}");
    }
}

#[test]
fn keys_keep_their_order() {
    let value = yaml::read(b"b: 1\na: 2\nb: 3", &Limits::default()).unwrap();
    assert_eq!(value.to_string(), json!({"b": 3, "a": 2}).to_string());
}

proptest! {
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn bytes_never_panic(bytes in proptest::collection::vec(any::<u8>(), 0..200)) {
        let read = yaml::read(&bytes, &Limits::default());
        prop_assert_eq!(read.is_ok(), yaml::check(&bytes, &Limits::default()).is_ok());
    }

    #[test]
    fn indicators_never_panic(text in "[-?:,\\[\\]{}#&*!|>'\"%@` \t\r\na1~<.\u{2028}\u{85}é]{0,60}") {
        let read = yaml::read(text.as_bytes(), &Limits::default());
        prop_assert_eq!(read.is_ok(), yaml::check(text.as_bytes(), &Limits::default()).is_ok());
    }

    #[test]
    fn json_reads_as_itself(value in json_value()) {
        let text = chart::index::to_json(&value);
        prop_assert!(same(&yaml::read(text.as_bytes(), &Limits::default()).unwrap(), &value));
    }
}

fn json_value() -> impl Strategy<Value = Value> {
    let leaf = prop_oneof![
        Just(Value::Null),
        any::<bool>().prop_map(Value::from),
        any::<i64>().prop_map(Value::from),
        (-1.0e6..1.0e6).prop_map(Value::from),
        ".{0,20}".prop_map(Value::from),
    ];
    leaf.prop_recursive(4, 40, 6, |inner| {
        prop_oneof![
            proptest::collection::vec(inner.clone(), 0..6).prop_map(Value::from),
            proptest::collection::btree_map(".{0,10}", inner, 0..6)
                .prop_map(|map| Value::Object(map.into_iter().collect())),
        ]
    })
}
