//! Starting the two servers that are compared.

use std::fs::{self, File};
use std::net::{TcpListener, TcpStream};
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::Bench;
use super::load;
use super::process::Process;

/// The core that servers run on; the load runs on the other one.
const SERVER_CORE: &str = "0";
/// Nobody waits longer for a start.
const PATIENCE: Duration = Duration::from_secs(300);
/// More than the catalogue of the largest corpus takes to be written.
const SETTLING: Duration = Duration::from_secs(8);

/// A server and its port.
pub struct Server {
    pub process: Process,
    pub port: u16,
    /// From the start of the process to the first answer that it is ready.
    pub start: Duration,
}

/// How nginx sends files: which one is faster depends on the size.
#[derive(Clone, Copy)]
pub enum Sending {
    Sendfile,
    Buffers,
}

/// Checks that a program of the system is there.
pub fn require(program: &str) -> Result<()> {
    let found = Command::new("sh").args(["-c", &format!("command -v {program}")]).stdout(Stdio::null()).status()?;
    if !found.success() {
        bail!("{program} is missing: apt-get install nginx-light wrk util-linux");
    }
    Ok(())
}

/// Starts Chandlery on a storage, on one core or on all.
pub fn chandlery(bench: &Bench, storage: &Path, pinned: bool, more: &[&str]) -> Result<Server> {
    let mut command = command(pinned, &bench.binary);
    command.arg("--storage=local").arg(format!("--storage-local-rootdir={}", storage.display())).args(more);
    start(bench, command, &storage.with_extension("catalogue"))
}

/// Starts Chandlery by a command that names its storage.
pub fn start(bench: &Bench, mut command: Command, catalogue: &Path) -> Result<Server> {
    let port = free_port()?;
    let log = File::create(bench.folder.join("chandlery.log"))?;
    command
        .arg(format!("--port={port}"))
        .args(["--listen-host=127.0.0.1", "--cache-interval=0"])
        .arg(format!("--catalogue={}", catalogue.display()))
        .stderr(log);
    let began = Instant::now();
    let process = Process::start(&mut command)?;
    while load::status(port, "/-/ready").unwrap_or(0) != 200 {
        if began.elapsed() > PATIENCE {
            bail!("the server is not ready after {} seconds: see chandlery.log", PATIENCE.as_secs());
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(Server { process, port, start: began.elapsed() })
}

/// Waits until the catalogue of a first adoption is written, which happens beside the serving and takes a processor.
pub fn settle() {
    std::thread::sleep(SETTLING);
}

/// Removes what the server kept between two starts.
pub fn forget_catalogue(storage: &Path) {
    fs::remove_dir_all(storage.with_extension("catalogue")).ok();
}

/// Starts nginx with one worker on the files of a folder, with its access log as it is by default.
pub fn nginx(bench: &Bench, root: &Path, sending: Sending) -> Result<Server> {
    let port = free_port()?;
    let sending = match sending {
        Sending::Sendfile => "sendfile on; tcp_nopush on;",
        Sending::Buffers => "sendfile off; output_buffers 2 512k;",
    };
    let folder = bench.folder.join("nginx");
    fs::create_dir_all(&folder)?;
    let at = |name: &str| folder.join(name).display().to_string();
    let configuration = format!(
        "daemon off; worker_processes 1; pid {pid}; error_log {errors};\n\
         events {{ worker_connections 1024; }}\n\
         http {{\n{sending}\nkeepalive_requests 10000000; open_file_cache max=1000;\n\
         access_log {access}; default_type application/x-yaml;\n\
         client_body_temp_path {t}; proxy_temp_path {t}; fastcgi_temp_path {t}; uwsgi_temp_path {t}; scgi_temp_path {t};\n\
         server {{ listen 127.0.0.1:{port}; root {root}; }} }}\n",
        pid = at("pid"),
        errors = at("error.log"),
        access = at("access.log"),
        t = at("temporary"),
        root = root.display(),
    );
    let path = folder.join("nginx.conf");
    fs::write(&path, configuration)?;
    let began = Instant::now();
    let process = Process::start(command(true, Path::new("nginx")).arg("-c").arg(&path).stderr(Stdio::null()))?;
    while TcpStream::connect(("127.0.0.1", port)).is_err() {
        if began.elapsed() > PATIENCE {
            bail!("nginx does not start: see {}", at("error.log"));
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    Ok(Server { process, port, start: began.elapsed() })
}

fn command(pinned: bool, program: &Path) -> Command {
    if pinned {
        let mut command = Command::new("taskset");
        command.args(["-c", SERVER_CORE]).arg(program);
        command
    } else {
        Command::new(program)
    }
}

pub fn free_port() -> Result<u16> {
    let listener = TcpListener::bind(("127.0.0.1", 0)).context("no free port")?;
    Ok(listener.local_addr()?.port())
}
