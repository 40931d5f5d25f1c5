//! Starts, and memory at rest.

use anyhow::Result;

use super::report::{Budget, Report};
use super::{Bench, corpus, load, servers};

pub fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let versions = bench.largest;
    let storage = corpus::storage(&bench.folder, versions)?;
    servers::forget_catalogue(&storage);
    let cases = [("first adoption", 60.0), ("catalogue present", 1.0), ("from a snapshot", 10.0)];
    for (case, budget) in cases {
        if case == "catalogue present" {
            // the catalogue of a first adoption is written beside the serving: give it a run to be complete
            let server = servers::chandlery(bench, &storage, false, &[])?;
            load::upload(server.port, vec![corpus::package("settled", "1.0.0", 0)?], 1)?;
            servers::settle();
            server.process.stop()?;
        }
        if case == "from a snapshot" {
            servers::forget_catalogue(&storage);
        }
        let server = servers::chandlery(bench, &storage, false, &[])?;
        let seconds = server.start.as_secs_f64();
        let what = format!("start with {versions} versions, {case}, in seconds");
        report.add(what, format!("{seconds:.2}"), seconds, Budget::AtMost(budget));
        if case == "catalogue present" {
            load::body(server.port, "/index.yaml")?;
            let resident = server.process.resident_mebibytes()?;
            let what = format!("memory at rest with {versions} versions, in MiB");
            report.add(what, format!("{resident:.0}"), resident, Budget::AtMost(400.0));
        }
        server.process.stop()?;
    }
    Ok(())
}
