//! A server process: pinned to a core, ended when it goes out of scope, and what it has used.

use std::fs;
use std::process::{Child, Command};

use anyhow::{Context, Result};

/// The kernel counts processor time in hundredths of a second (`USER_HZ` on every Linux that Rust supports).
const TICKS_PER_SECOND: f64 = 100.0;

/// A running server.
pub struct Process {
    child: Child,
}

impl Process {
    pub fn start(command: &mut Command) -> Result<Self> {
        let child = command.spawn().with_context(|| format!("cannot start {command:?}"))?;
        Ok(Self { child })
    }

    pub fn id(&self) -> u32 {
        self.child.id()
    }

    /// Processor time used so far by the process and its children, in seconds.
    pub fn processor_seconds(&self) -> Result<f64> {
        let mut total = ticks(self.id())?;
        for child in children(self.id())? {
            total += ticks(child)?;
        }
        Ok(total / TICKS_PER_SECOND)
    }

    /// Resident memory, in MiB.
    pub fn resident_mebibytes(&self) -> Result<f64> {
        self.mebibytes("VmRSS:")
    }

    /// The most resident memory that it ever had, in MiB.
    pub fn peak_mebibytes(&self) -> Result<f64> {
        self.mebibytes("VmHWM:")
    }

    fn mebibytes(&self, name: &str) -> Result<f64> {
        let status = fs::read_to_string(format!("/proc/{}/status", self.id()))?;
        let line = status.lines().find_map(|line| line.strip_prefix(name)).with_context(|| format!("no {name}"))?;
        let kibibytes: f64 = line.trim().trim_end_matches(" kB").trim().parse()?;
        Ok(kibibytes / 1024.0)
    }

    /// Asks it to stop and waits until it has.
    pub fn stop(mut self) -> Result<()> {
        Command::new("kill").arg(self.id().to_string()).status()?;
        self.child.wait()?;
        Ok(())
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        // nginx ends its workers itself, if it is asked and not killed
        if let Ok(None) = self.child.try_wait() {
            Command::new("kill").arg(self.id().to_string()).status().ok();
            self.child.wait().ok();
        }
    }
}

fn ticks(process: u32) -> Result<f64> {
    let stat = fs::read_to_string(format!("/proc/{process}/stat"))?;
    // the name in parentheses may contain spaces; utime and stime are the 12th and 13th fields after it
    let fields: Vec<&str> = stat.rsplit_once(')').context("an odd stat line")?.1.split_whitespace().collect();
    let field = |at: usize| fields.get(at).and_then(|text| text.parse::<f64>().ok()).context("an odd stat line");
    Ok(field(11)? + field(12)?)
}

fn children(process: u32) -> Result<Vec<u32>> {
    let path = format!("/proc/{process}/task/{process}/children");
    let text = fs::read_to_string(path).unwrap_or_default();
    Ok(text.split_whitespace().filter_map(|id| id.parse().ok()).collect())
}
