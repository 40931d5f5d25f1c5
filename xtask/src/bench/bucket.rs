//! A storage in a bucket of a real S3 server on this machine: commits, a large repository, and the start of a replica that
//! has nothing yet. The store's own time is measured beside, since it is another one in every house.

use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::process::Process;
use super::report::{Budget, Report};
use super::servers::{self, Server};
use super::{Bench, corpus, distance, load};

/// The bucket's name.
const BUCKET: &str = "charts";
/// Who may use the store.
const CREDENTIALS: [(&str, &str); 2] = [("AWS_ACCESS_KEY_ID", "bench"), ("AWS_SECRET_ACCESS_KEY", "bench-secret")];
/// Uploads of one uploader.
const UPLOADS: usize = 100;
/// Nobody waits longer for the store.
const PATIENCE: Duration = Duration::from_secs(30);

/// A running store, and the folder of its bucket.
struct Store {
    _process: Process,
    port: u16,
    bucket: PathBuf,
}

impl Store {
    fn start(bench: &Bench) -> Result<Self> {
        if !bench.gateway.is_file() {
            bail!("{} is missing: `cargo xtask tools` installs it", bench.gateway.display());
        }
        let buckets = bench.folder.join("buckets");
        fs::remove_dir_all(&buckets).ok();
        let bucket = buckets.join(BUCKET);
        fs::create_dir_all(&bucket)?;
        let port = servers::free_port()?;
        let [(_, access), (_, secret)] = CREDENTIALS;
        let mut command = Command::new(&bench.gateway);
        command
            .args(["--quiet", "--keep-alive", "--access", access, "--secret", secret])
            .args(["--port", &format!("127.0.0.1:{port}"), "posix"])
            .arg(&buckets)
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let process = Process::start(&mut command)?;
        let began = Instant::now();
        while TcpStream::connect(("127.0.0.1", port)).is_err() {
            if began.elapsed() > PATIENCE {
                bail!("the store does not start");
            }
            std::thread::sleep(Duration::from_millis(10));
        }
        Ok(Self { _process: process, port, bucket })
    }

    /// Starts a server on a part of the bucket.
    fn serve(&self, bench: &Bench, prefix: &str, port: u16) -> Result<Server> {
        let mut command = Command::new(&bench.binary);
        command
            .args(["--storage=amazon", &format!("--storage-amazon-bucket={BUCKET}")])
            .arg(format!("--storage-amazon-prefix={prefix}"))
            .arg(format!("--storage-amazon-endpoint=http://127.0.0.1:{port}"))
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(CREDENTIALS);
        servers::start(bench, command, &self.catalogue(prefix))
    }

    fn catalogue(&self, prefix: &str) -> PathBuf {
        self.bucket.with_file_name(format!("{prefix}.catalogue"))
    }

    /// Files of a corpus become objects, by hand as people do it.
    fn fill(&self, corpus: &Path, prefix: &str) -> Result<()> {
        let folder = self.bucket.join(prefix);
        fs::create_dir_all(&folder)?;
        for file in fs::read_dir(corpus)? {
            let file = file?;
            if file.path().extension().is_some_and(|extension| extension == "tgz") {
                fs::hard_link(file.path(), folder.join(file.file_name()))?;
            }
        }
        Ok(())
    }
}

pub fn run(bench: &Bench, report: &mut Report) -> Result<()> {
    let store = Store::start(bench)?;
    let small = commits(bench, &store, report, "near", store.port)?;
    commits(bench, &store, report, "20 ms away", distance::before(store.port)?)?;
    large(bench, &store, small, report)
}

fn median(durations: &[Duration]) -> f64 {
    durations[durations.len() / 2].as_secs_f64() * 1e3
}

/// How many versions are committed in a second, by one uploader and by several who share entries of the journal. Returns
/// how long an upload takes alone, in milliseconds.
fn commits(bench: &Bench, store: &Store, report: &mut Report, place: &str, port: u16) -> Result<f64> {
    let server = store.serve(bench, &format!("commits-{port}"), port)?;
    let mut alone = None;
    for uploaders in [1, 4, 16] {
        let package = |number: usize| corpus::package("commits", &format!("{uploaders}.0.{number}"), 0);
        let packages = (0..UPLOADS * uploaders).map(package).collect::<Result<Vec<_>>>()?;
        let count = packages.len() as f64;
        let (durations, total) = load::upload(server.port, packages, uploaders)?;
        let (milliseconds, per_second) = (median(&durations), count / total.as_secs_f64());
        let what = format!("uploads per second in a bucket {place}, uploaders: {uploaders}");
        let text = format!("{per_second:.0} (p50 {milliseconds:.2} ms)");
        let Some((_, first)) = alone else {
            alone = Some((milliseconds, per_second));
            report.note(what, text);
            continue;
        };
        report.note(what, text);
        // near, it is the processors that are shared, and not the journal
        if uploaders == 16 && port != store.port {
            let gain = per_second / first;
            let what = format!("uploads per second in a bucket {place}, 16 uploaders against one");
            report.add(what, format!("{gain:.1}"), gain, Budget::AtLeast(4.0));
        }
    }
    server.process.stop()?;
    let Some((milliseconds, _)) = alone else { bail!("nothing was uploaded") };
    Ok(milliseconds)
}

/// A large repository: the first adoption, uploads, and replicas that begin.
fn large(bench: &Bench, store: &Store, small: f64, report: &mut Report) -> Result<()> {
    let versions = bench.largest;
    store.fill(&corpus::folder(&bench.folder, versions)?, "large")?;
    let in_bucket = |what: &str| format!("{what} with {versions} versions in a bucket");
    let server = store.serve(bench, "large", store.port)?;
    report.note(in_bucket("start, first adoption, in seconds,"), format!("{:.2}", server.start.as_secs_f64()));

    let package = |number: usize| corpus::package("newest", &format!("9.0.{number}"), 0);
    let packages = (0..UPLOADS).map(package).collect::<Result<Vec<_>>>()?;
    let (durations, _) = load::upload(server.port, packages, 1)?;
    let ratio = median(&durations) / small;
    let text = format!("{ratio:.2} ({:.2} ms against {small:.2} ms)", median(&durations));
    report.add(in_bucket("upload: p50 against an empty one,"), text, ratio, Budget::AtMost(1.2));
    let packages = (UPLOADS..17 * UPLOADS).map(package).collect::<Result<Vec<_>>>()?;
    let count = packages.len() as f64;
    let (_, total) = load::upload(server.port, packages, 16)?;
    report.note(in_bucket("uploads per second, 16 uploaders,"), format!("{:.0}", count / total.as_secs_f64()));
    load::body(server.port, "/index.yaml")?;
    report.note(in_bucket("memory, in MiB,"), format!("{:.0}", server.process.resident_mebibytes()?));
    server.process.stop()?;

    for (case, is_cold, budget) in [("catalogue present", false, 1.0), ("cold, from a snapshot", true, 10.0)] {
        if is_cold {
            fs::remove_dir_all(store.catalogue("large")).ok();
        }
        let server = store.serve(bench, "large", store.port)?;
        let seconds = server.start.as_secs_f64();
        report.add(
            in_bucket(&format!("start, {case}, in seconds,")),
            format!("{seconds:.2}"),
            seconds,
            Budget::AtMost(budget),
        );
        server.process.stop()?;
    }
    Ok(())
}
