//! `chandlery upgrade-storage`: the journal raised to the newest level that this program knows.

use std::process::ExitCode;

use catalogue::{Catalogue, LevelReport};
use clap::{Arg, ArgAction, ArgMatches, Command};

use super::beside;
use super::output::{EXIT_CODES, Output};
use crate::config::Settings;

const DRY_RUN: &str = "dry-run";

pub(super) fn command() -> Command {
    Command::new("upgrade-storage")
        .about("Let servers write what only this version understands; upgrade every server first")
        .after_help(format!(
            "A server of an older version stops following and is not ready from then on, until it is upgraded. \
             There is no way back but a backup.\n\n{EXIT_CODES}"
        ))
        .arg(Arg::new(DRY_RUN).long(DRY_RUN).action(ArgAction::SetTrue).help("Tell the levels and change nothing"))
        .arg(Output::argument())
}

pub(super) fn run(settings: &Settings, matches: &ArgMatches) -> ExitCode {
    let (output, dry_run) = (Output::of(matches), matches.get_flag(DRY_RUN));
    let work = beside::with_storage(settings, async |catalogue: &Catalogue| catalogue.raise_level(dry_run).await);
    match beside::run(settings, work) {
        Ok(report) => output.report(true, || text(report), &report),
        Err(reason) => output.failed(reason),
    }
}

fn text(report: LevelReport) -> String {
    let LevelReport { dry_run, before, level } = report;
    match (report.is_higher(), dry_run) {
        (false, _) => {
            format!("nothing to do: the storage is at level {level}, the newest that this version knows\n")
        }
        (true, true) => format!("the storage is at level {before} and would be raised to level {level}\n"),
        (true, false) => format!("the storage was at level {before} and is at level {level} now\n"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_text_says_what_was_done() {
        let told = |dry_run, before, level| text(LevelReport { dry_run, before, level });
        assert_eq!(told(false, 2, 2), "nothing to do: the storage is at level 2, the newest that this version knows\n");
        assert_eq!(told(true, 2, 2), told(false, 2, 2));
        assert_eq!(told(true, 1, 2), "the storage is at level 1 and would be raised to level 2\n");
        assert_eq!(told(false, 1, 2), "the storage was at level 1 and is at level 2 now\n");
    }
}
