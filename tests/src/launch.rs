use std::ffi::OsString;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, SystemTime};

use storage_s3::gateway::{Gateway, gateway};
use tempfile::TempDir;

use crate::{Authority, Papers, Server};

/// The time of files that were put into a storage by hand, in seconds of Unix time: long ago, so that nobody waits
/// for them to settle.
pub const PLACED: i64 = 1_577_934_245;

/// How a server is started. Without any setting: a storage and a catalogue of its own in a temporary folder, on a
/// free port of the loopback device. With `CHANDLERY_TEST_STORAGE=bucket` in the environment of the tests the storage is
/// in a bucket.
#[derive(Debug)]
pub struct Launch {
    folder: TempDir,
    storage: PathBuf,
    /// The beginning of its keys in the bucket of the tests' S3 server, if it is there.
    prefix: Option<String>,
    pub(crate) settings: Vec<OsString>,
    environment: Vec<(OsString, OsString)>,
    replaced: Vec<&'static str>,
    disk: Option<String>,
    /// Whom the test's client believes, and what it shows; absent for plain HTTP.
    pub(crate) tls: Option<(String, Option<Papers>)>,
}

impl Default for Launch {
    fn default() -> Self {
        match std::env::var_os("CHANDLERY_TEST_STORAGE") {
            Some(kind) if kind == "bucket" => {
                Self::in_folder().in_bucket(gateway().expect("an S3 server was asked for"))
            }
            _ => Self::in_folder(),
        }
    }
}

impl Launch {
    /// Whatever the environment says, the storage is in a folder.
    pub fn in_folder() -> Self {
        let folder = tempfile::Builder::new().prefix("chandlery-").tempdir().expect("a temporary folder can be made");
        let storage = folder.path().join("storage");
        Self {
            folder,
            storage,
            prefix: None,
            settings: Vec::new(),
            environment: Vec::new(),
            replaced: Vec::new(),
            disk: None,
            tls: None,
        }
    }

    /// The storage is a part of the S3 server's bucket, whose objects are files that tests can look at.
    pub fn in_bucket(mut self, gateway: &Gateway) -> Self {
        let prefix = format!("tests/{}", uuid::Uuid::new_v4().simple());
        self.storage = gateway.files().join(&prefix);
        self.prefix = Some(prefix);
        let credentials = gateway.credentials().map(|(name, value)| (name.into(), value.into()));
        self.environment.extend(credentials);
        self.environment.push(("AWS_EC2_METADATA_DISABLED".into(), "true".into()));
        self.environment.push(("STORAGE_AMAZON_ENDPOINT".into(), gateway.endpoint().into()));
        // a busy machine is no store that hangs
        self.environment.push(("STORAGE_AMAZON_ATTEMPT_TIMEOUT".into(), "30s".into()));
        self.environment.push(("STORAGE_AMAZON_OPERATION_TIMEOUT".into(), "60s".into()));
        self
    }

    /// The storage's folder.
    pub fn storage(&self) -> &Path {
        &self.storage
    }

    /// Shares the storage of a running server, as another replica.
    pub fn on_storage_of(mut self, server: &Server) -> Self {
        server.settings().storage().clone_into(&mut self.storage);
        self.prefix.clone_from(&server.settings().prefix);
        self.environment.clone_from(&server.settings().environment);
        self
    }

