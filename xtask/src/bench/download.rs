//! Package downloads from memory against nginx serving the same files.

use std::fs;

use anyhow::Result;

use super::report::{Budget, Report};
use super::servers::Sending;
use super::{Bench, corpus, load, servers};

/// Bytes of a package, its name in the report, and the budget of the ratio.
const SIZES: [(usize, &str, f64); 3] = [(4_000, "5 KB", 1.6), (200_000, "200 KB", 1.0), (4_900_000, "5 MB", 1.0)];

pub fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let storage = bench.folder.join("storage-download");
    fs::remove_dir_all(&storage).ok();
    let charts = storage.join("charts");
    fs::create_dir_all(&charts)?;
    for (bytes, _, _) in SIZES {
        let name = format!("package-{bytes}");
        let package = corpus::package(&name, "1.0.0", bytes)?;
        fs::write(storage.join(format!("{name}-1.0.0.tgz")), &package)?;
        fs::write(charts.join(format!("{name}-1.0.0.tgz")), &package)?;
    }
    servers::forget_catalogue(&storage);
    for (bytes, size, budget) in SIZES {
        let path = format!("/charts/package-{bytes}-1.0.0.tgz");
        let connections = if bytes > 1_000_000 { 8 } else { 16 };
        let ours = {
            let server = servers::chandlery(bench, &storage, true, &[])?;
            load::get(&server.process, server.port, &path, connections, bench.seconds)?
        };
        let mut theirs = f64::INFINITY;
        for sending in [Sending::Sendfile, Sending::Buffers] {
            let server = servers::nginx(bench, &storage, sending)?;
            let cost = load::get(&server.process, server.port, &path, connections, bench.seconds)?;
            theirs = theirs.min(cost.microseconds);
        }
        let ratio = ours.microseconds / theirs;
        report.add(
            format!("download of {size}: time against nginx"),
            format!(
                "{ratio:.2} ({:.1} µs against {theirs:.1} µs; {:.0} per second)",
                ours.microseconds, ours.per_second
            ),
            ratio,
            Budget::AtMost(budget),
        );
    }
    Ok(())
}
