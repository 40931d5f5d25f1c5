//! `Chart.yaml` into fields, as Go's JSON reader fills Helm's struct.

use std::collections::BTreeMap;

use serde_json::{Map, Number, Value};

use super::{Dependency, Maintainer, Metadata};
use crate::yaml::{self, Shape, YamlError, folds_to};

/// Why a YAML file of a chart cannot be used, in the words that Helm has from Go's libraries.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DecodeError {
    /// It cannot be read.
    #[error("error converting YAML to JSON: {0}")]
    Yaml(#[from] YamlError),
    /// It can be read, but a value has another type than its field.
    #[error("error unmarshaling JSON: while decoding JSON: {0}")]
    Type(String),
}

/// Metadata that has been decoded but not yet validated, so that entries may still be null.
///
/// Several files can be decoded one over the other. What an earlier one has said stays where a later one says nothing.
#[derive(Debug, Default)]
pub(crate) struct Draft {
    pub(super) metadata: Metadata,
    pub(super) maintainers: Vec<Option<Maintainer>>,
    pub(super) dependencies: Vec<Option<Dependency>>,
}

const MAINTAINER: Shape = Shape::Struct(&[("name", Shape::Text), ("email", Shape::Text), ("url", Shape::Text)]);

pub(super) const DEPENDENCY: Shape = Shape::Struct(&[
    ("name", Shape::Text),
    ("version", Shape::Text),
    ("repository", Shape::Text),
    ("condition", Shape::Text),
    ("tags", Shape::List(&Shape::Text)),
    ("enabled", Shape::Any),
    ("import-values", Shape::List(&Shape::Any)),
    ("alias", Shape::Text),
]);

const METADATA: Shape = Shape::Struct(&[
    ("name", Shape::Text),
    ("home", Shape::Text),
    ("sources", Shape::List(&Shape::Text)),
    ("version", Shape::Text),
    ("description", Shape::Text),
    ("keywords", Shape::List(&Shape::Text)),
    ("maintainers", Shape::List(&MAINTAINER)),
    ("icon", Shape::Text),
    ("apiVersion", Shape::Text),
    ("condition", Shape::Text),
    ("tags", Shape::Text),
    ("appVersion", Shape::Text),
    ("deprecated", Shape::Any),
    ("annotations", Shape::Map(&Shape::Text)),
    ("kubeVersion", Shape::Text),
    ("dependencies", Shape::List(&DEPENDENCY)),
    ("type", Shape::Text),
]);

impl Draft {
    /// Decodes a file over what has been decoded before.
    pub(crate) fn decode(&mut self, bytes: &[u8], limits: &yaml::Limits) -> Result<(), DecodeError> {
        let value = yaml::read_as(bytes, limits, &METADATA)?;
        let mut decoder = Decoder::default();
        decoder.root(&value, "chart.Metadata", |decoder, object| {
            for (field, value) in fields(object, &METADATA) {
                self.field(decoder, field, value);
            }
        });
        decoder.finish()
    }

    /// A chart without the field is one of Helm 2.
    pub(crate) fn default_api_version(&mut self) {
        if self.metadata.api_version.is_empty() {
            self.metadata.api_version.push_str("v1");
        }
    }

    fn field(&mut self, decoder: &mut Decoder, field: &'static str, value: &Value) {
        let metadata = &mut self.metadata;
        let place = Place { owner: "Metadata", path: field };
        let text = match field {
            "name" => &mut metadata.name,
            "home" => &mut metadata.home,
            "version" => &mut metadata.version,
            "description" => &mut metadata.description,
            "icon" => &mut metadata.icon,
            "apiVersion" => &mut metadata.api_version,
            "condition" => &mut metadata.condition,
            "tags" => &mut metadata.tags,
            "appVersion" => &mut metadata.app_version,
            "kubeVersion" => &mut metadata.kube_version,
            "type" => &mut metadata.kind,
            "sources" => return decoder.texts(place, value, &mut metadata.sources),
            "keywords" => return decoder.texts(place, value, &mut metadata.keywords),
            "deprecated" => return decoder.flag(place, value, &mut metadata.deprecated),
            "annotations" => return decoder.annotations(place, value, &mut metadata.annotations),
            "maintainers" => return decoder.maintainers(place, value, &mut self.maintainers),
            _ => return decoder.dependencies(place, value, &mut self.dependencies),
        };
        decoder.text(place, value, text);
    }
}

/// The entries of an object that belong to a field, in the order of their keys, as Go meets them.
pub(super) fn fields<'v>(object: &'v Map<String, Value>, shape: &Shape) -> Vec<(&'static str, &'v Value)> {
    let Shape::Struct(known) = shape else { return Vec::new() };
    let mut entries: Vec<_> = object.iter().collect();
    entries.sort_by_key(|(key, _)| *key);
    entries
        .into_iter()
        .filter_map(|(key, value)| Some((known.iter().find(|(field, _)| folds_to(key, field))?.0, value)))
        .collect()
}

/// A field as Go names it in messages.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    pub owner: &'static str,
    pub path: &'static str,
}

/// Fills fields, and remembers the first value that did not fit.
#[derive(Debug, Default)]
pub(super) struct Decoder {
    error: Option<String>,
}

impl Decoder {
    pub(super) fn finish(self) -> Result<(), DecodeError> {
        self.error.map_or(Ok(()), |error| Err(DecodeError::Type(error)))
    }

    pub(super) fn fail(&mut self, error: String) {
        self.error.get_or_insert(error);
    }

    fn mismatch(&mut self, place: Place, value: &Value, wanted: &str) {
        let Place { owner, path } = place;
        self.fail(format!(
            "json: cannot unmarshal {} into Go struct field {owner}.{path} of type {wanted}",
            kind(value)
        ));
    }

