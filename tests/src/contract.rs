use std::cell::RefCell;
use std::collections::{BTreeMap, HashMap};
use std::fs;
use std::path::Path;
use std::rc::Rc;

use jsonschema::Validator;
use serde_json::{Value, json};

use crate::{Answer, INDEX};

/// `openapi.yaml`: what every route promises.
#[derive(Debug)]
pub struct Contract {
    document: Value,
    /// Ready validators, by the text of their schema.
    validators: RefCell<HashMap<String, Rc<Validator>>>,
}

/// A method on a path.
#[derive(Debug, Clone)]
pub struct Operation {
    /// Unique in the document.
    pub id: String,
    /// In upper case.
    pub method: String,
    /// With parameters in braces.
    pub path: String,
    value: Value,
}

impl Operation {
    /// It is one of the registry's.
    pub fn is_of_registry(&self) -> bool {
        self.path.starts_with("/v2/")
    }
}

impl Contract {
    /// Reads the file at the repository's root.
    pub fn read() -> Self {
        let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../openapi.yaml");
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        let document = serde_yaml::from_str(&text).unwrap_or_else(|error| panic!("openapi.yaml: {error}"));
        Self { document, validators: RefCell::default() }
    }

    /// The whole document.
    pub fn document(&self) -> &Value {
        &self.document
    }

    /// Every documented method of every path.
    pub fn operations(&self) -> Vec<Operation> {
        let paths = self.document["paths"].as_object().expect("openapi.yaml has paths");
        let mut operations = Vec::new();
        for (path, methods) in paths {
            for (method, value) in methods.as_object().expect("a path has methods") {
                operations.push(Operation {
                    id: value["operationId"].as_str().expect("an operation has an id").to_owned(),
                    method: method.to_ascii_uppercase(),
                    path: path.clone(),
                    value: value.clone(),
                });
            }
        }
        operations
    }

    /// Those of ChartMuseum's door and of our own API.
    pub fn classic_operations(&self) -> Vec<Operation> {
        let mut operations = self.operations();
        operations.retain(|operation| !operation.is_of_registry());
        operations
    }

    /// What stands behind a `$ref`, if it is one.
    fn resolve<'a>(&'a self, value: &'a Value) -> &'a Value {
        match value["$ref"].as_str() {
            None => value,
            Some(reference) => {
                let pointer = reference.strip_prefix('#').expect("references stay in the document");
                self.document.pointer(pointer).unwrap_or_else(|| panic!("{reference} leads nowhere"))
            }
        }
    }

    /// The parameters of an operation: names, by where they are (`path`, `query`, `header`).
    pub fn parameters(&self, operation: &Operation) -> Vec<(String, String)> {
        let parameters = operation.value["parameters"].as_array().into_iter().flatten();
        let text = |value: &Value| value.as_str().expect("a parameter has a name and a place").to_owned();
        parameters
            .map(|parameter| self.resolve(parameter))
            .map(|parameter| (text(&parameter["in"]), text(&parameter["name"])))
            .collect()
    }

    /// The action that an operation asks of its caller's token; `None` if it is public. Every operation says it.
    pub fn action(&self, operation: &Operation) -> Option<String> {
        let security = &operation.value["security"];
        let ways = security.as_array().unwrap_or_else(|| panic!("{} has no `security`", operation.id));
        if ways.is_empty() {
            return None;
        }
        let action = ways.iter().find_map(|way| way["bearer"][0].as_str());
        assert!(ways.contains(&json!({ "basic": [] })), "{} knows no basic authentication", operation.id);
        Some(action.unwrap_or_else(|| panic!("{} names no action", operation.id)).to_owned())
    }

    /// The parameters of the query without which an operation is refused.
    pub fn required_in_query(&self, operation: &Operation) -> Vec<String> {
        let parameters = operation.value["parameters"].as_array().into_iter().flatten();
        let parameters = parameters.map(|parameter| self.resolve(parameter));
        let required = parameters.filter(|parameter| parameter["in"] == "query" && parameter["required"] == true);
        required.map(|parameter| parameter["name"].as_str().expect("a parameter has a name").to_owned()).collect()
    }

    /// The documented statuses of an operation.
    pub fn statuses(&self, operation: &Operation) -> Vec<u16> {
        let responses = operation.value["responses"].as_object().expect("an operation has responses");
        responses.keys().map(|status| status.parse().expect("a status is a number")).collect()
    }

    /// Holds an answer to what is documented: status, headers, kind of content, and its schema.
    pub fn check(&self, operation: &Operation, answer: &Answer) {
        let context = format!("{} ({})", operation.id, answer.request);
        let response = &operation.value["responses"][answer.status.to_string()];
        assert!(!response.is_null(), "{context}: {} is not documented: {answer:?}", answer.status);
        let response = self.resolve(response);
        for (name, header) in response["headers"].as_object().into_iter().flatten() {
            self.check_header(&context, answer, name, self.resolve(header));
        }
        let content: BTreeMap<&String, &Value> = response["content"].as_object().into_iter().flatten().collect();
        if content.is_empty() {
            assert!(answer.body.is_empty(), "{context}: a body is not documented: {answer:?}");
            return;
        }
        let kind = answer.header("content-type").unwrap_or_else(|| panic!("{context}: no content type"));
        let described = content.get(&kind.to_owned()).unwrap_or_else(|| panic!("{context}: {kind} is not documented"));
        if answer.header("content-encoding").is_some() {
            return;
        }
        let body = match kind {
            "application/json; charset=utf-8" | "application/json" | INDEX => answer.json(),
            "application/x-yaml" => {
                serde_yaml::from_slice(&answer.body).unwrap_or_else(|error| panic!("{context}: no YAML: {error}"))
            }
            _ if described["schema"]["type"] == "string" => Value::from(answer.text()),
            _ => return,
        };
        self.check_value(&context, &body, &described["schema"]);
    }

    fn check_header(&self, context: &str, answer: &Answer, name: &str, header: &Value) {
        let Some(text) = answer.header(name) else {
            assert!(header["required"] != true, "{context}: no {name}: {answer:?}");
            return;
        };
        let value = match header["schema"]["type"].as_str() {
            Some("integer") => serde_json::from_str(text).unwrap_or_else(|_| panic!("{context}: {name}: {text}")),
            _ => Value::from(text),
        };
        self.check_value(&format!("{context}: {name}"), &value, &header["schema"]);
    }

    fn check_value(&self, context: &str, value: &Value, schema: &Value) {
        let errors: Vec<String> = self
            .validator(schema)
            .iter_errors(value)
            .map(|error| format!("{}: {error}", error.instance_path()))
            .collect();
        assert!(errors.is_empty(), "{context}: {value} is not as documented: {errors:#?}");
    }

    fn validator(&self, schema: &Value) -> Rc<Validator> {
        let make = || {
            // References in a schema begin at the document's root.
            let root = json!({"components": self.document["components"], "allOf": [schema]});
            let options = jsonschema::options().should_validate_formats(true);
            Rc::new(options.build(&root).unwrap_or_else(|error| panic!("the schema {schema} is wrong: {error}")))
        };
        Rc::clone(self.validators.borrow_mut().entry(schema.to_string()).or_insert_with(make))
    }
}
