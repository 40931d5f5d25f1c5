use std::fs;
use std::path::PathBuf;
use std::process::Command;

use anyhow::{Context, Result, ensure};

use crate::step;
use crate::workspace::Workspace;

/// What libFuzzer needs to see which way its input took. All of it is understood by a stable compiler.
const COVERAGE: &str = "--cfg fuzzing -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table \
    -Cllvm-args=-sanitizer-coverage-trace-compares -Cdebug-assertions -Coverflow-checks -Ccodegen-units=1";

/// Memory that one target may use. A parser that needs more has a limit missing.
const MEMORY_MIB: u32 = 1024;

/// Builds the targets of the crate under `fuzz/` and runs each.
pub fn run(workspace: &Workspace, seconds: u32, only: Option<&str>) -> Result<()> {
    let folder = workspace.root.join("fuzz");
    let build = workspace.target.join("fuzz");
    step::run(
        "build the fuzz targets",
        workspace
            .cargo()
            .args(["build", "--release", "--bins", "--manifest-path"])
            .arg(folder.join("Cargo.toml"))
            // A named target keeps the flags away from build scripts and procedural macros.
            .args(["--target", &host()?, "--target-dir"])
            .arg(&build)
            .env("RUSTFLAGS", COVERAGE),
    )?;
    let mut targets = targets(&folder)?;
    targets.retain(|target| only.is_none_or(|only| target.contains(only)));
    ensure!(!targets.is_empty(), "no fuzz target has this name");
    for target in targets {
        let corpus = build.join("corpus").join(&target);
        let artifacts = build.join("artifacts").join(&target);
        fs::create_dir_all(&corpus).and_then(|()| fs::create_dir_all(&artifacts)).context("cannot keep a corpus")?;
        let mut command = Command::new(build.join(host()?).join("release").join(&target));
        command
            .arg(format!("-max_total_time={seconds}"))
            .arg(format!("-rss_limit_mb={MEMORY_MIB}"))
            .arg(format!("-artifact_prefix={}/", artifacts.display()))
            .arg("-print_final_stats=1")
            .arg(&corpus);
        let seeds = folder.join("seeds").join(&target);
        if seeds.is_dir() {
            command.arg(seeds);
        }
        step::run(&format!("fuzz {target}"), &mut command)?;
    }
    Ok(())
}

/// The names of the targets: one file each.
fn targets(folder: &std::path::Path) -> Result<Vec<String>> {
    let folder: PathBuf = folder.join("fuzz_targets");
    let mut names = Vec::new();
    for entry in fs::read_dir(&folder).with_context(|| format!("cannot read {}", folder.display()))? {
        let path = entry?.path();
        if let (Some("rs"), Some(stem)) = (path.extension().and_then(|e| e.to_str()), path.file_stem()) {
            names.push(stem.to_string_lossy().into_owned());
        }
    }
    names.sort();
    Ok(names)
}

fn host() -> Result<String> {
    let text = step::output(Command::new("rustc").arg("-vV"))?;
    let host = text.lines().find_map(|line| line.strip_prefix("host: "));
    Ok(host.context("rustc names no host")?.to_owned())
}
