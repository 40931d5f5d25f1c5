//! Uploads: how long one takes, how many go in a second, and whether the size of the repository matters.

use std::process::Command;
use std::time::Duration;

use anyhow::{Result, bail};

use super::report::{Budget, Report};
use super::{Bench, corpus, load, servers};
use crate::step;

/// Uploads of one run.
const UPLOADS: usize = 300;
/// Uploads of the run with many uploaders.
const PARALLEL_UPLOADS: usize = 1_600;

pub fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let mut smallest = None;
    for versions in [1_000, 10_000, 100_000].into_iter().filter(|versions| *versions <= bench.largest) {
        let storage = corpus::storage(&bench.folder, versions)?;
        servers::forget_catalogue(&storage);
        let server = servers::chandlery(bench, &storage, false, &[])?;
        servers::settle();
        // new versions of the charts that are there, spread over the whole repository
        let newest = |number: usize| {
            let chart = number * 7919 % versions;
            let (name, _) = corpus::name_and_version(chart);
            corpus::package(&name, &format!("9.0.{number}"), 0)
        };
        let alone = (0..UPLOADS).map(newest).collect::<Result<Vec<_>>>()?;
        let (durations, _) = load::upload(server.port, alone, 1)?;
        let median = durations[durations.len() / 2];
        let text = format!("{} (p99 {})", milliseconds(median), milliseconds(durations[durations.len() * 99 / 100]));
        let what = format!("upload at {versions} versions: p50 alone, in ms");
        match smallest {
            None => report.add(what, text, median.as_secs_f64() * 1e3, Budget::AtMost(10.0)),
            Some(smallest) => {
                report.note(what, text);
                let ratio = median.as_secs_f64() / Duration::as_secs_f64(&smallest);
                let what = format!("upload: p50 at {versions} versions against 1 000");
                report.add(what, format!("{ratio:.2}"), ratio, Budget::AtMost(1.2));
            }
        }
        smallest = smallest.or(Some(median));
        let many = (UPLOADS..UPLOADS + PARALLEL_UPLOADS).map(newest).collect::<Result<Vec<_>>>()?;
        let (_, total) = load::upload(server.port, many, 16)?;
        let per_second = PARALLEL_UPLOADS as f64 / total.as_secs_f64();
        let what = format!("uploads per second at {versions} versions, 16 uploaders");
        report.add(what, format!("{per_second:.0}"), per_second, Budget::AtLeast(300.0));
    }
    group_commit(bench, report)
}

/// With writes that take 2 ms longer, sixteen uploaders share what one has to wait for alone.
fn group_commit(bench: &Bench, report: &mut Report) -> Result<()> {
    let output = step::output(
        Command::new("cargo")
            .args(["run", "--quiet", "--release", "--package", "catalogue", "--example", "group_commit"])
            .current_dir(&bench.root),
    )?;
    let figures: Vec<f64> = output.split_whitespace().map(str::parse).collect::<Result<_, _>>()?;
    let [alone, together] = figures[..] else { bail!("group_commit printed {output:?}") };
    let gain = together / alone;
    report.add(
        "uploads per second, 16 uploaders against one, writes 2 ms slower",
        format!("{gain:.1} ({together:.0} against {alone:.0})"),
        gain,
        Budget::AtLeast(4.0),
    );
    Ok(())
}

fn milliseconds(duration: Duration) -> String {
    format!("{:.2}", duration.as_secs_f64() * 1e3)
}
