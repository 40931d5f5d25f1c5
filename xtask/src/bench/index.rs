//! `GET index.yaml` and `GET /api/charts` against nginx serving the same bytes from a file.

use std::fs;

use anyhow::Result;

use super::report::{Budget, Report};
use super::servers::Sending;
use super::{Bench, corpus, load, servers};

/// Versions, what their index weighs about, connections, and the budget of the ratio.
const SIZES: [(usize, &str, u32, f64); 3] =
    [(200, "100 KB", 16, 1.0), (3_000, "1.5 MB", 16, 1.0), (80_000, "40 MB", 4, 1.2)];

pub fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    for (versions, size, connections, budget) in SIZES {
        let versions = versions.min(bench.largest);
        let storage = corpus::storage(&bench.folder, versions)?;
        servers::forget_catalogue(&storage);
        let files = bench.folder.join("files");
        fs::create_dir_all(&files)?;
        let ours = {
            let server = servers::chandlery(bench, &storage, true, &[])?;
            let body = load::body(server.port, "/index.yaml")?;
            fs::write(files.join("index.yaml"), &body)?;
            report.note(format!("index of {versions} versions"), format!("{} bytes", body.len()));
            load::get(&server.process, server.port, "/index.yaml", connections, bench.seconds)?
        };
        let mut theirs = f64::INFINITY;
        for sending in [Sending::Sendfile, Sending::Buffers] {
            let server = servers::nginx(bench, &files, sending)?;
            let cost = load::get(&server.process, server.port, "/index.yaml", connections, bench.seconds)?;
            theirs = theirs.min(cost.microseconds);
        }
        let ratio = ours.microseconds / theirs;
        report.add(
            format!("`GET index.yaml`, {size}: time against nginx"),
            format!(
                "{ratio:.2} ({:.1} µs against {theirs:.1} µs; {:.0} per second)",
                ours.microseconds, ours.per_second
            ),
            ratio,
            Budget::AtMost(budget),
        );
    }
    listing(bench, report)
}

fn listing(bench: &Bench, report: &mut Report) -> Result<()> {
    let storage = corpus::storage(&bench.folder, 1_000)?;
    servers::forget_catalogue(&storage);
    let server = servers::chandlery(bench, &storage, true, &[])?;
    let cost = load::get(&server.process, server.port, "/api/charts", 16, bench.seconds)?;
    report.add(
        "`GET /api/charts`, 1 000 versions, in ms",
        format!("{:.3}", cost.microseconds / 1e3),
        cost.microseconds / 1e3,
        Budget::AtMost(0.3),
    );
    Ok(())
}
