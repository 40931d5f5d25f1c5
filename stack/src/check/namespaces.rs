//! Whether every namespace is declared, and prepared by whom it says.

use super::Report;
use crate::{Namespace, Release, StackFile};

pub(super) fn check(file: &StackFile, report: &mut Report) {
    for namespace in &file.namespaces {
        let name = &namespace.name;
        if !file.releases.iter().any(|release| release.namespace == *name) {
            report.faults.push(format!("namespace {name}: nothing is released there"));
        }
        match (&namespace.prepared_by, &namespace.reason) {
            (Some(by), None) => check_prepared(file, namespace, by, report),
            (None, Some(_)) => {}
            _ => report.faults.push(format!("namespace {name} says who prepares it, or why nobody does")),
        }
    }
    for release in file.releases.iter().filter(|release| file.namespace(&release.namespace).is_none()) {
        report.faults.push(format!("{}: the namespace {} is not declared", release.name, release.namespace));
    }
}

/// The preparing release has the namespace among its values in every profile that releases something there.
fn check_prepared(file: &StackFile, namespace: &Namespace, by: &str, report: &mut Report) {
    let name = &namespace.name;
    let Some(baseline) = file.release(by) else {
        return report.faults.push(format!("namespace {name}: there is no release {by}"));
    };
    for profile in &file.profiles {
        let profile = &*profile.name;
        let is_used = |release: &&Release| release.namespace == *name && release.profiles.contains_key(profile);
        if !file.releases.iter().any(|release| is_used(&release)) {
            continue;
        }
        let values = baseline.values_in(profile);
        let prepared = values["namespaces"].as_array().into_iter().flatten();
        if !baseline.profiles.contains_key(profile) || !prepared.into_iter().any(|of| of["name"] == **name) {
            report.faults.push(format!("namespace {name}: {by} does not prepare it in the profile {profile}"));
        }
    }
}
