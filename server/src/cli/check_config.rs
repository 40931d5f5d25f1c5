use std::process::ExitCode;

use crate::config::{self, Values};

pub(super) fn print(values: &Values) -> ExitCode {
    print!("{}", config::in_force(values));
    ExitCode::SUCCESS
}

pub(super) fn print_table() -> ExitCode {
    print!("{}", config::markdown());
    ExitCode::SUCCESS
}
