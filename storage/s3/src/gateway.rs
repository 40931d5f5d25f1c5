//! For tests: a real S3 server, versitygw on a folder of its own, that ends with this process however it ends.

use std::fs;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use uuid::Uuid;

use crate::{OpenError, Options, S3Store};

/// Where `cargo xtask tools` puts the program, below the folder of all tools.
const PROGRAM: &str = "versitygw-1.8.0/versitygw";
/// What does not answer by then is taken to hang. It takes milliseconds; build machines are slow and busy.
const PATIENCE: Duration = Duration::from_secs(60);
/// Between two looks.
const LOOK_AGAIN: Duration = Duration::from_millis(10);
/// Ports that are tried: one that is free now may be another's a moment later.
const PORTS: usize = 20;

/// Runs the program, and ends it with its folder when the standard input is closed: by us, or by our end.
const SCRIPT: &str = r#"
folder=$1; shift
exec 3<&0
"$@" posix "$folder/buckets" 3<&- </dev/null >"$folder/log" 2>&1 &
server=$!
(cat <&3 >/dev/null; kill -9 $server; rm -rf "$folder") &
exec 3<&-
wait $server
"#;

/// The folder of the tests' tools: as `cargo xtask test` says, else where it puts them.
///
/// # Panics
/// If this is no program of tests.
pub fn tools() -> PathBuf {
    match std::env::var_os("CHANDLERY_TOOLS") {
        Some(path) => PathBuf::from(path),
        None => {
            let own = std::env::current_exe().expect("the system knows this program");
            own.ancestors().nth(3).expect("test programs are in <target>/<profile>/deps").join("tools")
        }
    }
}

/// The one server of this process; none if the program is not installed: the test that asks is named as skipped then.
///
/// # Panics
/// If tools were promised and the program is not there, or does not start.
pub fn gateway() -> Option<&'static Gateway> {
    static GATEWAY: OnceLock<Option<Gateway>> = OnceLock::new();
    let gateway = GATEWAY.get_or_init(|| {
        let program = tools().join(PROGRAM);
        let promised = std::env::var_os("CHANDLERY_TOOLS").is_some();
        assert!(program.is_file() || !promised, "there is no {}", program.display());
        program.is_file().then(|| Gateway::start(&program))
    });
    if gateway.is_none() {
        let thread = std::thread::current();
        let test = thread.name().unwrap_or("a test");
        // past the test runner's capture; a closed standard error must not fail what did not even run
        let _ = writeln!(io::stderr(), "skipped: {test}: no S3 server is installed; `cargo xtask tools` does it");
    }
    gateway.as_ref()
}

/// A running server. One is enough for a process: every test takes a prefix of its own.
#[derive(Debug)]
pub struct Gateway {
    folder: PathBuf,
    port: u16,
    access_key: String,
    secret_key: String,
    /// The shell that watches our end.
    watcher: Child,
}

impl Gateway {
    /// The bucket that every gateway has.
    pub const BUCKET: &str = "charts";

    /// Starts the program on a free port and waits until it answers.
    ///
    /// # Panics
    /// If it cannot be had.
    pub fn start(program: &Path) -> Self {
        for _ in 0..PORTS {
            if let Some(gateway) = Self::try_start(program).expect("the gateway can be started") {
                return gateway;
            }
        }
        panic!("{} does not start", program.display());
    }

    /// None if somebody else has the port.
    fn try_start(program: &Path) -> io::Result<Option<Self>> {
        let name = Uuid::new_v4().simple().to_string();
        let folder = std::env::temp_dir().join(format!("chandlery-gateway-{name}"));
        fs::create_dir_all(folder.join("buckets").join(Self::BUCKET))?;
        let port = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?.local_addr()?.port();
        let (access_key, secret_key) = (format!("key-{name}"), Uuid::new_v4().simple().to_string());
        let watcher = Command::new("sh")
            .args(["-c", SCRIPT, "sh"])
            .arg(&folder)
            .arg(program)
            .args(["--quiet", "--keep-alive", "--health", &format!("/{name}")])
            .args(["--access", &access_key, "--secret", &secret_key])
            .args(["--port", &format!("127.0.0.1:{port}")])
            .current_dir(&folder)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()?;
        let mut gateway = Self { folder, port, access_key, secret_key, watcher };
        let begun = Instant::now();
        while begun.elapsed() < PATIENCE {
            if gateway.watcher.try_wait()?.is_some() {
                return Ok(None);
            }
            // the path is ours alone: no other server answers so
            if gateway.asked(&format!("/{name}")).is_ok_and(|answer| answer.starts_with("HTTP/1.1 200")) {
                return Ok(Some(gateway));
            }
            std::thread::sleep(LOOK_AGAIN);
        }
        Err(io::Error::other(fs::read_to_string(gateway.folder.join("log")).unwrap_or_default()))
    }

    fn asked(&self, path: &str) -> io::Result<String> {
        let mut stream = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port))?;
        stream.set_read_timeout(Some(Duration::from_secs(5)))?;
        write!(stream, "GET {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")?;
        let mut answer = String::new();
        stream.read_to_string(&mut answer)?;
        Ok(answer)
    }

    /// Its URL.
    pub fn endpoint(&self) -> String {
        format!("http://127.0.0.1:{}", self.port)
    }

    /// Its port on the loopback device.
    pub fn port(&self) -> u16 {
        self.port
    }

    /// Who may use it, as the standard chain reads it from the environment.
    pub fn credentials(&self) -> [(&'static str, String); 2] {
        [("AWS_ACCESS_KEY_ID", self.access_key.clone()), ("AWS_SECRET_ACCESS_KEY", self.secret_key.clone())]
    }

    /// Where the objects of the bucket are files.
    pub fn files(&self) -> PathBuf {
        self.folder.join("buckets").join(Self::BUCKET)
    }

    /// Options for a part of the bucket.
    pub fn options(&self, prefix: &str) -> Options {
        Options {
            bucket: Self::BUCKET.to_owned(),
            prefix: prefix.to_owned(),
            endpoint: Some(self.endpoint()),
            // on a busy machine a request may be slow: repeated, it would be done once more when nobody thinks of it
            attempt_timeout: PATIENCE,
            operation_timeout: PATIENCE,
            ..Options::default()
        }
    }

    /// Opens a bucket as its owner, here or through something that stands in front of it.
    ///
    /// # Errors
    /// As [`S3Store::open`].
    pub async fn open(&self, options: Options) -> Result<S3Store, OpenError> {
        self.open_as(options, &self.access_key, &self.secret_key).await
    }

    /// Opens a bucket with other credentials.
    ///
    /// # Errors
    /// As [`S3Store::open`].
    pub async fn open_as(&self, options: Options, access: &str, secret: &str) -> Result<S3Store, OpenError> {
        S3Store::open_as(options, (access, secret)).await
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        drop(self.watcher.stdin.take());
        let _ = self.watcher.wait();
    }
}