    /// Puts a file into the storage by hand, as people and ChartMuseum do.
    pub fn place(&self, key: &str, content: &[u8]) {
        let path = self.storage.join(key);
        fs::create_dir_all(path.parent().unwrap_or(Path::new("/")))
            .and_then(|()| fs::write(&path, content))
            .and_then(|()| File::options().write(true).open(&path))
            .and_then(|file| file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(PLACED.unsigned_abs())))
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
    }

    /// The folder of the replica's private catalogue.
    pub fn catalogue(&self) -> PathBuf {
        self.folder.path().join("catalogue")
    }

    /// A further argument.
    pub fn with(mut self, argument: impl Into<OsString>) -> Self {
        self.settings.push(argument.into());
        self
    }

    /// Leaves out one of the arguments that every server gets, such as `--storage` or the word `serve`.
    pub fn without(mut self, flag: &'static str) -> Self {
        self.replaced.push(flag);
        self
    }

    /// An environment variable. Nothing of the test's own environment reaches the server.
    pub fn environment(mut self, name: &str, value: impl Into<OsString>) -> Self {
        self.environment.push((name.into(), value.into()));
        self
    }

    /// The folder of the server's and the test's papers.
    pub fn papers(&self) -> PathBuf {
        self.folder.path().join("papers")
    }

    /// Serves HTTPS with papers of this authority, from the files `tls.crt` and `tls.key` in the folder of papers. The
    /// test's client believes the authority.
    pub fn with_tls(mut self, authority: &Authority) -> Self {
        write_papers(&self.papers(), &authority.issue("127.0.0.1"));
        let (certificate, key) = (self.papers().join("tls.crt"), self.papers().join("tls.key"));
        self.tls = Some((authority.certificate(), None));
        self.with(format!("--tls-cert={}", certificate.display())).with(format!("--tls-key={}", key.display()))
    }

    /// Asks every client for papers of an authority; the test's client shows these.
    pub fn with_client_authority(mut self, authority: &Authority, shown: Option<Papers>) -> Self {
        let path = self.papers().join("clients.crt");
        fs::write(&path, authority.certificate()).expect("the folder of papers is there");
        if let Some((_, papers)) = &mut self.tls {
            *papers = shown;
        }
        self.with(format!("--tls-ca-cert={}", path.display()))
    }

    /// The storage becomes a disk of this size that only the server sees and that ends with it. Needs the right to
    /// mount.
    pub fn on_disk_of(mut self, size: &str) -> Self {
        self.disk = Some(size.to_owned());
        self
    }

    /// Starts the server and waits until it is ready.
    pub async fn start(self) -> Server {
        let mut server = Server::new(self);
        server.run().await;
        server
    }

    /// Starts the server and waits until it listens, whether it is ready or not.
    pub async fn start_without_waiting(self) -> Server {
        let mut server = Server::new(self);
        server.run_until_listening().await;
        server
    }

    /// The command that starts the server.
    pub fn command(&self) -> Command {
        self.command_of("serve")
    }

    /// Another command with the server's settings.
    pub fn command_of(&self, word: &str) -> Command {
        let mut defaults = vec![
            ("--listen-host", OsString::from("127.0.0.1")),
            ("--port", OsString::from("0")),
            ("--catalogue", self.catalogue().into()),
        ];
        match &self.prefix {
            None => {
                defaults.extend([("--storage", "local".into()), ("--storage-local-rootdir", self.storage().into())]);
            }
            Some(prefix) => defaults.extend([
                ("--storage", "amazon".into()),
                ("--storage-amazon-bucket", Gateway::BUCKET.into()),
                ("--storage-amazon-prefix", prefix.into()),
            ]),
        }
        let mut command = self.bare_command();
        if !self.replaced.contains(&word) {
            command.arg(word);
        }
        command.arg("--log-json");
        for (flag, value) in defaults.into_iter().filter(|(flag, _)| !self.replaced.contains(flag)) {
            let mut argument = OsString::from(flag);
            argument.push("=");
            argument.push(value);
            command.arg(argument);
        }
        command.args(&self.settings);
        command
    }

    /// The binary in this launch's environment and folder, without any argument.
    pub fn bare_command(&self) -> Command {
        let mut command = match &self.disk {
            None => Command::new(binary()),
            Some(size) => {
                let mut command = Command::new("unshare");
                command
                    .args(["--mount", "sh", "-c", r#"mount -t tmpfs -o "size=$0" tmpfs "$1" && shift && exec "$@""#])
                    .arg(size)
                    .arg(&self.storage)
                    .arg(binary());
                command
            }
        };
        command
            .current_dir(self.folder.path())
            .env_clear()
            .env("PATH", std::env::var_os("PATH").unwrap_or_default())
            .env("HOME", self.folder.path())
            .env("TMPDIR", self.folder.path())
            .env("RUST_BACKTRACE", "1")
            .envs(self.environment.iter().map(|(name, value)| (name, value)))
            .stdin(Stdio::null());
        command
    }
}

/// Writes the files `tls.crt` and `tls.key` into a folder, which is made.
pub fn write_papers(folder: &Path, papers: &Papers) {
    fs::create_dir_all(folder)
        .and_then(|()| fs::write(folder.join("tls.crt"), &papers.certificate))
        .and_then(|()| fs::write(folder.join("tls.key"), &papers.key))
        .unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
}

/// The server under test: the one that `cargo xtask test` names, else the one of this build, made up to date first.
fn binary() -> &'static Path {
    static BINARY: OnceLock<PathBuf> = OnceLock::new();
    BINARY.get_or_init(|| {
        if let Some(path) = std::env::var_os("CHANDLERY_BINARY") {
            return PathBuf::from(path);
        }
        let status = Command::new(std::env::var_os("CARGO").unwrap_or_else(|| OsString::from("cargo")))
            .args(["build", "--quiet", "--workspace", "--bins", "--tests"])
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .status()
            .expect("cargo can be started");
        assert!(status.success(), "the server does not build");
        build_folder().join("chandlery")
    })
}

/// Where cargo put this test program's siblings: it is in `<here>/deps`.
fn build_folder() -> PathBuf {
    let own = std::env::current_exe().expect("the system knows this program");
    own.ancestors().nth(2).expect("test programs are in the folder deps").to_owned()
}
