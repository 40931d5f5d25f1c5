use std::time::{SystemTime, UNIX_EPOCH};

use anyhow::Result;
use clap::ValueEnum;

use crate::workspace::Workspace;
use crate::{step, tools};

/// How long, and on what.
#[derive(clap::Args)]
pub struct Arguments {
    /// How long clients are at work
    #[arg(long, default_value_t = 30)]
    minutes: u64,
    /// Of the random choices, to make the same ones again; another one each time if left out
    #[arg(long)]
    seed: Option<u64>,
    /// Where the replicas meet
    #[arg(long, value_enum, default_value_t = Storage::Directory)]
    storage: Storage,
}

#[derive(Clone, Copy, ValueEnum)]
enum Storage {
    Directory,
    Bucket,
}

/// Three replicas that are killed and paused while many clients use them; prints what happened.
pub fn run(workspace: &Workspace, arguments: &Arguments) -> Result<()> {
    let Arguments { minutes, seed, storage } = *arguments;
    let now = || SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs());
    let storage = match storage {
        Storage::Directory => "directory",
        Storage::Bucket => "bucket",
    };
    tools::install(workspace)?;
    step::run("build", workspace.cargo().args(["build", "--locked", "--workspace", "--bins", "--examples"]))?;
    step::run(
        "soak",
        workspace
            .cargo()
            .args(["run", "--quiet", "--locked", "--package", "acceptance", "--example", "soak", "--"])
            .args([(minutes * 60).to_string(), seed.unwrap_or_else(now).to_string(), storage.to_owned()])
            .env("CHANDLERY_BINARY", workspace.target.join("debug/chandlery"))
            .env("CHANDLERY_TOOLS", tools::folder(workspace)),
    )
}
