mod decode;
mod lock;
mod sanitize;
mod validate;
mod values;

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::NameError;
use crate::quote::quote;
pub use decode::DecodeError;
pub(crate) use decode::Draft;
pub(crate) use lock::check_lock;
pub(crate) use values::check_values;

/// `Chart.yaml` as a type, with Helm's fields in Helm's order. Empty fields are left out of the JSON.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", default)]
#[allow(missing_docs, reason = "the fields are Helm's and documented there")]
pub struct Metadata {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub home: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub sources: Vec<String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub description: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub keywords: Vec<String>,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub maintainers: Vec<Maintainer>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub icon: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub api_version: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub tags: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub app_version: String,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub deprecated: bool,
    #[serde(skip_serializing_if = "BTreeMap::is_empty")]
    pub annotations: BTreeMap<String, String>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub kube_version: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub dependencies: Vec<Dependency>,
    #[serde(rename = "type", skip_serializing_if = "String::is_empty")]
    pub kind: String,
}

/// Someone who maintains a chart.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are Helm's and documented there")]
pub struct Maintainer {
    #[serde(skip_serializing_if = "String::is_empty")]
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub email: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub url: String,
}

/// A chart that a chart needs.
#[derive(Debug, Clone, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
#[allow(missing_docs, reason = "the fields are Helm's and documented there")]
pub struct Dependency {
    pub name: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub version: String,
    pub repository: String,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub condition: String,
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub tags: Vec<String>,
    #[serde(skip_serializing_if = "std::ops::Not::not")]
    pub enabled: bool,
    #[serde(rename = "import-values", skip_serializing_if = "Vec::is_empty")]
    pub import_values: Vec<Value>,
    #[serde(skip_serializing_if = "String::is_empty")]
    pub alias: String,
}

/// Why metadata is refused, in Helm's words.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum MetadataError {
    /// There is none: only possible if `requirements.yaml` stands alone.
    #[error("validation: chart.metadata.apiVersion is required")]
    ApiVersionMissing,
    /// The name is none.
    #[error("validation: {0}")]
    Name(#[from] NameError),
    /// There is no version.
    #[error("validation: chart.metadata.version is required")]
    VersionMissing,
    /// The version is no semantic version, even by Helm's loose rules.
    #[error("validation: chart.metadata.version {} is invalid", quote(.0.as_bytes()))]
    Version(String),
    /// Another type than `application` and `library`.
    #[error("validation: chart.metadata.type must be application or library")]
    Kind,
    /// A maintainer is null.
    #[error("validation: maintainers must not contain empty or null nodes")]
    EmptyMaintainer,
    /// A dependency is null.
    #[error("validation: dependencies must not contain empty or null nodes")]
    EmptyDependency,
    /// The alias of the dependency with this name has other characters than ASCII letters, digits, `_` and `-`.
    #[error("validation: dependency {} has disallowed characters in the alias", quote(.0.as_bytes()))]
    Alias(String),
    /// Two dependencies go by this name or alias.
    #[error("validation: more than one dependency with name or alias {}", quote(.0.as_bytes()))]
    DuplicateDependency(String),
}

#[cfg(test)]
mod tests;
