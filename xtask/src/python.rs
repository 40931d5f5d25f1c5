use std::fs;
use std::path::Path;
use std::process::{Command, Stdio};

use anyhow::{Context, Result};

use crate::step;
use crate::workspace::Workspace;

/// A Python program of the tests, in an environment of its own: `tests/<name>/requirements.txt` has the same version, and
/// that of everything it needs.
struct Program {
    name: &'static str,
    version: &'static str,
    /// What is skipped without it.
    tests: &'static str,
}

const PROGRAMS: &[Program] = &[
    Program { name: "schemathesis", version: "4.32.5", tests: "the test of generated requests" },
    Program {
        name: "kubernetes-validate",
        version: "1.37.0",
        tests: "the test of objects against Kubernetes' schemas",
    },
    Program { name: "checkov", version: "3.3.30", tests: "the test of Checkov's findings" },
];

/// Installs what is missing, each whole or not at all. Without Python, or if it cannot be had, says so and goes on: the tests
/// that run it are then named as skipped.
pub fn install(workspace: &Workspace, tools: &Path) -> Result<()> {
    PROGRAMS.iter().try_for_each(|program| program.install(workspace, tools))
}

impl Program {
    fn install(&self, workspace: &Workspace, tools: &Path) -> Result<()> {
        let place = tools.join(format!("{}-{}", self.name, self.version));
        // the interpreter is a link to the one that made the environment, which may be gone
        if place.join("bin/python").is_file() {
            return Ok(());
        }
        let unfinished = tools.join(format!(".{}-{}.{}", self.name, self.version, std::process::id()));
        if let Err(error) = self.build(workspace, &unfinished) {
            fs::remove_dir_all(&unfinished).ok();
            eprintln!(
                "    {} {} cannot be installed, so {} will be skipped: {error:#}",
                self.name, self.version, self.tests
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

    fn build(&self, workspace: &Workspace, place: &Path) -> Result<()> {
        let usable = Command::new("python3")
            .args(["-c", "import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 10))"])
            .stdin(Stdio::null())
            .stderr(Stdio::null())
            .status();
        let usable = usable.is_ok_and(|status| status.success());
        anyhow::ensure!(usable, "it needs Python 3.10 or newer with venv, as python3 on the PATH");
        step::run(
            &format!("install {} {}", self.name, self.version),
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
                    "--no-compile",
                    "--disable-pip-version-check",
                    "--only-binary=:all:",
                    "--requirement",
                ])
                .arg(workspace.root.join("tests").join(self.name).join("requirements.txt")),
        )
    }
}
