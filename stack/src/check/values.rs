//! Whether the values of our own charts fit their schemas.

use chart::{Limits, Package, yaml};
use serde_json::Value;

use super::Report;
use crate::file::merge;
use crate::{Source, StackFile, packages};

pub(super) fn check(file: &StackFile, report: &mut Report) {
    let Ok(packages) = packages() else { return }; // told by the check of the lock
    for package in packages {
        let of_chart = |source: Source, chart: &str| source == Source::Stack && chart == package.name().as_str();
        let releases: Vec<_> =
            file.releases.iter().filter(|release| of_chart(release.source, &release.chart)).collect();
        if releases.is_empty() {
            continue;
        }
        match Chart::of(&package) {
            Err(reason) => report.faults.push(format!("{}: {reason}", package.name())),
            Ok(chart) => {
                for release in releases {
                    for profile in release.profiles.keys() {
                        let faults = chart.faults(&release.values_in(profile));
                        let (name, faults) = (&release.name, faults.into_iter());
                        report.faults.extend(faults.map(|fault| format!("{name} in {profile}: {fault}")));
                    }
                }
            }
        }
    }
    for release in file.releases.iter().filter(|release| release.source == Source::Manifest) {
        if !release.values.is_empty() || release.profiles.values().any(|layer| !layer.values.is_empty()) {
            report.faults.push(format!("{}: manifests have no values", release.name));
        }
    }
}

struct Chart {
    defaults: Value,
    schema: jsonschema::Validator,
}

impl Chart {
    fn of(package: &Package) -> Result<Self, String> {
        let file = |path: &str| {
            let found = Package::file(package.bytes(), &Limits::default(), path).map_err(|error| error.to_string())?;
            found.ok_or_else(|| format!("there is no {path}"))
        };
        let defaults =
            yaml::read(&file("values.yaml")?, &yaml::Limits::default()).map_err(|error| error.to_string())?;
        let schema: Value = serde_json::from_slice(&file("values.schema.json")?).map_err(|error| error.to_string())?;
        let schema = jsonschema::validator_for(&schema).map_err(|error| error.to_string())?;
        Ok(Self { defaults, schema })
    }

    /// As Helm checks: the chart's defaults with the values over them.
    fn faults(&self, values: &Value) -> Vec<String> {
        let mut all = self.defaults.clone();
        merge(&mut all, values);
        self.schema
            .iter_errors(&all)
            .map(|error| {
                let place = error.instance_path().to_string();
                let place = place.trim_start_matches('/').replace('/', ".");
                format!("{}{error}", if place.is_empty() { String::new() } else { format!("{place}: ") })
            })
            .collect()
    }
}
