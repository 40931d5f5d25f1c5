//! The load: wrk for reads, own connections for uploads.

use std::io::{Read, Write};
use std::net::TcpStream;
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

use anyhow::{Context, Result, bail};

use super::process::Process;

/// The core that the load runs on.
const LOAD_CORE: &str = "1";

/// What a server spent on one kind of request.
#[derive(Debug, Clone, Copy)]
pub struct Cost {
    /// Processor time per request, in microseconds.
    pub microseconds: f64,
    /// Requests answered per second.
    pub per_second: f64,
}

/// Asks for one path over and over, and returns what it cost the server.
pub fn get(server: &Process, port: u16, path: &str, connections: u32, seconds: u32) -> Result<Cost> {
    let url = format!("http://127.0.0.1:{port}{path}");
    wrk(&url, connections, 1)?;
    let before = server.processor_seconds()?;
    let requests = wrk(&url, connections, seconds)?;
    let used = server.processor_seconds()? - before;
    Ok(Cost { microseconds: used * 1e6 / requests, per_second: requests / f64::from(seconds) })
}

fn wrk(url: &str, connections: u32, seconds: u32) -> Result<f64> {
    let output = Command::new("taskset")
        .args(["-c", LOAD_CORE, "wrk", "-t1", &format!("-c{connections}"), &format!("-d{seconds}s")])
        .args(["--timeout", "30s", url])
        .output()?;
    let text = String::from_utf8_lossy(&output.stdout);
    if text.contains("Non-2xx") || text.contains("Socket errors") {
        bail!("not every request was answered with success:\n{text}");
    }
    let line = text.lines().find(|line| line.contains(" requests in ")).with_context(|| format!("wrk said: {text}"))?;
    let count = line.split_whitespace().next().context("no count")?;
    count.parse().context("an odd count")
}

/// The status of one GET.
pub fn status(port: u16, path: &str) -> Result<u16> {
    let mut connection = Connection::open(port)?;
    Ok(connection.send("GET", path, &[])?.0)
}

/// The body of one GET.
pub fn body(port: u16, path: &str) -> Result<Vec<u8>> {
    match Connection::open(port)?.send("GET", path, &[])? {
        (200, body) => Ok(body),
        (status, _) => bail!("GET {path} was answered {status}"),
    }
}

/// Uploads packages one after another on each connection and returns how long each took, in order of duration.
pub fn upload(port: u16, packages: Vec<Vec<u8>>, uploaders: usize) -> Result<(Vec<Duration>, Duration)> {
    let share = packages.len().div_ceil(uploaders);
    let began = Instant::now();
    let threads: Vec<_> = packages
        .chunks(share)
        .map(|packages| {
            let packages = packages.to_vec();
            thread::spawn(move || -> Result<Vec<Duration>> {
                let mut connection = Connection::open(port)?;
                packages.iter().map(|package| connection.timed_upload(package)).collect()
            })
        })
        .collect();
    let mut durations = Vec::new();
    for thread in threads {
        durations.extend(thread.join().map_err(|_| anyhow::anyhow!("an uploader panicked"))??);
    }
    let total = began.elapsed();
    durations.sort_unstable();
    Ok((durations, total))
}

struct Connection {
    stream: TcpStream,
}

impl Connection {
    fn open(port: u16) -> Result<Self> {
        let stream = TcpStream::connect(("127.0.0.1", port))?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(Duration::from_secs(60)))?;
        Ok(Self { stream })
    }

    fn timed_upload(&mut self, package: &[u8]) -> Result<Duration> {
        let began = Instant::now();
        let (status, body) = self.send("POST", "/api/charts", package)?;
        if status != 201 {
            bail!("an upload was answered {status}: {}", String::from_utf8_lossy(&body));
        }
        Ok(began.elapsed())
    }

    fn send(&mut self, method: &str, path: &str, body: &[u8]) -> Result<(u16, Vec<u8>)> {
        let head = format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n", body.len());
        let mut request = head.into_bytes();
        request.extend_from_slice(body);
        self.stream.write_all(&request)?;
        let mut answer = Vec::new();
        let mut piece = vec![0; 1 << 16];
        loop {
            let read = self.stream.read(&mut piece)?;
            if read == 0 {
                bail!("the connection was closed");
            }
            answer.extend_from_slice(&piece[..read]);
            if let Some(whole) = parse(&answer)? {
                return Ok(whole);
            }
        }
    }
}

/// Status and body, once they are whole.
fn parse(answer: &[u8]) -> Result<Option<(u16, Vec<u8>)>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let status = head.split(' ').nth(1).context("an odd answer")?.parse()?;
    let length =
        head.lines().find_map(|line| line.to_ascii_lowercase().strip_prefix("content-length:").map(str::to_owned));
    let length: usize = length.context("an answer without length")?.trim().parse()?;
    let body = &answer[end + 4..];
    Ok((body.len() >= length).then(|| (status, body.to_vec())))
}
