//! What people and clusters use, made of the stack file and its lock.

mod flux;
mod helmfile;

pub use flux::flux;
pub use helmfile::helmfile;

use serde_json::Value;

use crate::{Lock, LockedChart, Release, Source, StackFile, plan};

/// Why nothing can be generated.
#[derive(Debug, thiserror::Error)]
pub enum GenerateError {
    /// The stack file has no such profile.
    #[error("there is no profile {0}")]
    NoProfile(String),
    /// The lock has no such entry: see [`crate::check`].
    #[error("the lock has no {0}")]
    NotLocked(String),
    /// A value that YAML cannot hold.
    #[error("{0}")]
    Yaml(#[from] serde_yaml::Error),
}

/// The releases of a profile in order; the profile must exist.
fn planned<'a>(file: &'a StackFile, profile: &str) -> Result<Vec<&'a Release>, GenerateError> {
    match file.profile(profile) {
        Some(_) => Ok(plan(file, profile)),
        None => Err(GenerateError::NoProfile(profile.to_owned())),
    }
}

fn source<'a>(lock: &'a Lock, release: &Release) -> Result<&'a LockedChart, GenerateError> {
    lock.chart(&release.chart).ok_or_else(|| GenerateError::NotLocked(release.chart.clone()))
}

/// The addresses of manifests that a release needs.
fn manifests<'a>(
    file: &StackFile,
    lock: &'a Lock,
    release: &Release,
    profile: &str,
) -> Result<Vec<&'a str>, GenerateError> {
    let needed = release.needs_in(profile).filter_map(|need| file.release(need));
    let manifests = needed.filter(|need| need.source == Source::Manifest);
    let address = |need: &Release| lock.manifest(&need.chart).map(|manifest| &*manifest.source);
    manifests.map(|need| address(need).ok_or_else(|| GenerateError::NotLocked(need.chart.clone()))).collect()
}

/// Whether nobody else makes the namespace of a release.
fn makes_namespace(file: &StackFile, release: &Release) -> bool {
    file.namespace(&release.namespace).is_some_and(|namespace| namespace.prepared_by.is_none())
}

/// A repository's name, which follows from its address alone: as many names as repositories.
fn name_of(address: &str) -> String {
    let address = address.trim_start_matches("https://");
    let words = address.split(|character: char| !character.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
    words.collect::<Vec<_>>().join("-")
}

/// Documents of a stream, below a comment.
fn stream(comment: &str, documents: &[Value]) -> Result<String, GenerateError> {
    let mut text = String::new();
    for line in comment.lines() {
        text.push_str(if line.is_empty() { "#" } else { "# " });
        text.push_str(line);
        text.push('\n');
    }
    for document in documents {
        text.push_str("---\n");
        text.push_str(&serde_yaml::to_string(document)?);
    }
    Ok(text)
}
