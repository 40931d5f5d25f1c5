//! What was measured, against what it should be.

use std::fmt::Write;
use std::fs;
use std::path::Path;
use std::process::Command;

use anyhow::Result;

/// Rows of the table.
#[derive(Default)]
pub struct Report {
    rows: Vec<Row>,
}

struct Row {
    what: String,
    measured: String,
    value: f64,
    budget: Option<Budget>,
}

/// What a value should be.
#[derive(Clone, Copy)]
pub enum Budget {
    AtMost(f64),
    AtLeast(f64),
}

impl Report {
    /// Adds a value that has a budget, and prints it.
    pub fn add(&mut self, what: impl Into<String>, measured: impl Into<String>, value: f64, budget: Budget) {
        self.push(Row { what: what.into(), measured: measured.into(), value, budget: Some(budget) });
    }

    /// Adds a value that has none.
    pub fn note(&mut self, what: impl Into<String>, measured: impl Into<String>) {
        self.push(Row { what: what.into(), measured: measured.into(), value: 0.0, budget: None });
    }

    fn push(&mut self, row: Row) {
        println!("{}", row.line());
        self.rows.push(row);
    }

    pub fn markdown(&self) -> String {
        let mut text = "| what | measured | budget | holds |\n|---|---|---|---|\n".to_owned();
        for row in &self.rows {
            text.push_str(&row.line());
            text.push('\n');
        }
        text
    }

    /// Writes the page of results, with the day and the machine.
    pub fn write(&self, path: &Path) -> Result<()> {
        let mut text = "# Benchmarks\n\nWritten by `cargo xtask bench --write`. Ratios compare two servers in one run: each \
                        pinned to one core,\nthe load on the other. Times are processor time of the server per request, \
                        unless they say otherwise.\n\n"
            .to_owned();
        writeln!(text, "Measured on {} on {}.\n", output("date", &["-u", "+%Y-%m-%d"]), machine())?;
        text.push_str(&self.markdown());
        fs::create_dir_all(path.parent().unwrap_or(path))?;
        Ok(fs::write(path, text)?)
    }
}

impl Row {
    fn line(&self) -> String {
        let (budget, holds) = match self.budget {
            None => (String::new(), ""),
            Some(Budget::AtMost(limit)) => (format!("≤ {limit}"), if self.value <= limit { "yes" } else { "**no**" }),
            Some(Budget::AtLeast(limit)) => (format!("≥ {limit}"), if self.value >= limit { "yes" } else { "**no**" }),
        };
        format!("| {} | {} | {budget} | {holds} |", self.what, self.measured)
    }
}

fn machine() -> String {
    let processor = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = processor.lines().find_map(|line| line.strip_prefix("model name")).unwrap_or("an unknown processor");
    let cores = std::thread::available_parallelism().map_or(0, std::num::NonZero::get);
    format!("{} ({cores} cores), {}", model.trim_start_matches([' ', '\t', ':']), output("nginx", &["-v"]))
}

/// What a command prints, on either stream.
fn output(program: &str, arguments: &[&str]) -> String {
    let output = Command::new(program).args(arguments).output();
    output.map_or_else(
        |_| String::new(),
        |output| {
            let text = if output.stdout.is_empty() { output.stderr } else { output.stdout };
            String::from_utf8_lossy(&text).trim().to_owned()
        },
    )
}
