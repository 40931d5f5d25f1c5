//! What a list shows of each version, and the text of it.

use std::borrow::Cow;
use std::cell::OnceCell;
use std::collections::HashMap;

use catalogue::{RepositoryView, Version};
use chart::index::{rfc3339, to_json};
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::value::RawValue;

use super::parameters::{Parameters, bad};
use crate::error::Error;

/// Every field, in the order in which they are written. Those of `Chart.yaml` have Helm's names.
const FIELDS: [&str; 24] = [
    "repository",
    "name",
    "version",
    "versions",
    "apiVersion",
    "appVersion",
    "type",
    "description",
    "keywords",
    "home",
    "sources",
    "icon",
    "maintainers",
    "dependencies",
    "kubeVersion",
    "annotations",
    "condition",
    "tags",
    "deprecated",
    "created",
    "digest",
    "size",
    "url",
    "provenance",
];

/// A chart's field that a version has not: how many versions there are.
const COUNT: &str = "versions";
/// Strict readers want it in every entry, so it is never left out.
const DEFAULT_API_VERSION: &str = r#""v1""#;

/// Characters that a path may have as they are (RFC 3986, 3.3), and the slash between segments.
const PATH: &AsciiSet = &NON_ALPHANUMERIC
    .remove(b'-')
    .remove(b'.')
    .remove(b'_')
    .remove(b'~')
    .remove(b'/')
    .remove(b'+')
    .remove(b':')
    .remove(b'@')
    .remove(b'!')
    .remove(b'$')
    .remove(b'&')
    .remove(b'\'')
    .remove(b'(')
    .remove(b')')
    .remove(b'*')
    .remove(b',')
    .remove(b';')
    .remove(b'=');

/// The fields that are shown.
#[derive(Debug)]
pub struct Fields {
    shown: Vec<&'static str>,
}

/// A version in its place.
pub struct Line<'a> {
    /// Where it is.
    pub repository: &'a RepositoryView,
    /// What it is.
    pub version: &'a Version,
    /// How many versions its chart has, where charts are shown.
    pub versions: Option<usize>,
    /// In front of every path of this server.
    pub context_path: &'a str,
}

impl Fields {
    /// Reads `fields`: all that there are, if it is not there.
    pub fn read(parameters: &Parameters, of_charts: bool) -> Result<Self, Error> {
        let known = || FIELDS.into_iter().filter(|field| of_charts || *field != COUNT);
        let Some(text) = parameters.get("fields") else { return Ok(Self { shown: known().collect() }) };
        let chosen: Vec<&str> = text.split(',').map(str::trim).collect();
        if let Some(unknown) = chosen.iter().find(|name| !known().any(|field| field == **name)) {
            let known: Vec<_> = known().collect();
            return Err(bad(format!("fields are some of {}, and not {unknown:?}", known.join(","))));
        }
        Ok(Self { shown: known().filter(|field| chosen.contains(field)).collect() })
    }

    /// Appends the line's JSON object. Fields that it does not have are left out.
    pub fn write(&self, out: &mut String, line: &Line<'_>) {
        let metadata = OnceCell::new();
        let metadata = || -> &HashMap<&str, &RawValue> {
            metadata.get_or_init(|| serde_json::from_str(&line.version.metadata).unwrap_or_default())
        };
        let mut separator = '{';
        for field in &self.shown {
            let Some(value) = line.value(field, metadata) else { continue };
            out.push(separator);
            out.push_str(&to_json(field));
            out.push(':');
            out.push_str(&value);
            separator = ',';
        }
        out.push_str(if separator == '{' { "{}" } else { "}" });
    }
}

impl<'a> Line<'a> {
    fn value<'m>(&self, field: &str, metadata: impl Fn() -> &'m HashMap<&'a str, &'a RawValue>) -> Option<Cow<'a, str>>
    where
        'a: 'm,
    {
        let version = self.version;
        Some(match field {
            "repository" => to_json(self.repository.repository.path.as_str()).into(),
            "name" => to_json(version.name.as_str()).into(),
            "version" => to_json(version.version.as_str()).into(),
            COUNT => self.versions?.to_string().into(),
            "created" => to_json(&rfc3339(version.created)).into(),
            "digest" => to_json(&version.package.digest).into(),
            "size" => version.package.size.to_string().into(),
            "url" => to_json(&self.url()).into(),
            "provenance" => self.has_provenance().to_string().into(),
            "apiVersion" => metadata().get(field).map_or(DEFAULT_API_VERSION, |value| value.get()).into(),
            of_chart => metadata().get(of_chart)?.get().into(),
        })
    }

    /// Where the package is: a path on this host, or absolute with `--chart-url`.
    fn url(&self) -> String {
        let url = self.repository.package_url(self.version);
        let path = &self.repository.repository.path;
        if url.contains("://") {
            return url;
        }
        let below = if path.is_root() { "" } else { "/" };
        format!("{}{below}{}/{url}", self.context_path, utf8_percent_encode(path.as_str(), PATH))
    }

    fn has_provenance(&self) -> bool {
        self.repository.repository.provenance(&self.version.file).is_some()
    }
}
