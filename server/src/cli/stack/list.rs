//! `chandlery stack list`.

use std::process::ExitCode;

use chart::Package;
use clap::ArgMatches;
use serde::Serialize;
use serde_json::json;

use crate::cli::output::Output;

/// A chart, for people and scripts.
#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Line {
    name: String,
    version: String,
    app_version: String,
    description: String,
    digest: String,
    size: usize,
}

impl Line {
    fn of(package: &Package) -> Self {
        let metadata = package.metadata();
        Self {
            name: package.name().to_string(),
            version: package.version().to_string(),
            app_version: metadata.app_version.clone(),
            description: metadata.description.clone(),
            digest: package.digest().to_string(),
            size: package.bytes().len(),
        }
    }
}

pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    match stack::packages() {
        Ok(packages) => {
            let lines: Vec<_> = packages.iter().map(Line::of).collect();
            output.report(true, || text(&lines), &json!({ "charts": lines }))
        }
        Err(error) => output.failed(error),
    }
}

fn text(lines: &[Line]) -> String {
    let line =
        |line: &Line| format!("{:20} {:10} {:12} {}\n", line.name, line.version, line.app_version, line.description);
    lines.iter().map(line).collect()
}
