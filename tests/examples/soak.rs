//! A long soak of several replicas, for `cargo xtask soak`: `soak <seconds> <seed> directory|bucket`.

use std::process::ExitCode;
use std::time::Duration;

use acceptance::{Soak, SoakEnd, SoakStorage};

/// Most last for a moment. The others are longer than everything that waits: looks at the journal, storage calls, proposals,
/// the heartbeats of stores that cannot keep writers apart.
const PAUSES: [u64; 8] = [500, 1000, 1500, 2000, 3000, 5000, 13_000, 40_000];

#[tokio::main(flavor = "current_thread")]
async fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [seconds, seed, storage] = &arguments[..] else {
        eprintln!("soak <seconds> <seed> directory|bucket");
        return ExitCode::from(2);
    };
    let (Ok(seconds), Ok(seed)) = (seconds.parse(), seed.parse()) else {
        eprintln!("seconds and seed are numbers");
        return ExitCode::from(2);
    };
    let storage = if storage == "bucket" { SoakStorage::Bucket } else { SoakStorage::Directory };
    let end = SoakEnd::Time(Duration::from_secs(seconds));
    let pauses = PAUSES.map(Duration::from_millis).to_vec();
    let Some(summary) = (Soak { seed, storage, end, pauses }).run().await else {
        eprintln!("there is no S3 server: cargo xtask tools");
        return ExitCode::FAILURE;
    };
    println!("{summary}");
    if summary.misses.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}
