//! `chandlery stack`: the charts that come with the program, and the stack that is made of them.

mod check;
mod generate;
mod list;
mod plan;
mod publish;
mod registry;
mod target;

use std::fs;
use std::process::ExitCode;

use clap::{Arg, ArgMatches, Command};
use stack::{Lock, StackFile};

use super::output::{EXIT_CODES, Output};

const FILE: &str = "file";
const LOCK: &str = "lock";
const PROFILE: &str = "profile";

pub(super) fn command() -> Command {
    Command::new("stack")
        .about(
            "Look at the charts that come with this program, publish them, and release the stack that is made of them",
        )
        .subcommand_required(true)
        .arg_required_else_help(true)
        .subcommands([
            Command::new("list").about("List the charts").arg(Output::argument()),
            publish::command(),
            check::command(),
            Command::new("plan")
                .about("Print a profile's releases in their order")
                .after_help(EXIT_CODES)
                .args(files())
                .arg(profile())
                .arg(Output::argument()),
            Command::new("helmfile").about("Print a helmfile of a profile").args(files()).arg(profile()),
            Command::new("flux").about("Print Flux's sources and releases of a profile").args(files()).arg(profile()),
        ])
}

/// None of these reads the settings of a server: what is wrong there is no matter here.
pub(super) fn run(matches: &ArgMatches) -> ExitCode {
    match matches.subcommand() {
        Some(("list", flags)) => list::run(flags),
        Some(("publish", flags)) => publish::run(flags),
        Some(("check", flags)) => check::run(flags),
        Some(("plan", flags)) => plan::run(flags),
        Some(("helmfile", flags)) => generate::run(flags, stack::helmfile),
        Some(("flux", flags)) => generate::run(flags, stack::flux),
        _ => super::wrong_use("there is no such command"), // clap refuses it before
    }
}

fn files() -> [Arg; 2] {
    let arg = |name: &'static str, what: &str| {
        let help = format!("Read {what} from this file instead of the one that comes with the program");
        Arg::new(name).long(name).value_name("PATH").help(help)
    };
    [arg(FILE, "the stack"), arg(LOCK, "the lock")]
}

fn profile() -> Arg {
    Arg::new(PROFILE).long(PROFILE).value_name("NAME").required(true).help("The profile of the stack file")
}

/// The stack file and the lock that are meant.
fn read(matches: &ArgMatches) -> Result<(StackFile, Lock), String> {
    let text = |name: &str| {
        let path = matches.get_one::<String>(name);
        path.map(|path| fs::read_to_string(path).map(|text| (path, text)).map_err(|error| format!("{path}: {error}")))
            .transpose()
    };
    let file = match text(FILE)? {
        Some((path, text)) => StackFile::read(&text).map_err(|error| format!("{path}: {error}")),
        None => StackFile::embedded().map_err(|error| error.to_string()),
    };
    let lock = match text(LOCK)? {
        Some((path, text)) => Lock::read(&text).map_err(|error| format!("{path}: {error}")),
        None => Lock::embedded().map_err(|error| error.to_string()),
    };
    Ok((file?, lock?))
}

fn profile_of<'a>(matches: &'a ArgMatches, file: &StackFile) -> Result<&'a str, String> {
    let name = matches.get_one::<String>(PROFILE).map(String::as_str).unwrap_or_default();
    if file.profile(name).is_some() {
        return Ok(name);
    }
    let known: Vec<_> = file.profiles.iter().map(|profile| &*profile.name).collect();
    Err(format!("there is no profile {name}, but {}", known.join(", ")))
}
