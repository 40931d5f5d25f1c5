//! `chandlery export`: repositories as files that any static web server serves.

use std::process::ExitCode;

use catalogue::{Catalogue, ExportReport, RepositoryPath};
use clap::{Arg, ArgMatches, Command};

use super::output::{EXIT_CODES, Output};
use super::progress::progress;
use super::{backup, beside, wrong_use};
use crate::config::Settings;
use crate::log::on_one_line;
use crate::opening;

const TO: &str = "to";
const REPOSITORY: &str = "repository";

pub(super) fn command() -> Command {
    Command::new("export")
        .about("Write packages and index as files that any static web server serves")
        .after_help(format!(
            "What is there with the same bytes is not written again; nothing is deleted.\n\n{EXIT_CODES}"
        ))
        .arg(backup::place(TO, "Where to: a folder, or s3://bucket/prefix"))
        .arg(
            Arg::new(REPOSITORY)
                .long(REPOSITORY)
                .value_name("REPOSITORY")
                .help("This one, at the top; without it all, each in its folder"),
        )
        .arg(Output::argument())
}

pub(super) fn run(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    let to = match backup::other_storage(settings, matches, TO) {
        Ok(to) => to,
        Err(reason) => return wrong_use(reason),
    };
    let only = matches.get_one::<String>(REPOSITORY).map(|text| RepositoryPath::parse(text)).transpose();
    let only = match only {
        Ok(only) => only,
        Err(error) => return wrong_use(format!("--{REPOSITORY}: {error}")),
    };
    let work = async {
        beside::refuse_missing(settings)?;
        let to = opening::open_storage(&to).await.map_err(|error| format!("--{TO}: {error}"))?;
        let progress = progress(settings, "Exporting packages");
        let export = async |catalogue: &Catalogue| catalogue.export(&*to, only.as_ref(), progress).await;
        beside::with_catalogue(settings, export).await
    };
    match beside::run(settings, work) {
        Ok(report) => output.report(report.damaged.is_empty(), || text(&report), &report),
        Err(reason) => output.failed(reason),
    }
}

fn text(report: &ExportReport) -> String {
    let ExportReport { repositories, versions, written, present, damaged } = report;
    let mut text = String::new();
    for damage in damaged {
        let slash = if damage.repository.is_root() { "" } else { "/" };
        let file = on_one_line(&damage.file);
        text.push_str(&format!("not written  {}{slash}{file}: {}\n", damage.repository, damage.reason));
    }
    text.push_str(&format!(
        "{versions} versions in {repositories} repositories: {written} files written, {present} there already, {} not written\n",
        damaged.len()
    ));
    text
}
