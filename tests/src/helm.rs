use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use tempfile::TempDir;

use crate::launch::tools;
use crate::skip::skipped;

/// The pinned releases, as `cargo xtask tools` installs them.
pub const HELM_3: &str = "3.21.4";
/// See [`HELM_3`].
pub const HELM_4: &str = "4.2.4";

/// The real Helm with a home of its own.
#[derive(Debug)]
pub struct Helm {
    program: PathBuf,
    home: TempDir,
}

/// The two files of a key pair, in the form that Helm reads.
#[derive(Debug)]
pub struct KeyRing {
    /// For signing.
    pub secret: String,
    /// For verifying.
    pub public: String,
}

/// What a run of Helm wrote and whether it went well.
#[derive(Debug)]
pub struct Outcome {
    /// True for exit code 0.
    pub success: bool,
    /// Standard output.
    pub stdout: String,
    /// Standard error.
    pub stderr: String,
}

impl Helm {
    /// A pinned release, if it is installed. Else the test that asks is named as skipped, unless tools were promised.
    pub fn release(version: &str) -> Option<Self> {
        let program = tools().join(format!("helm-{version}")).join("helm");
        if !program.is_file() {
            let promised = std::env::var_os("CHANDLERY_TOOLS").is_some();
            assert!(!promised, "there is no {}", program.display());
            skipped(&format!("helm {version} is not installed; `cargo xtask tools` does it"));
            return None;
        }
        let home = tempfile::Builder::new().prefix("helm-").tempdir().expect("a temporary folder can be made");
        Some(Self { program, home })
    }

    /// Helm's working folder, where charts are made and packed.
    pub fn folder(&self) -> &Path {
        self.home.path()
    }

    /// Reads a file of the working folder.
    #[track_caller]
    pub fn read(&self, path: &str) -> Vec<u8> {
        fs::read(self.home.path().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
    }

    /// Writes a file of the working folder.
    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        let path = self.home.path().join(path);
        fs::create_dir_all(path.parent().expect("it is below the folder"))
            .and_then(|()| fs::write(&path, content))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// Runs Helm.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        let home = self.home.path();
        let output = Command::new(&self.program)
            .args(arguments)
            .current_dir(home)
            .env_clear()
            .env("HOME", home)
            .env("TMPDIR", home)
            .env("HELM_CACHE_HOME", home.join(".cache"))
            .env("HELM_CONFIG_HOME", home.join(".config"))
            .env("HELM_DATA_HOME", home.join(".data"))
            .env("KUBECONFIG", home.join("no-cluster"))
            .stdin(Stdio::null())
            .output()
            .expect("helm can be started");
        Outcome {
            success: output.status.success(),
            stdout: String::from_utf8_lossy(&output.stdout).into_owned(),
            stderr: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// `helm pull` into a folder below the working folder.
    #[track_caller]
    pub fn pull(&self, arguments: &[&str], folder: &str) {
        fs::create_dir_all(self.home.path().join(folder)).expect("the home can be written");
        self.ok(&[&["pull", "-d", folder], arguments].concat());
    }

    /// Makes a key pair without a passphrase, if GnuPG is installed. Else the rest of the test is named as skipped.
    pub fn key_ring(&self, owner: &str) -> Option<KeyRing> {
        let folder = self.home.path().join("gnupg");
        fs::create_dir_all(&folder).expect("the home can be written");
        fs::set_permissions(&folder, fs::Permissions::from_mode(0o700)).expect("the folder is ours");
        let gpg = |arguments: &[&str]| {
            Command::new("gpg")
                .args([
                    "--homedir",
                    "gnupg",
                    "--batch",
                    "--yes",
                    "--quiet",
                    "--pinentry-mode",
                    "loopback",
                    "--passphrase",
                    "",
                ])
                .args(arguments)
                .current_dir(self.home.path())
                .output()
        };
        match gpg(&["--quick-generate-key", owner, "rsa2048", "sign", "never"]) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                skipped("the part with a signature: there is no gpg");
                return None;
            }
            made => assert!(made.is_ok_and(|output| output.status.success()), "gpg makes no key"),
        }
        let keys = KeyRing { secret: "secret.gpg".to_owned(), public: "public.gpg".to_owned() };
        for (file, export) in [(&keys.secret, "--export-secret-keys"), (&keys.public, "--export")] {
            let exported = gpg(&["--output", file, export]).expect("gpg is there");
            assert!(exported.status.success(), "gpg {export}: {}", String::from_utf8_lossy(&exported.stderr));
        }
        // The agent that gpg has started would outlive the test.
        let home = self.home.path().join("gnupg");
        Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]).status().ok();
        Some(keys)
    }

    /// Runs Helm, which must go well, for its standard output.
    #[track_caller]
    pub fn ok<S: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[S]) -> String {
        let outcome = self.run(arguments);
        assert!(outcome.success, "helm {arguments:?} failed:\n{}{}", outcome.stdout, outcome.stderr);
        outcome.stdout
    }
}
