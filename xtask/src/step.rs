use std::process::{Command, Stdio};
use std::time::Instant;

use anyhow::{Context, Result, ensure};

/// Runs one step of a command, with its output where the caller's goes, and says how long it took.
pub fn run(name: &str, command: &mut Command) -> Result<()> {
    eprintln!("==> {name}");
    let started = Instant::now();
    let status = command.stdin(Stdio::null()).status().with_context(|| format!("{name}: cannot start {command:?}"))?;
    ensure!(status.success(), "{name} failed ({status})");
    eprintln!("    {name}: {:.1} s", started.elapsed().as_secs_f32());
    Ok(())
}

/// Runs a program for its output.
pub fn output(command: &mut Command) -> Result<String> {
    let output = command
        .stdin(Stdio::null())
        .stderr(Stdio::inherit())
        .output()
        .with_context(|| format!("cannot start {command:?}"))?;
    ensure!(output.status.success(), "{command:?} failed ({})", output.status);
    String::from_utf8(output.stdout).with_context(|| format!("the output of {command:?} is not UTF-8"))
}
