//! `chandlery hand-back`: what ChartMuseum finds in the storage becomes what was served.

use std::process::ExitCode;

use catalogue::HandBackReport;
use clap::{ArgMatches, Command};
use serde_json::{Value, json};
use storage::Key;

use super::beside;
use super::output::{EXIT_CODES, Output};
use crate::config::Settings;
use crate::log::on_one_line;
use crate::opening;

pub(super) fn command() -> Command {
    Command::new("hand-back")
        .about("Make ChartMuseum find in the storage what is served; stop every replica first")
        .after_help(EXIT_CODES)
        .arg(Output::argument())
}

pub(super) fn run(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    match beside::run(settings, hand_back(settings)) {
        Ok(report) => output.report(report.failed.is_empty(), || text(&report), &json(&report)),
        Err(reason) => output.failed(reason),
    }
}

async fn hand_back(settings: &Settings) -> Result<HandBackReport, String> {
    beside::refuse_missing(settings)?;
    opening::refuse_if_used(settings).await.map_err(|error| error.to_string())?;
    beside::with_catalogue(settings, async |catalogue| catalogue.hand_back().await).await
}

fn json(report: &HandBackReport) -> Value {
    let HandBackReport { files, written, displaced, indexes, failed } = report;
    let keys = |keys: &[Key]| keys.iter().map(|key| key.as_str().to_owned()).collect::<Vec<_>>();
    let displaced: Vec<_> =
        displaced.iter().map(|(from, to)| json!({ "from": from.as_str(), "to": to.as_str() })).collect();
    let failed: Vec<_> = failed.iter().map(|(file, reason)| json!({ "file": file, "reason": reason })).collect();
    json!({
        "files": files,
        "written": keys(written),
        "displaced": displaced,
        "deletedIndexes": keys(indexes),
        "failed": failed,
    })
}

fn text(report: &HandBackReport) -> String {
    let HandBackReport { files, written, displaced, indexes, failed } = report;
    let mut text = String::new();
    for (from, to) in displaced {
        text.push_str(&format!("displaced  {} to {}\n", on_one_line(from.as_str()), on_one_line(to.as_str())));
    }
    for key in written {
        text.push_str(&format!("written    {}\n", on_one_line(key.as_str())));
    }
    for key in indexes {
        text.push_str(&format!("deleted    {key}\n"));
    }
    for (file, reason) in failed {
        text.push_str(&format!("failed     {}: {reason}\n", on_one_line(file)));
    }
    text.push_str(&format!(
        "{files} packages and provenances are in ChartMuseum's places, {} of them written now; {} failed\n",
        written.len(),
        failed.len()
    ));
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_report_names_every_file_that_changed() {
        let key = |text: &str| Key::new(text).unwrap();
        let report = HandBackReport {
            files: 3,
            written: vec![key("org/web-1.0.0.tgz")],
            displaced: vec![(key("org/web-1.0.0.tgz"), key(".chandlery/displaced/ab/web-1.0.0.tgz"))],
            indexes: vec![key("org/index-cache.yaml")],
            failed: vec![("db-1.0.0.tgz".to_owned(), "its file is gone".to_owned())],
        };
        assert_eq!(
            text(&report),
            "displaced  org/web-1.0.0.tgz to .chandlery/displaced/ab/web-1.0.0.tgz\n\
             written    org/web-1.0.0.tgz\n\
             deleted    org/index-cache.yaml\n\
             failed     db-1.0.0.tgz: its file is gone\n\
             3 packages and provenances are in ChartMuseum's places, 1 of them written now; 1 failed\n"
        );
        let json = json(&report);
        assert_eq!(json["displaced"][0]["to"], ".chandlery/displaced/ab/web-1.0.0.tgz");
        assert_eq!(json["failed"][0]["reason"], "its file is gone");
    }
}
