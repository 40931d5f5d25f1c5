//! Runs the Go programs of `tests/golden`, which ask the real libraries.

use std::io::Write as _;
use std::path::PathBuf;
use std::process::{Command, Stdio};

/// Runs one of the programs. None, and a line that says so, if this machine has no Go or not its modules.
pub fn run(test: &str, program: &str, input: &[u8]) -> Option<Vec<u8>> {
    let folder = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../tests/golden");
    let ready = Command::new("go").args(["build", "-o", "/dev/null", program]).current_dir(&folder).output();
    match ready {
        Ok(output) if output.status.success() => {}
        Ok(output) => {
            let reason = String::from_utf8_lossy(&output.stderr);
            println!("skipped {test}: {program} does not build here: {}", reason.lines().last().unwrap_or_default());
            return None;
        }
        Err(error) => {
            println!("skipped {test}: no Go here: {error}");
            return None;
        }
    }
    let mut child = Command::new("go")
        .args(["run", program])
        .current_dir(&folder)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let mut stdin = child.stdin.take().unwrap();
    let input = input.to_vec();
    let writer = std::thread::spawn(move || stdin.write_all(&input).unwrap());
    let output = child.wait_with_output().unwrap();
    writer.join().unwrap();
    assert!(output.status.success(), "{program} failed");
    Some(output.stdout)
}

/// A folder of the Go module cache, if it is there.
#[allow(dead_code, reason = "not every test binary looks at modules")]
pub fn module(test: &str, path: &str) -> Option<PathBuf> {
    let cache = Command::new("go").args(["env", "GOMODCACHE"]).output().ok()?;
    let folder = PathBuf::from(String::from_utf8(cache.stdout).ok()?.trim()).join(path);
    if folder.is_dir() {
        Some(folder)
    } else {
        println!("skipped {test}: the Go module {path} is not here");
        None
    }
}

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Bytes as Go has them in JSON.
#[allow(dead_code, reason = "not every test binary sends bytes")]
pub fn base64(bytes: &[u8]) -> String {
    let mut text = String::new();
    for group in bytes.chunks(3) {
        let joined = (0..3).fold(0, |joined, at| joined << 8 | usize::from(group.get(at).copied().unwrap_or(0)));
        for digit in 0..4 {
            let digit = if digit > group.len() { '=' } else { DIGITS[joined >> (18 - 6 * digit) & 63].into() };
            text.push(digit);
        }
    }
    text
}

/// The bytes that Go has sent in JSON.
#[allow(dead_code, reason = "not every test binary receives bytes")]
pub fn from_base64(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    for group in text.as_bytes().chunks(4) {
        let digits = group.iter().filter_map(|byte| DIGITS.iter().position(|digit| digit == byte));
        let digits: Vec<u32> = digits.map(|digit| digit as u32).collect();
        let joined = digits.iter().fold(0, |joined, digit| joined << 6 | digit) << (6 * (4 - digits.len()));
        bytes.extend(&joined.to_be_bytes()[1..digits.len()]);
    }
    bytes
}
