use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};

use super::FileError;
use super::read::{known, read};

/// The format of stack files that this program knows.
const FORMAT: u32 = 1;
/// The stack file that the program carries.
const EMBEDDED: &str = include_str!("../../../deploy/stack/stack.yaml");

/// What is released where, in which order, with what values.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct StackFile {
    format: u32,
    /// The minor version of Kubernetes that it is for.
    pub kubernetes: String,
    /// Where this server is.
    pub servers: Servers,
    /// Selections of releases.
    pub profiles: Vec<Profile>,
    /// Every namespace that a release is in.
    pub namespaces: Vec<Namespace>,
    /// In any order; a profile's order follows from their needs.
    pub releases: Vec<Release>,
}

/// Addresses of the server that has our own charts, without a slash at the end.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Servers {
    /// Of the one at the terminal, for the first installation.
    pub terminal: String,
    /// Of the one in the cluster.
    pub cluster: String,
}

/// A selection of releases for one cluster.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Profile {
    /// Its name.
    pub name: String,
    /// Where its cluster is.
    pub site: String,
    /// What it is for.
    pub description: String,
}

/// A namespace.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Namespace {
    /// Its name.
    pub name: String,
    /// The release of the chart `namespace-baseline` that makes it; whoever comes first if there is none.
    #[serde(default)]
    pub prepared_by: Option<String>,
    /// Why it has no baseline.
    #[serde(default)]
    pub reason: Option<String>,
}

/// A chart, or manifests, installed under a name.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Release {
    /// Its name, which is there once.
    pub name: String,
    /// The chart, or the manifests of the lock.
    pub chart: String,
    /// Where the chart comes from.
    pub source: Source,
    /// The version, exactly.
    pub version: String,
    /// Where it is installed.
    pub namespace: String,
    /// It has to be there before a server can be asked for charts: it is installed from local archives.
    #[serde(default)]
    pub bootstrap: bool,
    /// API groups of which it makes objects, besides those that Kubernetes has itself.
    #[serde(default)]
    pub uses: Vec<String>,
    /// Releases that are there before it, in each profile.
    #[serde(default)]
    pub needs: Vec<String>,
    /// Values in each profile.
    #[serde(default)]
    pub values: Map<String, Value>,
    /// The profiles that have it, and what differs there.
    pub profiles: BTreeMap<String, Layer>,
}

/// Where a chart comes from.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Source {
    /// One of our own.
    Stack,
    /// Somebody else's, as the lock has it.
    Lock,
    /// Manifests that are no chart, as the lock has them.
    Manifest,
}

/// What differs in a profile.
#[derive(Debug, Clone, Default, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase", default)]
pub struct Layer {
    /// Further API groups of which it makes objects.
    pub uses: Vec<String>,
    /// Further needs.
    pub needs: Vec<String>,
    /// Values over those of all profiles.
    pub values: Map<String, Value>,
}

impl StackFile {
    /// Reads a stack file.
    ///
    /// # Errors
    /// If it is no YAML, has a field too many or too few, or another format.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let file: Self = read(text)?;
        known(file.format, FORMAT)?;
        Ok(file)
    }

    /// The one that the program carries: `deploy/stack/stack.yaml`.
    ///
    /// # Errors
    /// Never of the file that was built in, which the tests read.
    pub fn embedded() -> Result<Self, FileError> {
        Self::read(EMBEDDED)
    }

    /// The profile of this name.
    pub fn profile(&self, name: &str) -> Option<&Profile> {
        self.profiles.iter().find(|profile| profile.name == name)
    }

    /// The release of this name.
    pub fn release(&self, name: &str) -> Option<&Release> {
        self.releases.iter().find(|release| release.name == name)
    }

    /// The namespace of this name.
    pub fn namespace(&self, name: &str) -> Option<&Namespace> {
        self.namespaces.iter().find(|namespace| namespace.name == name)
    }
}

impl Release {
    /// What is there before it in a profile.
    pub fn needs_in<'a>(&'a self, profile: &str) -> impl Iterator<Item = &'a str> + use<'a> {
        let further = self.profiles.get(profile).map(|layer| &layer.needs[..]).unwrap_or_default();
        self.needs.iter().chain(further).map(String::as_str)
    }

    /// API groups of which it makes objects in a profile.
    pub fn uses_in<'a>(&'a self, profile: &str) -> impl Iterator<Item = &'a String> + use<'a> {
        let further = self.profiles.get(profile).map(|layer| &layer.uses[..]).unwrap_or_default();
        self.uses.iter().chain(further)
    }

    /// Its values in a profile: those of all profiles, and over them the profile's.
    pub fn values_in(&self, profile: &str) -> Value {
        let mut values = Value::Object(self.values.clone());
        if let Some(layer) = self.profiles.get(profile) {
            merge(&mut values, &Value::Object(layer.values.clone()));
        }
        values
    }
}

/// Lays values over others as Helm does: maps are merged, everything else is replaced, and null takes away.
pub(crate) fn merge(values: &mut Value, over: &Value) {
    match (values, over) {
        (Value::Object(values), Value::Object(over)) => {
            for (key, value) in over {
                match values.get_mut(key) {
                    _ if value.is_null() => drop(values.shift_remove(key)),
                    Some(below) => merge(below, value),
                    None => drop(values.insert(key.clone(), value.clone())),
                }
            }
        }
        (values, over) => *values = over.clone(),
    }
}
