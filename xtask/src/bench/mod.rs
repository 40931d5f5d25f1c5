//! `cargo xtask bench`: the server against nginx, and against its own budgets, side by side in one run.
//!
//! Each server is pinned to one core and the load to the other; what counts is the server's processor time per
//! request, which is steadier than requests per second. Nothing here runs in the tests: a slow machine is no defect.

mod bucket;
mod calls;
mod corpus;
mod distance;
mod download;
mod index;
mod load;
mod process;
mod registry;
mod report;
mod servers;
mod start;
mod upload;

use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result};

use crate::workspace::Workspace;
use crate::{step, tools};
use report::Report;

/// What a run measures.
#[derive(clap::Args)]
pub struct Arguments {
    /// Only measurements with this in their name: index, download, upload, start, registry, bucket
    #[arg(default_value = "")]
    only: String,
    /// Smaller corpora and shorter runs: for a look, not for the record
    #[arg(long)]
    quick: bool,
    /// Measure this program instead of building the server
    #[arg(long)]
    binary: Option<PathBuf>,
    /// Write the results to docs/benchmarks.md
    #[arg(long)]
    write: bool,
}

/// What every measurement needs.
pub struct Bench {
    /// The project's own folder.
    pub root: PathBuf,
    /// The server, built with the release profile.
    pub binary: PathBuf,
    /// The S3 server of the tests.
    pub gateway: PathBuf,
    /// For corpora and storages; kept between runs, because corpora are the same every time.
    pub folder: PathBuf,
    /// How long each load runs, in seconds.
    pub seconds: u32,
    /// The largest corpus, in versions.
    pub largest: usize,
}

/// Measures one theme.
type Measurement = fn(&Bench, &mut Report) -> Result<()>;

pub fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    for program in ["nginx", "wrk", "taskset"] {
        servers::require(program)?;
    }
    let binary = match &arguments.binary {
        Some(binary) => binary.clone(),
        None => build(workspace)?,
    };
    let bench = Bench {
        root: workspace.root.clone(),
        binary,
        gateway: tools::folder(workspace).join("versitygw-1.8.0/versitygw"),
        folder: workspace.target.join("bench"),
        seconds: if arguments.quick { 2 } else { 5 },
        largest: if arguments.quick { 10_000 } else { 100_000 },
    };
    std::fs::create_dir_all(&bench.folder).context("cannot create the folder for corpora")?;
    let mut report = Report::default();
    let measurements: [(&str, Measurement); 6] = [
        ("index", index::run),
        ("download", download::run),
        ("upload", upload::run),
        ("start", start::run),
        ("registry", registry::run),
        ("bucket", bucket::run),
    ];
    for (name, measure) in measurements {
        if name.contains(&arguments.only) {
            measure(&bench, &mut report).with_context(|| format!("while measuring {name}"))?;
        }
    }
    println!("\n{}", report.markdown());
    if arguments.write {
        report.write(&workspace.root.join("docs/benchmarks.md"))?;
    }
    Ok(())
}

fn build(workspace: &Workspace) -> Result<PathBuf> {
    let mut cargo = Command::new("cargo");
    cargo.args(["build", "--release", "--package", "server"]).current_dir(&workspace.root);
    step::run("build the server", &mut cargo)?;
    Ok(workspace.target.join("release/chandlery"))
}
