//! `chandlery scrub`: everything read and hashed again.

use std::process::ExitCode;

use catalogue::{Catalogue, Damage, RepositoryPath, ScrubReport, Withdrawal};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::beside;
use super::output::{EXIT_CODES, Output};
use super::progress::progress;
use crate::config::Settings;
use crate::log::on_one_line;

const DRY_RUN: &str = "dry-run";

pub(super) fn command() -> Command {
    Command::new("scrub")
        .about("Read and hash every package and blob, and mend from the trash or from equal files what has gone bad")
        .after_help(EXIT_CODES)
        .arg(Arg::new(DRY_RUN).long(DRY_RUN).action(ArgAction::SetTrue).help("Change nothing"))
        .arg(Output::argument())
}

pub(super) fn run(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let (output, dry_run) = (Output::of(matches), matches.get_flag(DRY_RUN));
    let progress = progress(settings, "Reading packages");
    let work = beside::with_storage(settings, async |catalogue: &Catalogue| catalogue.scrub(dry_run, progress).await);
    match beside::run(settings, work) {
        Ok(report) => output.report(report.is_sound(), || text(&report), &report),
        Err(reason) => output.failed(reason),
    }
}

/// Content of the registry, and who had it.
fn withdrawn(withdrawal: &Withdrawal) -> String {
    let Withdrawal { digest, reason, blob_of, manifest_of, tags, .. } = withdrawal;
    let names = |names: &[_]| names.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let mut text = format!("{digest}: {reason}; until it is pushed again it is absent");
    if !blob_of.is_empty() {
        text.push_str(&format!(", blob of {}", names(blob_of)));
    }
    if !manifest_of.is_empty() {
        text.push_str(&format!(", manifest of {}", names(manifest_of)));
    }
    if !tags.is_empty() {
        text.push_str(&format!(", with {}", tags.join(", ")));
    }
    on_one_line(&text).into_owned()
}

fn text(report: &ScrubReport) -> String {
    let mut text = String::new();
    let place = |repository: &RepositoryPath, file: &str| match repository.is_root() {
        true => on_one_line(file).into_owned(),
        false => on_one_line(&format!("{repository}/{file}")).into_owned(),
    };
    let done = if report.dry_run { "repairable" } else { "repaired" };
    for repair in &report.repaired {
        let place = place(&repair.repository, &repair.file);
        let (key, source) = (on_one_line(repair.key.as_str()), on_one_line(repair.source.as_str()));
        text.push_str(&format!("{done:11} {place}: {} ({key}), found in {source}\n", repair.reason));
    }
    let gone = if report.dry_run { "to withdraw" } else { "withdrawn" };
    for withdrawal in &report.withdrawn {
        text.push_str(&format!("{gone:11} {}\n", withdrawn(withdrawal)));
    }
    for (what, damages) in [("damaged", &report.damaged), ("not read", &report.unread)] {
        for Damage { repository, file, reason, .. } in damages {
            text.push_str(&format!("{what:11} {}: {reason}\n", place(repository, file)));
        }
    }
    let ScrubReport { files, bytes, repaired, withdrawn, damaged, unread, .. } = report;
    text.push_str(&format!(
        "{files} files ({bytes} bytes) read: {} {done}, {} {gone}, {} damaged, {} not read\n",
        repaired.len(),
        withdrawn.len(),
        damaged.len(),
        unread.len()
    ));
    text
}
