//! `chandlery stack plan`.

use std::process::ExitCode;

use clap::ArgMatches;
use serde_json::json;
use stack::{Release, Source};

use crate::cli::output::Output;

pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    let read = super::read(matches).and_then(|(file, lock)| {
        let profile = super::profile_of(matches, &file)?.to_owned();
        Ok((file, lock, profile))
    });
    let (file, lock, profile) = match read {
        Ok(read) => read,
        Err(reason) => return output.failed(reason),
    };
    let faults = stack::check(&file, &lock).faults;
    for fault in &faults {
        eprintln!("chandlery: {fault}");
    }
    let planned = stack::plan(&file, &profile);
    let releases: Vec<_> = planned
        .iter()
        .map(|release| {
            json!({
                "name": release.name,
                "namespace": release.namespace,
                "chart": release.chart,
                "version": release.version,
                "source": release.source,
                "bootstrap": release.bootstrap,
                "needs": release.needs_in(&profile).collect::<Vec<_>>(),
            })
        })
        .collect();
    let report = json!({ "profile": profile, "releases": releases, "faults": faults });
    output.report(faults.is_empty(), || text(&planned), &report)
}

fn text(planned: &[&Release]) -> String {
    let line = |(place, release): (usize, &&Release)| {
        let source = match release.source {
            Source::Stack => "ours",
            Source::Lock => "mirrored",
            Source::Manifest => "manifests",
        };
        let bootstrap = if release.bootstrap { ", before the server" } else { "" };
        let place = place + 1;
        let Release { name, namespace, chart, version, .. } = release;
        format!("{place:3} {:44} {chart} {version} ({source}{bootstrap})\n", format!("{namespace}/{name}"))
    };
    planned.iter().enumerate().map(line).collect()
}
