//! How much group commit gains: uploads per second of one uploader and of sixteen, on a folder whose writes take 2 ms
//! longer than the disk needs. `cargo xtask bench` runs this; it prints the two figures.

use std::sync::Arc;
use std::time::{Duration, Instant};

use bytes::Bytes;
use catalogue::{Catalogue, Options, RepositoryPath};
use chart::{Limits, Package};
use flate2::Compression;
use flate2::write::GzEncoder;
use storage::faulty::{Faulty, Plan};
use storage::filesystem::FileStore;

/// What a write takes at least: a usual fsync of a disk in a data centre.
const WRITE_DELAY: Duration = Duration::from_millis(2);
const UPLOADS: usize = 400;

#[tokio::main]
async fn main() -> Result<(), Box<dyn std::error::Error>> {
    let alone = per_second(1).await?;
    let together = per_second(16).await?;
    println!("{alone:.1} {together:.1}");
    Ok(())
}

async fn per_second(uploaders: usize) -> Result<f64, Box<dyn std::error::Error>> {
    let folder = tempfile::tempdir()?;
    let store = FileStore::open(folder.path().to_owned())?;
    let store = Faulty::new(store, Plan::delay_writes(WRITE_DELAY));
    let options = Options { reconcile_interval: Duration::ZERO, ..Options::default() };
    let catalogue = Catalogue::open(Arc::new(store), options).await?;
    let began = Instant::now();
    let tasks: Vec<_> = (0..uploaders)
        .map(|uploader| {
            let catalogue = catalogue.clone();
            tokio::spawn(async move {
                for number in (uploader..UPLOADS).step_by(uploaders) {
                    let package = package(number).map_err(|error| error.to_string())?;
                    let published = catalogue.publish(&RepositoryPath::root(), &package, None, false).await;
                    published.map_err(|error| error.to_string())?;
                }
                Ok::<_, String>(())
            })
        })
        .collect();
    for task in tasks {
        task.await??;
    }
    Ok(UPLOADS as f64 / began.elapsed().as_secs_f64())
}

fn package(number: usize) -> Result<Package, Box<dyn std::error::Error>> {
    let mut tar = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    let chart = format!("apiVersion: v2\nname: chart-{}\nversion: 1.0.{number}\n", number % 20);
    let mut header = tar::Header::new_gnu();
    header.set_size(chart.len() as u64);
    header.set_mode(0o644);
    tar.append_data(&mut header, "chart/Chart.yaml", chart.as_bytes())?;
    let bytes = Bytes::from(tar.into_inner()?.finish()?);
    Ok(Package::parse(bytes, &Limits::default())?)
}
