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

/// One connection that stays open.
pub struct Connection {
    stream: TcpStream,
}

/// Status, `Location` and body.
type Answer = (u16, Option<String>, Vec<u8>);

impl Connection {
    pub fn open(port: u16) -> Result<Self> {
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
        let (status, _, body) = self.send_with(method, path, "", body)?;
        Ok((status, body))
    }

    /// Sends a body of this type; an empty type is not named.
    pub fn send_with(&mut self, method: &str, path: &str, kind: &str, body: &[u8]) -> Result<Answer> {
        let mut request = head(method, path, kind, body.len());
        request.extend_from_slice(body);
        self.stream.write_all(&request)?;
        self.answer()
    }

    /// Sends a body that is the same piece over and over.
    pub fn send_pieces(&mut self, method: &str, path: &str, piece: &[u8], pieces: usize) -> Result<Answer> {
        self.stream.write_all(&head(method, path, "application/octet-stream", piece.len() * pieces))?;
        for _ in 0..pieces {
            self.stream.write_all(piece)?;
        }
        self.answer()
    }

    fn answer(&mut self) -> Result<Answer> {
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

fn head(method: &str, path: &str, kind: &str, length: usize) -> Vec<u8> {
    let kind = if kind.is_empty() { String::new() } else { format!("Content-Type: {kind}\r\n") };
    format!("{method} {path} HTTP/1.1\r\nHost: localhost\r\n{kind}Content-Length: {length}\r\n\r\n").into_bytes()
}

/// An answer, once it is whole.
fn parse(answer: &[u8]) -> Result<Option<Answer>> {
    let Some(end) = answer.windows(4).position(|window| window == b"\r\n\r\n") else { return Ok(None) };
    let head = std::str::from_utf8(&answer[..end])?;
    let status = head.split(' ').nth(1).context("an odd answer")?.parse()?;
    let header = |name: &str| {
        let mut lines = head.lines().filter_map(|line| line.split_once(':'));
        lines.find(|(found, _)| found.eq_ignore_ascii_case(name)).map(|(_, value)| value.trim().to_owned())
    };
    let length: usize = match header("content-length") {
        Some(length) => length.parse()?,
        // 204 has none
        None if status == 204 => 0,
        None => bail!("an answer without length"),
    };
    let body = &answer[end + 4..];
    Ok((body.len() >= length).then(|| (status, header("location"), body.to_vec())))
}
