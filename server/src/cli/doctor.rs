//! `chandlery doctor`: is everything as it should be?

use std::process::ExitCode;

use clap::{ArgMatches, Command};

use super::output::{EXIT_CODES, Output};
use super::{beside, failed};
use crate::config::{CONFIG, SETTINGS, Settings, Source, Values};
use crate::{doctor, opening};

/// The command of the processes that race for objects.
pub(super) const CONTENDER: &str = "doctor-contender";

pub(super) fn command() -> Command {
    Command::new("doctor")
        .about("Measure whether the storage keeps its promises, and look for what is wrong; a server may run meanwhile")
        .after_help(EXIT_CODES)
        .arg(Output::argument())
}

pub(super) fn contender_command() -> Command {
    Command::new(CONTENDER).about("Create objects as another process says").hide(true)
}

pub(super) fn run(settings: &Settings, values: &Values, matches: &ArgMatches) -> ExitCode {
    let output = Output::of(matches);
    let program = match std::env::current_exe() {
        Ok(program) => program,
        Err(error) => return output.failed(format_args!("this program cannot be found: {error}")),
    };
    // by environment, which other users cannot read
    let given: Vec<(String, String)> = SETTINGS
        .iter()
        .filter(|setting| setting.name != CONFIG.name && values.given(setting).source != Source::Default)
        .map(|setting| (setting.variable(), values.given(setting).text.clone()))
        .collect();
    let contender = move || {
        let mut command = std::process::Command::new(&program);
        command.arg(CONTENDER).env_remove(CONFIG.variable()).envs(given.iter().cloned());
        command
    };
    match beside::run(settings, async { Ok(doctor::examine(settings, contender).await) }) {
        Ok(report) => output.report(report.healthy, || report.text(), &report),
        Err(reason) => output.failed(reason),
    }
}

pub(super) fn contend(settings: &Settings) -> ExitCode {
    let work = async {
        let store = opening::open_storage(&settings.storage).await.map_err(|error| error.to_string());
        doctor::contend(store).await.map_err(|error| error.to_string())
    };
    match beside::run(settings, work) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => failed(reason),
    }
}
