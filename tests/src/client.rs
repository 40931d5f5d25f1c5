use std::ffi::{OsStr, OsString};
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use storage_s3::gateway::tools;
use tempfile::TempDir;

use crate::skip::skipped;

/// A client program that people use, with a home of its own.
#[derive(Debug)]
pub struct Client {
    name: &'static str,
    program: PathBuf,
    home: TempDir,
    environment: Vec<(&'static str, OsString)>,
}

/// What a run of a client wrote and whether it went well.
#[derive(Debug)]
pub struct Outcome {
    /// True for exit code 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Client {
    /// A pinned release, as `cargo xtask tools` installs it, if it is there. Else the test that asks is named as skipped,
    /// unless tools were promised.
    pub fn installed(name: &'static str, version: &str) -> Option<Self> {
        let program = tools().join(format!("{name}-{version}")).join(name);
        if !program.is_file() {
            let promised = std::env::var_os("CHANDLERY_TOOLS").is_some();
            assert!(!promised, "there is no {}", program.display());
            skipped(&format!("{name} {version} is not installed; `cargo xtask tools` does it"));
            return None;
        }
        let home = tempfile::Builder::new().prefix("client-").tempdir().expect("a temporary folder can be made");
        Some(Self { name, program, home, environment: Vec::new() })
    }

    /// The client of the OCI registry project, for any artifact.
    pub fn oras() -> Option<Self> {
        Self::installed("oras", "1.3.6")
    }

    /// The client of go-containerregistry, for images.
    pub fn crane() -> Option<Self> {
        Self::installed("crane", "0.22.1")
    }

    /// A variable for every run. Nothing of the test's own environment reaches the client.
    pub fn environment(mut self, name: &'static str, value: impl Into<OsString>) -> Self {
        self.environment.push((name, value.into()));
        self
    }

    /// Its home and working folder.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Reads a file of the working folder.
    #[track_caller]
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.folder().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file of the working folder.
    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.folder().join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder"))
            .and_then(|()| fs::write(&path, content))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Runs the program.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        let output = Command::new(&self.program)
            .args(arguments)
            .current_dir(self.folder())
            .env_clear()
            .env("HOME", self.folder())
            .env("TMPDIR", self.folder())
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null())
            .output()
            .unwrap_or_else(|error| panic!("{} cannot be started: {error}", self.name));
        Outcome {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Runs the program, which must go well, for its standard output.
    #[track_caller]
    pub fn ok<S: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[S]) -> String {
        let Outcome { success, stdout, stderr } = self.run(arguments);
        assert!(success, "{} {arguments:?} failed:\n{stdout}{stderr}", self.name);
        stdout
    }
}
