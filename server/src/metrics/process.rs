//! What Prometheus' libraries tell of a process, by the same names.

use std::fs;

use rustix::process::{Resource, getrlimit};

use super::text::{Kind, Text, number};

/// Fields of `/proc/self/stat` behind the program's name, counted from its state (proc_pid_stat(5), less three).
const USER_TICKS: usize = 11;
const SYSTEM_TICKS: usize = 12;
const START_TICKS: usize = 19;
/// What Linux counts processor time in, for programs, on every architecture that we build for.
const TICKS_PER_SECOND: f64 = 100.0;

/// Writes what the system tells; nothing where it tells nothing.
pub(super) fn write(text: &mut Text) {
    if let Ok(stat) = fs::read_to_string("/proc/self/stat") {
        write_times(text, &stat);
    }
    if let Ok(status) = fs::read_to_string("/proc/self/status") {
        let bytes = |name: &str| memory(&status, name).unwrap_or(0);
        text.single("process_resident_memory_bytes", Kind::Gauge, "Memory that is in use.", bytes("VmRSS:"));
        text.single("process_virtual_memory_bytes", Kind::Gauge, "Memory that is mapped.", bytes("VmSize:"));
    }
    if let Ok(open) = fs::read_dir("/proc/self/fd") {
        let count = open.count().saturating_sub(1); // without the one that counts
        text.single("process_open_fds", Kind::Gauge, "File descriptors that are open.", count);
    }
    let limit = getrlimit(Resource::Nofile).current.map_or(f64::INFINITY, |limit| limit as f64);
    text.single("process_max_fds", Kind::Gauge, "File descriptors that may be open.", number(limit));
}

fn write_times(text: &mut Text, stat: &str) {
    // the name may hold anything, so it is skipped from behind
    let fields: Vec<&str> = stat.rsplit(") ").next().unwrap_or_default().split_whitespace().collect();
    let seconds = |position: usize| {
        let ticks = fields.get(position).and_then(|field| field.parse::<f64>().ok());
        ticks.unwrap_or(0.0) / TICKS_PER_SECOND
    };
    let cpu = seconds(USER_TICKS) + seconds(SYSTEM_TICKS);
    text.single("process_cpu_seconds_total", Kind::Counter, "Processor time, in user and system.", cpu);
    if let Some(boot) = boot_time() {
        let start = boot + seconds(START_TICKS);
        text.single("process_start_time_seconds", Kind::Gauge, "When the process began, in Unix time.", start);
    }
}

/// A line such as `VmRSS:    5120 kB`, in bytes.
fn memory(status: &str, name: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix(name))?;
    line.trim().strip_suffix(" kB")?.parse::<u64>().ok()?.checked_mul(1024)
}

fn boot_time() -> Option<f64> {
    let stat = fs::read_to_string("/proc/stat").ok()?;
    stat.lines().find_map(|line| line.strip_prefix("btime ")?.trim().parse().ok())
}
