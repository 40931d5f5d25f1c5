//! `chandlery stack helmfile` and `chandlery stack flux`.

use std::process::ExitCode;

use clap::ArgMatches;
use stack::{GenerateError, Lock, StackFile};

use crate::cli::failed;

/// Prints what is made of a stack that fits together.
pub(super) fn run(
    matches: &ArgMatches,
    generate: impl FnOnce(&StackFile, &Lock, &str) -> Result<String, GenerateError>,
) -> ExitCode {
    let generated = super::read(matches).and_then(|(file, lock)| {
        let profile = super::profile_of(matches, &file)?;
        let faults = stack::check(&file, &lock).faults;
        if !faults.is_empty() {
            return Err(faults.join("\nchandlery: "));
        }
        generate(&file, &lock, profile).map_err(|error| error.to_string())
    });
    match generated {
        Ok(text) => {
            print!("{text}");
            ExitCode::SUCCESS
        }
        Err(reason) => failed(reason),
    }
}
