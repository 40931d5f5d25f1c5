//! `chandlery stack check`.

use std::process::ExitCode;

use clap::{Arg, ArgAction, ArgMatches, Command};
use stack::Report;

use crate::cli::output::{EXIT_CODES, Output};

const REFUSE_UNRESOLVED: &str = "refuse-unresolved";

pub(super) fn command() -> Command {
    Command::new("check")
        .about("Look whether the stack file, its lock and our charts fit together, and name what the lock does not know yet")
        .after_help(EXIT_CODES)
        .args(super::files())
        .arg(
            Arg::new(REFUSE_UNRESOLVED)
                .long(REFUSE_UNRESOLVED)
                .action(ArgAction::SetTrue)
                .help("Fail if a chart that is used has no digest, as a release must"),
        )
        .arg(Output::argument())
}

pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    match super::read(matches) {
        Ok((file, lock)) => {
            let report = stack::check(&file, &lock);
            let refused = matches.get_flag(REFUSE_UNRESOLVED) && report.unresolved.iter().any(|entry| entry.used);
            output.report(report.faults.is_empty() && !refused, || text(&report), &report)
        }
        Err(reason) => output.failed(reason),
    }
}

fn text(report: &Report) -> String {
    let Report { releases, faults, unresolved } = report;
    let mut text = String::new();
    for fault in faults {
        text.push_str(&format!("wrong       {fault}\n"));
    }
    for entry in unresolved {
        let unused = if entry.used { "" } else { ", not used" };
        text.push_str(&format!("unresolved  {} {} of {}{unused}\n", entry.name, entry.version, entry.source));
    }
    let used = unresolved.iter().filter(|entry| entry.used).count();
    let count = unresolved.len();
    text.push_str(&format!(
        "{releases} releases, {} wrong, {count} unresolved of which {used} are used\n",
        faults.len()
    ));
    text
}
