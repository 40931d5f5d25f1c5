use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::step;
use crate::workspace::Workspace;

/// The program that makes requests of `openapi.yaml`: `tests/schemathesis/requirements.txt` has the same version.
const SCHEMATHESIS: &str = "4.32.5";

/// Installs Schemathesis into an environment of its own, whole or not at all. Without Python, or if it cannot be had, says so
/// and goes on: the test that runs it is then named as skipped.
pub fn install(workspace: &Workspace, tools: &Path) -> Result<()> {
    let place = tools.join(format!("schemathesis-{SCHEMATHESIS}"));
    // the interpreter is a link to the one that made the environment, which may be gone
    if place.join("bin/python").is_file() {
        return Ok(());
    }
    let unfinished = tools.join(format!(".schemathesis-{SCHEMATHESIS}.{}", std::process::id()));
    if let Err(error) = build(workspace, &unfinished) {
        fs::remove_dir_all(&unfinished).ok();
        eprintln!(
            "    schemathesis {SCHEMATHESIS} cannot be installed, so the test of generated requests will be skipped: {error:#}"
        );
        return Ok(());
    }
    fs::remove_dir_all(&place).ok();
    let renamed = fs::rename(&unfinished, &place);
    if renamed.is_err() {
        // another run may have been faster; its environment is as good
        fs::remove_dir_all(&unfinished).ok();
    }
    if place.join("bin/python").is_file() {
        Ok(())
    } else {
        renamed.context(format!("cannot create {}", place.display()))
    }
}

fn build(workspace: &Workspace, place: &Path) -> Result<()> {
    let usable = Command::new("python3")
        .args(["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .status();
    let usable = usable.is_ok_and(|status| status.success());
    anyhow::ensure!(usable, "it needs Python 3.10 or newer with venv, as python3 on the PATH");
    step::run(
        &format!("install schemathesis {SCHEMATHESIS}"),
        Command::new("python3").args(["-m", "venv"]).arg(place),
    )?;
    // Programs of an environment name their place in their first line, and this one moves: it is run as a module.
    step::run(
        "install what it needs",
        Command::new(place.join("bin/python"))
            .args([
                "-m",
                "pip",
                "install",
                "--quiet",
                "--disable-pip-version-check",
                "--only-binary=:all:",
                "--requirement",
            ])
            .arg(workspace.root.join("tests/schemathesis/requirements.txt")),
    )
}
