use std::ffi::OsStr;
use std::fs;
use std::io::ErrorKind;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use crate::skip::skipped;
use crate::{Client, Outcome};

/// The pinned releases, as `cargo xtask tools` installs them.
pub const HELM_3: &str = "3.21.4";
/// See [`HELM_3`].
pub const HELM_4: &str = "4.2.4";

/// The real Helm with a home of its own.
#[derive(Debug)]
pub struct Helm {
    client: Client,
}

/// The two files of a key pair, in the form that Helm reads.
#[derive(Debug)]
pub struct KeyRing {
    /// For signing.
    pub secret: String,
    /// For verifying.
    pub public: String,
}

impl Helm {
    /// A pinned release, if it is installed: see [`Client::installed`].
    pub fn release(version: &str) -> Option<Self> {
        let client = Client::installed("helm", version)?;
        let home = client.folder().to_owned();
        let client = client
            .environment("HELM_CACHE_HOME", home.join(".cache"))
            .environment("HELM_CONFIG_HOME", home.join(".config"))
            .environment("HELM_DATA_HOME", home.join(".data"))
            .environment("KUBECONFIG", home.join("no-cluster"));
        Some(Self { client })
    }

    /// Helm's working folder, where charts are made and packed.
    pub fn folder(&self) -> &Path {
        self.client.folder()
    }

    /// Reads a file of the working folder.
    #[track_caller]
    pub fn read(&self, path: &str) -> Vec<u8> {
        self.client.read(path)
    }

    /// Writes a file of the working folder.
    #[track_caller]
    pub fn write(&self, path: &str, content: impl AsRef<[u8]>) {
        self.client.write(path, content);
    }

    /// Runs Helm.
    pub fn run<S: AsRef<OsStr>>(&self, arguments: &[S]) -> Outcome {
        self.client.run(arguments)
    }

    /// `helm pull` into a folder below the working folder.
    #[track_caller]
    pub fn pull(&self, arguments: &[&str], folder: &str) {
        fs::create_dir_all(self.folder().join(folder)).expect("the home can be written");
        self.ok(&[&["pull", "-d", folder], arguments].concat());
    }

    /// Makes a key pair without a passphrase, if GnuPG is installed. Else the rest of the test is named as skipped.
    pub fn key_ring(&self, owner: &str) -> Option<KeyRing> {
        let folder = self.folder().join("gnupg");
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
                .current_dir(self.folder())
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
        let home = self.folder().join("gnupg");
        Command::new("gpgconf").arg("--homedir").arg(home).args(["--kill", "all"]).status().ok();
        Some(keys)
    }

    /// Runs Helm, which must go well, for its standard output.
    #[track_caller]
    pub fn ok<S: AsRef<OsStr> + std::fmt::Debug>(&self, arguments: &[S]) -> String {
        self.client.ok(arguments)
    }
}
