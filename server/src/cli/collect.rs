//! `chandlery collect`: letting go what nothing needs, or saying what that is.

use std::process::ExitCode;

use catalogue::{Catalogue, Collectable, CommitError, Dispensable};
use clap::{Arg, ArgAction, ArgMatches, Command};
use serde::Serialize;

use super::beside;
use super::output::{EXIT_CODES, Output};
use crate::config::Settings;
use crate::log::on_one_line;

const DRY_RUN: &str = "dry-run";

pub(super) fn command() -> Command {
    Command::new("collect")
        .about("Let go what nothing needs any more, as servers do by themselves at every --cache-interval")
        .after_help(EXIT_CODES)
        .arg(Arg::new(DRY_RUN).long(DRY_RUN).action(ArgAction::SetTrue).help("Only say what would go, and why"))
        .arg(Output::argument())
}

#[derive(Debug, Serialize)]
#[serde(rename_all = "camelCase")]
struct Report {
    dry_run: bool,
    collected: Vec<Collectable>,
    /// Objects that are gone for good. Others go a day after they were let go.
    deleted: usize,
}

pub(super) fn run(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let (output, dry_run) = (Output::of(matches), matches.get_flag(DRY_RUN));
    let work = beside::with_storage(settings, async |catalogue: &Catalogue| {
        let collected = catalogue.collectable().await?;
        let deleted = if dry_run { 0 } else { catalogue.collect().await? };
        Ok::<_, CommitError>(Report { dry_run, collected, deleted })
    });
    match beside::run(settings, work) {
        Ok(report) => output.report(true, || text(&report), &report),
        Err(reason) => output.failed(reason),
    }
}

fn text(report: &Report) -> String {
    let mut text = String::new();
    for Collectable { what, reason } in &report.collected {
        text.push_str(&format!("{}: {}\n", on_one_line(what), why(*reason)));
    }
    let count = report.collected.len();
    match report.dry_run {
        true => text.push_str(&format!("{count} would be let go\n")),
        false => text.push_str(&format!("{count} let go, {} objects deleted\n", report.deleted)),
    }
    text
}

fn why(reason: Dispensable) -> &'static str {
    match reason {
        Dispensable::TrashEnded => "its time in the trash is over",
        Dispensable::ReplacedEnded => "it was replaced, and has been served by its digest for long enough",
        Dispensable::UntaggedChart => "no tag stands for this chart: its push was never finished",
        Dispensable::UnneededBlob => "no manifest of its name needs it",
        Dispensable::Unreferenced => "nothing refers to it any more",
        Dispensable::NeverReferenced => "nothing ever referred to it",
        Dispensable::Discarded => "it was let go a day ago",
    }
}
