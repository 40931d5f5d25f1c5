//! Whether needs exist, go in no circle, and bring what is used before it is.

use std::collections::BTreeSet;

use super::Report;
use crate::{Lock, Release, Source, StackFile, plan};

pub(super) fn check(file: &StackFile, lock: &Lock, report: &mut Report) {
    let mut names = BTreeSet::new();
    for release in &file.releases {
        if !names.insert(&release.name) {
            report.faults.push(format!("{} is there twice", release.name));
        }
        for profile in release.profiles.keys().filter(|profile| file.profile(profile).is_none()) {
            report.faults.push(format!("{}: there is no profile {profile}", release.name));
        }
    }
    for profile in &file.profiles {
        check_profile(file, lock, &profile.name, report);
    }
}

fn check_profile(file: &StackFile, lock: &Lock, profile: &str, report: &mut Report) {
    let planned = plan(file, profile);
    let in_profile = |name: &str| file.release(name).is_some_and(|release| release.profiles.contains_key(profile));
    for release in file.releases.iter().filter(|release| release.profiles.contains_key(profile)) {
        let name = &release.name;
        let missing: Vec<_> = release.needs_in(profile).filter(|need| !in_profile(need)).collect();
        for need in &missing {
            report.faults.push(format!("{name} needs {need}, which the profile {profile} does not have"));
        }
        if missing.is_empty() && !planned.iter().any(|planned| planned.name == *name) {
            report.faults.push(format!("{name} waits in a circle of needs in the profile {profile}, or for one"));
        }
    }
    for release in planned {
        let before = before(file, release, profile);
        if release.source == Source::Manifest && !before.is_empty() {
            report.faults.push(format!("{}: manifests come first and need nothing", release.name));
        }
        for group in release.uses_in(profile) {
            let brings = |name: &&str| file.release(name).is_some_and(|release| crds(lock, release).contains(group));
            if !before.iter().any(brings) {
                let name = &release.name;
                report.faults.push(format!("{name} uses {group}, and needs nothing that brings it in {profile}"));
            }
        }
        let prepared = file.namespace(&release.namespace).and_then(|namespace| namespace.prepared_by.as_deref());
        if let Some(by) = prepared.filter(|by| *by != release.name && !before.contains(by)) {
            let (name, namespace) = (&release.name, &release.namespace);
            report.faults.push(format!("{name} does not need {by}, which prepares its namespace {namespace}"));
        }
    }
}

/// Everything that a release needs, and what that needs, and so on. Of a planned release it ends.
fn before<'a>(file: &'a StackFile, release: &'a Release, profile: &str) -> BTreeSet<&'a str> {
    let mut before = BTreeSet::new();
    let mut waiting: Vec<_> = release.needs_in(profile).collect();
    while let Some(name) = waiting.pop() {
        if before.insert(name) {
            waiting.extend(file.release(name).into_iter().flat_map(|need| need.needs_in(profile)));
        }
    }
    before
}

fn crds<'a>(lock: &'a Lock, release: &Release) -> &'a [String] {
    match release.source {
        Source::Stack => &[],
        Source::Lock => lock.chart(&release.chart).map(|chart| &chart.crds[..]).unwrap_or_default(),
        Source::Manifest => lock.manifest(&release.chart).map(|manifest| &manifest.crds[..]).unwrap_or_default(),
    }
}