    pub(super) fn root(&mut self, value: &Value, wanted: &str, read: impl FnOnce(&mut Self, &Map<String, Value>)) {
        match value {
            Value::Null => {}
            Value::Object(object) => read(self, object),
            _ => self.fail(root_mismatch(kind(value), wanted)),
        }
    }

    pub(super) fn text(&mut self, place: Place, value: &Value, into: &mut String) {
        match value {
            Value::Null => {}
            Value::String(text) => into.clone_from(text),
            _ => self.mismatch(place, value, "string"),
        }
    }

    pub(super) fn flag(&mut self, place: Place, value: &Value, into: &mut bool) {
        match value {
            Value::Null => {}
            Value::Bool(flag) => *into = *flag,
            _ => self.mismatch(place, value, "bool"),
        }
    }

    /// Items are decoded over those that are there.
    fn list<T: Default>(
        &mut self,
        place: Place,
        value: &Value,
        wanted: &str,
        into: &mut Vec<T>,
        mut item: impl FnMut(&mut Self, &Value, &mut T),
    ) {
        match value {
            Value::Null => into.clear(),
            Value::Array(values) => {
                into.resize_with(values.len(), T::default);
                for (value, into) in values.iter().zip(into) {
                    item(self, value, into);
                }
            }
            _ => self.mismatch(place, value, wanted),
        }
    }

    fn texts(&mut self, place: Place, value: &Value, into: &mut Vec<String>) {
        self.list(place, value, "[]string", into, |decoder, value, into| decoder.text(place, value, into));
    }

    fn annotations(&mut self, place: Place, value: &Value, into: &mut BTreeMap<String, String>) {
        match value {
            Value::Null => into.clear(),
            Value::Object(object) => {
                for (key, value) in object {
                    let mut text = String::new();
                    self.text(place, value, &mut text);
                    into.insert(key.clone(), text);
                }
            }
            _ => self.mismatch(place, value, "map[string]string"),
        }
    }

    /// An item that Go points to: null makes it none.
    fn pointer<T: Default>(
        &mut self,
        place: Place,
        value: &Value,
        wanted: &str,
        into: &mut Option<T>,
        read: impl FnOnce(&mut Self, &Map<String, Value>, &mut T),
    ) {
        match value {
            Value::Null => *into = None,
            Value::Object(object) => read(self, object, into.get_or_insert_default()),
            _ => self.mismatch(place, value, wanted),
        }
    }

    fn maintainers(&mut self, place: Place, value: &Value, into: &mut Vec<Option<Maintainer>>) {
        self.list(place, value, "[]*chart.Maintainer", into, |decoder, value, into| {
            decoder.pointer(place, value, "chart.Maintainer", into, |decoder, object, into| {
                for (field, value) in fields(object, &MAINTAINER) {
                    let (path, text) = match field {
                        "name" => ("maintainers.name", &mut into.name),
                        "email" => ("maintainers.email", &mut into.email),
                        _ => ("maintainers.url", &mut into.url),
                    };
                    decoder.text(Place { owner: "Maintainer", path }, value, text);
                }
            });
        });
    }

    pub(super) fn dependencies(&mut self, place: Place, value: &Value, into: &mut Vec<Option<Dependency>>) {
        self.list(place, value, "[]*chart.Dependency", into, |decoder, value, into| {
            decoder.pointer(place, value, "chart.Dependency", into, |decoder, object, into| {
                for (field, value) in fields(object, &DEPENDENCY) {
                    decoder.dependency(field, value, into);
                }
            });
        });
    }

    fn dependency(&mut self, field: &'static str, value: &Value, into: &mut Dependency) {
        let place = |path| Place { owner: "Dependency", path };
        let (path, text) = match field {
            "name" => ("dependencies.name", &mut into.name),
            "version" => ("dependencies.version", &mut into.version),
            "repository" => ("dependencies.repository", &mut into.repository),
            "condition" => ("dependencies.condition", &mut into.condition),
            "alias" => ("dependencies.alias", &mut into.alias),
            "tags" => return self.texts(place("dependencies.tags"), value, &mut into.tags),
            "enabled" => return self.flag(place("dependencies.enabled"), value, &mut into.enabled),
            _ => {
                let place = place("dependencies.import-values");
                return self.list(place, value, "[]interface {}", &mut into.import_values, |_, value, into| {
                    *into = untyped(value);
                });
            }
        };
        self.text(place(path), value, text);
    }
}

/// A value that does not fit where the file as a whole must.
pub(crate) fn root_mismatch(kind: &str, wanted: &str) -> String {
    format!("json: cannot unmarshal {kind} into Go value of type {wanted}")
}

fn kind(value: &Value) -> &'static str {
    match value {
        Value::Null => "null",
        Value::Bool(_) => "bool",
        Value::Number(_) => "number",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    }
}

/// A value as Go keeps it without a type: every number is a 64-bit float, and keys are in order.
fn untyped(value: &Value) -> Value {
    /// Up to here floats and integers are the same.
    const EXACT: f64 = 9_007_199_254_740_992.0;
    match value {
        Value::Number(number) => match number.as_f64() {
            Some(float) if float.fract() == 0.0 && float.abs() <= EXACT => Value::from(float as i64),
            Some(float) => Number::from_f64(float).map_or(Value::Null, Value::Number),
            None => Value::Null,
        },
        Value::Array(items) => items.iter().map(untyped).collect(),
        Value::Object(object) => {
            let ordered: BTreeMap<_, _> = object.iter().collect();
            ordered.into_iter().map(|(key, value)| (key.clone(), untyped(value))).collect()
        }
        _ => value.clone(),
    }
}
