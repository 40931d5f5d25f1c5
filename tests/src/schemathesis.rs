use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde_json::Value;
use tempfile::TempDir;

use crate::Server;
use crate::python::python;

/// As `cargo xtask tools` installs it.
const VERSION: &str = "4.32.5";

/// The program that makes up requests from `openapi.yaml` and holds the answers to it.
#[derive(Debug)]
pub struct Schemathesis {
    python: PathBuf,
    folder: TempDir,
}

impl Schemathesis {
    /// The pinned release, if it is installed. Else the test that asks is named as skipped.
    pub fn installed() -> Option<Self> {
        let python = python("schemathesis", VERSION)?;
        let folder =
            tempfile::Builder::new().prefix("schemathesis-").tempdir().expect("a temporary folder can be made");
        Some(Self { python, folder })
    }

    /// Sends requests made from the document to the server, the same at each run; fails with what went wrong. Returns how
    /// many there were.
    #[track_caller]
    pub fn run(&self, server: &Server, document: &Value, arguments: &[&str]) -> usize {
        let file = self.folder.path().join("openapi.json");
        fs::write(&file, document.to_string()).expect("the folder is ours");
        let output = Command::new(&self.python)
            .args(["-m", "schemathesis.cli", "--config-file"])
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("schemathesis/schemathesis.toml"))
            .arg("run")
            .arg(&file)
            .args(["--url", &server.url("")])
            .args(arguments)
            .current_dir(self.folder.path())
            .env_clear()
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("PYTHONUTF8", "1")
            .env("PYTHONHASHSEED", "0")
            .stdin(Stdio::null())
            .output()
            .expect("its interpreter is there");
        let text = format!("{}{}", String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        assert!(output.status.success(), "{text}\n{}", server.log().text());
        let generated = text.lines().find_map(|line| line.split_once(" generated, "));
        generated.and_then(|(count, _)| count.trim().parse().ok()).unwrap_or_else(|| panic!("{text}"))
    }
}
