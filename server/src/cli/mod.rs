//! The command line.
//!
//! Every setting is a flag, made from the table in [`crate::config`]. Flags alone mean `serve`.

mod arguments;
mod backup;
mod beside;
mod check_config;
mod collect;
mod doctor;
mod export;
mod hand_back;
mod output;
mod print_index;
mod progress;
mod reconcile;
mod restore;
mod routes;
mod scrub;
mod serve;
mod stack;
mod upgrade_storage;

use std::ffi::OsString;
use std::process::ExitCode;

use crate::config::{Depth, SettingError, Settings, Values};

/// How the process ends when something that it was told is wrong.
const WRONG_USE: u8 = 2;
/// How the process ends when something failed.
const FAILURE: u8 = 1;

/// Does what the arguments (the first is the program's name) and the environment say.
pub fn run(arguments: impl IntoIterator<Item = OsString>) -> ExitCode {
    let matches = match arguments::command().try_get_matches_from(arguments::normalised(arguments)) {
        Ok(matches) => matches,
        Err(answer) => {
            let _ = answer.print(); // nobody reads
            return if answer.use_stderr() { ExitCode::from(WRONG_USE) } else { ExitCode::SUCCESS };
        }
    };
    match matches.subcommand() {
        Some(("routes", _)) => return routes::print(),
        Some(("settings", _)) => return check_config::print_table(),
        Some(("stack", flags)) => return stack::run(flags),
        Some(("version", _)) => {
            println!("Chandlery version {}", arguments::version());
            return ExitCode::SUCCESS;
        }
        _ => {}
    }
    let read = Values::collect(&arguments::flags(&matches), |variable| std::env::var_os(variable))
        .and_then(|values| Settings::from_values(&values).map(|settings| (values, settings)));
    let (values, settings) = match read {
        Ok(read) => read,
        Err(faults) => return wrong(&faults),
    };
    match matches.subcommand() {
        Some(("check-config", _)) => check_config::print(&values),
        Some(("reconcile", flags)) => reconcile::run(&settings, flags),
        Some(("hand-back", flags)) => hand_back::run(&settings, flags),
        Some(("doctor", flags)) => doctor::run(&settings, &values, flags),
        Some((doctor::CONTENDER, _)) => doctor::contend(&settings),
        Some(("scrub", flags)) => scrub::run(&settings, flags),
        Some(("collect", flags)) => collect::run(&settings, flags),
        Some(("backup", flags)) => backup::run(&settings, flags),
        Some(("export", flags)) => export::run(&settings, flags),
        Some(("restore-backup", flags)) => backup::restore(&settings, flags),
        Some(("upgrade-storage", flags)) => upgrade_storage::run(&settings, flags),
        Some(("restore", flags)) => restore::run(&settings, flags),
        _ if settings.index.print && settings.repository.depth == Depth::Fixed(0) => print_index::run(settings),
        _ => serve::run(settings),
    }
}

fn wrong(faults: &[SettingError]) -> ExitCode {
    for fault in faults {
        eprintln!("chandlery: {fault}");
    }
    ExitCode::from(WRONG_USE)
}

/// What the arguments ask for cannot be meant.
fn wrong_use(reason: impl std::fmt::Display) -> ExitCode {
    eprintln!("chandlery: {reason}");
    ExitCode::from(WRONG_USE)
}

fn failed(reason: impl std::fmt::Display) -> ExitCode {
    eprintln!("chandlery: {reason}");
    ExitCode::from(FAILURE)
}
