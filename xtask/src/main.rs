//! The project's own commands: `cargo xtask <command>`.

mod bench;
mod charts;
mod check;
mod debian;
mod direction;
mod fuzz;
mod golden;
mod length;
mod python;
mod soak;
mod step;
mod test;
mod tools;
mod workspace;

use std::process::ExitCode;

use anyhow::Result;
use clap::{Parser, Subcommand};

use crate::workspace::Workspace;

#[derive(Parser)]
#[command(name = "cargo xtask", about = "The project's own commands")]
struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Subcommand)]
enum Command {
    /// Installs the pinned tools of the tests, if they are missing
    Tools,
    /// Formatting, dependency direction, lints, documentation: the quick part of `test`
    Check,
    /// Writes the schemas and the READMEs' tables that follow from the charts' values
    Charts,
    /// Writes what the charts' cases render, which the tests compare and people review
    Golden,
    /// Everything that must hold before a change lands: tools, check, all tests
    Test {
        /// Passed on to `cargo test`, for example a part of a test's name
        #[arg(last = true)]
        arguments: Vec<String>,
    },
    /// Measures the server against nginx and against its budgets
    Bench(bench::Arguments),
    /// Uses three replicas that are killed and paused, and looks for anything that should not be seen
    Soak(soak::Arguments),
    /// Runs the fuzz targets, one after another
    Fuzz {
        /// How long each target runs
        #[arg(default_value_t = 60)]
        seconds: u32,
        /// Only targets with this in their name
        #[arg(long)]
        target: Option<String>,
    },
}

fn main() -> ExitCode {
    match run(Arguments::parse().command) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command) -> Result<()> {
    let workspace = Workspace::read()?;
    match command {
        Command::Tools => tools::install(&workspace),
        Command::Check => check::run(&workspace),
        Command::Charts => charts::write(&workspace),
        Command::Golden => golden::write(&workspace),
        Command::Test { arguments } => test::run(&workspace, &arguments),
        Command::Bench(arguments) => bench::run(&workspace, &arguments),
        Command::Soak(arguments) => soak::run(&workspace, &arguments),
        Command::Fuzz { seconds, target } => fuzz::run(&workspace, seconds, target.as_deref()),
    }
}
