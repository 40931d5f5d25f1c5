//! Whether a stack file, its lock and our own charts fit together.

mod graph;
mod locked;
mod namespaces;
mod values;

use serde::Serialize;

use crate::{Lock, StackFile};

/// What a check found.
#[derive(Debug, Clone, Default, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Report {
    /// Releases that were looked at.
    pub releases: usize,
    /// What is wrong, in sentences.
    pub faults: Vec<String>,
    /// What the lock does not know yet.
    pub unresolved: Vec<Unresolved>,
}

/// An entry of the lock that has no digest yet.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Unresolved {
    /// The chart, or manifests.
    pub name: String,
    /// The version.
    pub version: String,
    /// Where it can be read.
    pub source: String,
    /// Some profile installs it.
    pub used: bool,
}

/// Looks at everything, and goes on after a fault.
pub fn check(file: &StackFile, lock: &Lock) -> Report {
    let mut report = Report { releases: file.releases.len(), ..Report::default() };
    locked::check(file, lock, &mut report);
    namespaces::check(file, &mut report);
    graph::check(file, lock, &mut report);
    values::check(file, &mut report);
    report
}
