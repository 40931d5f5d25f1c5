//! How a command tells what it found: a text for people, or one JSON object for scripts.

use std::fmt::Display;
use std::process::ExitCode;

use clap::{Arg, ArgMatches};
use serde::Serialize;
use serde_json::json;

use super::{FAILURE, failed};

/// Told below the help of every command that a script may run.
pub(super) const EXIT_CODES: &str =
    "Exit codes: 0 all is well or done, 1 something was found or failed, 2 the command was used wrongly.";

const OUTPUT: &str = "output";

/// Who reads.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Output {
    Text,
    Json,
}

impl Output {
    pub(super) fn argument() -> Arg {
        Arg::new(OUTPUT)
            .long(OUTPUT)
            .value_name("FORMAT")
            .value_parser(["text", "json"])
            .default_value("text")
            .help("A text for people, or one JSON object for scripts")
    }

    pub(super) fn of(matches: &ArgMatches) -> Self {
        match matches.get_one::<String>(OUTPUT).map(String::as_str) {
            Some("json") => Self::Json,
            _ => Self::Text,
        }
    }

    /// Prints a report. The exit says whether it was a good one.
    pub(super) fn report(self, good: bool, text: impl FnOnce() -> String, report: &impl Serialize) -> ExitCode {
        match self {
            Self::Text => print!("{}", text()),
            Self::Json => print_line(report),
        }
        if good { ExitCode::SUCCESS } else { ExitCode::from(FAILURE) }
    }

    /// Says why there is no report; to those who read JSON on standard output as well.
    pub(super) fn failed(self, reason: impl Display) -> ExitCode {
        if self == Self::Json {
            print_line(&json!({ "error": reason.to_string() }));
        }
        failed(reason)
    }
}

fn print_line(value: &impl Serialize) {
    match serde_json::to_string_pretty(value) {
        Ok(text) => println!("{text}"),
        Err(error) => eprintln!("chandlery: {error}"), // never: reports are maps with text keys
    }
}
