//! Whether every chart is known under its version, and whether the lock says what it must.

use chart::{ChartVersion, Digest};

use super::{Report, Unresolved};
use crate::{Lock, LockedChart, Source, StackFile, Status, packages};

pub(super) fn check(file: &StackFile, lock: &Lock, report: &mut Report) {
    let own = match packages() {
        Ok(packages) => packages,
        Err(error) => return report.faults.push(format!("our own charts cannot be read: {error}")),
    };
    for release in &file.releases {
        let known = match release.source {
            Source::Stack => own
                .iter()
                .find(|package| package.name().as_str() == release.chart)
                .map(|package| package.version().to_string()),
            Source::Lock => lock.chart(&release.chart).map(|chart| chart.version.clone()),
            Source::Manifest => lock.manifest(&release.chart).map(|manifest| manifest.version.clone()),
        };
        let (name, chart, version) = (&release.name, &release.chart, &release.version);
        match known {
            None => report.faults.push(format!("{name}: there is no {chart} in its source")),
            Some(known) if known != *version => {
                report.faults.push(format!("{name}: {chart} is wanted in version {version}, and known in {known}"));
            }
            Some(_) => {}
        }
    }
    let names: Vec<_> = lock.charts.iter().map(|chart| &chart.name).collect();
    if !names.is_sorted_by(|a, b| a < b) {
        report.faults.push("lock: charts are not in order of names, or one is there twice".to_owned());
    }
    for chart in &lock.charts {
        let used = file.releases.iter().any(|release| release.source == Source::Lock && release.chart == chart.name);
        check_chart(chart, used, report);
    }
    for manifest in &lock.manifests {
        let used =
            file.releases.iter().any(|release| release.source == Source::Manifest && release.chart == manifest.name);
        let name = &manifest.name;
        check_digests(name, &[&manifest.digest], manifest.resolved, report);
        if !manifest.resolved {
            report.unresolved.push(Unresolved {
                name: name.clone(),
                version: manifest.version.clone(),
                source: manifest.source.clone(),
                used,
            });
        }
    }
}

fn check_chart(chart: &LockedChart, used: bool, report: &mut Report) {
    let name = &chart.name;
    if ChartVersion::parse(&chart.version).is_err() {
        report.faults.push(format!("lock: {name}: {:?} is no version", chart.version));
    }
    if !chart.source.starts_with("https://") && chart.registry().is_none() {
        report.faults.push(format!("lock: {name}: the source begins with https:// or oci://"));
    }
    if used != (chart.status == Status::Default) {
        let is = if used { "used" } else { "not used" };
        report.faults.push(format!("lock: {name} is {is}, and its status says otherwise"));
    }
    let mut digests = vec![&*chart.digest];
    if chart.registry().is_some() {
        digests.push(&chart.manifest_digest);
    } else if !chart.manifest_digest.is_empty() {
        report.faults.push(format!("lock: {name} has a digest of a manifest, and does not come from a registry"));
    }
    check_digests(name, &digests, chart.resolved, report);
    if !chart.resolved {
        report.unresolved.push(Unresolved {
            name: name.clone(),
            version: chart.version.clone(),
            source: chart.source.clone(),
            used,
        });
    }
}

/// A digest is whole or empty, and none of what is resolved is empty.
fn check_digests(name: &str, digests: &[&str], resolved: bool, report: &mut Report) {
    for digest in digests {
        let is_whole = digest.strip_prefix("sha256:").is_some_and(|hex| hex.parse::<Digest>().is_ok());
        let is_expected = resolved || !digest.is_empty();
        if is_expected && !is_whole {
            report.faults.push(format!("lock: {name}: a digest is sha256: and 64 hexadecimal digits, not {digest:?}"));
        }
    }
    if !resolved && digests.iter().all(|digest| !digest.is_empty()) {
        report.faults.push(format!("lock: {name} has all digests, and is marked unresolved"));
    }
}
