//! A storage in a bucket of a real S3 server on this machine: commits, a large repository, and the start of a replica that
//! has nothing yet. The store's own time is measured beside, since it is another one in every house.

use std::fmt::{self, Display};
use std::fs;
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use anyhow::{Result, bail};

use super::calls::Calls;
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
/// Entries of the journal that a replica has to catch up with.
const TAIL: usize = 5_000;
/// The largest corpus of a quick run, in versions: its tail is a tenth.
const QUICK: usize = 10_000;
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
            .arg("--enable-metrics")
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
    commits(bench, &store, report, "near", store.port)?;
    commits(bench, &store, report, "20 ms away", distance::before(store.port)?)?;
    large(bench, &store, report)
}

/// What one uploader alone waits for, in milliseconds.
struct Alone {
    median: f64,
    mean: f64,
    /// Of the mean, without what the storage took.
    own: f64,
    /// Calls of the storage per upload, one after the other.
    calls: f64,
}

impl Alone {
    fn measure(port: u16, packages: Vec<Vec<u8>>) -> Result<Self> {
        let count = packages.len() as f64;
        let before = Calls::of(port)?;
        let (durations, total) = load::upload(port, packages, 1)?;
        let calls = Calls::of(port)?.since(before);
        let median = durations[durations.len() / 2].as_secs_f64() * 1e3;
        let mean = total.as_secs_f64() * 1e3 / count;
        Ok(Self { median, mean, own: mean - calls.seconds * 1e3 / count, calls: calls.count / count })
    }
}

impl Display for Alone {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { median, mean, own, calls } = self;
        write!(f, "{median:.2} (mean {mean:.2}, of it {own:.2} outside of {calls:.1} calls of the storage)")
    }
}

/// How many versions are committed in a second, by one uploader and by several who share entries of the journal.
fn commits(bench: &Bench, store: &Store, report: &mut Report, place: &str, port: u16) -> Result<()> {
    let server = store.serve(bench, &format!("commits-{port}"), port)?;
    let mut alone = None;
    for uploaders in [1, 4, 16] {
        let package = |number: usize| corpus::package("commits", &format!("{uploaders}.0.{number}"), 0);
        let packages = (0..UPLOADS * uploaders).map(package).collect::<Result<Vec<_>>>()?;
        let count = packages.len() as f64;
        let (durations, total) = load::upload(server.port, packages, uploaders)?;
        let per_second = count / total.as_secs_f64();
        let median = durations[durations.len() / 2].as_secs_f64() * 1e3;
        report.note(
            format!("uploads per second in a bucket {place}, uploaders: {uploaders}"),
            format!("{per_second:.0} (p50 {median:.2} ms)"),
        );
        let first = *alone.get_or_insert(per_second);
        // near, it is the processors that are shared, and not the journal
        if uploaders == 16 && port != store.port {
            let gain = per_second / first;
            let what = format!("uploads per second in a bucket {place}, 16 uploaders against one");
            report.add(what, format!("{gain:.1}"), gain, Budget::AtLeast(4.0));
        }
    }
    server.process.stop()
}

/// A large repository: the first adoption, uploads, and replicas that begin. A small one in the same run is beside it.
fn large(bench: &Bench, store: &Store, report: &mut Report) -> Result<()> {
    let mut smallest: Option<Alone> = None;
    for versions in [1_000, bench.largest] {
        let prefix = format!("of-{versions}");
        store.fill(&corpus::folder(&bench.folder, versions)?, &prefix)?;
        let in_bucket = |what: &str| format!("{what} with {versions} versions in a bucket");
        let server = store.serve(bench, &prefix, store.port)?;
        report.note(in_bucket("start, first adoption, in seconds,"), format!("{:.2}", server.start.as_secs_f64()));
        servers::settle();
        let package = |number: usize| corpus::package("newest", &format!("9.0.{number}"), 0);
        let packages = (0..UPLOADS).map(package).collect::<Result<Vec<_>>>()?;
        let alone = Alone::measure(server.port, packages)?;
        report.note(in_bucket("upload: p50 alone, in ms,"), alone.to_string());
        if let Some(smallest) = &smallest {
            let ratio = alone.median / smallest.median;
            report.note(in_bucket("upload: p50 against 1 000,"), format!("{ratio:.2}"));
            let ratio = alone.own / smallest.own;
            report.add(
                in_bucket("upload: time without the storage's against 1 000,"),
                format!("{ratio:.2} ({:.2} ms against {:.2} ms)", alone.own, smallest.own),
                ratio,
                Budget::AtMost(1.2),
            );
        }
        smallest = smallest.or(Some(alone));
        if versions < bench.largest {
            server.process.stop()?;
            continue;
        }
        let packages = (UPLOADS..17 * UPLOADS).map(package).collect::<Result<Vec<_>>>()?;
        let count = packages.len() as f64;
        let (_, total) = load::upload(server.port, packages, 16)?;
        report.note(in_bucket("uploads per second, 16 uploaders,"), format!("{:.0}", count / total.as_secs_f64()));
        server.process.stop()?;
        starts(bench, store, report, &prefix, &in_bucket)?;
    }
    Ok(())
}

/// Replicas that begin: with their own catalogue, with one that is far behind, with none.
fn starts(
    bench: &Bench,
    store: &Store,
    report: &mut Report,
    prefix: &str,
    in_bucket: &dyn Fn(&str) -> String,
) -> Result<()> {
    let (catalogue, copy) = (store.catalogue(prefix), store.catalogue(&format!("{prefix}-earlier")));
    let mut start = |case: &str, budget: f64| -> Result<Server> {
        let server = store.serve(bench, prefix, store.port)?;
        let seconds = server.start.as_secs_f64();
        let Calls { count, .. } = Calls::of(server.port)?;
        let text = format!("{seconds:.2} ({count:.0} calls of the storage)");
        report.add(in_bucket(&format!("start, {case}, in seconds,")), text, seconds, Budget::AtMost(budget));
        Ok(server)
    };
    start("catalogue present", 1.0)?.process.stop()?;
    copy_folder(&catalogue, &copy)?;
    let server = store.serve(bench, prefix, store.port)?;
    let tail = if bench.largest > QUICK { TAIL } else { TAIL / 10 };
    let package = |number: usize| corpus::package("tail", &format!("1.0.{number}"), 0);
    // each waits for its own entry
    load::upload(server.port, (0..tail).map(package).collect::<Result<Vec<_>>>()?, 1)?;
    server.process.stop()?;
    fs::remove_dir_all(&catalogue)?;
    fs::rename(&copy, &catalogue)?;
    start(&format!("catalogue {tail} entries behind"), 10.0)?.process.stop()?;
    fs::remove_dir_all(&catalogue)?;
    let server = start("cold, from a snapshot", 10.0)?;
    load::body(server.port, "/index.yaml")?;
    let resident = server.process.resident_mebibytes()?;
    report.add(in_bucket("memory at rest, in MiB,"), format!("{resident:.0}"), resident, Budget::AtMost(400.0));
    server.process.stop()
}

fn copy_folder(from: &Path, to: &Path) -> Result<()> {
    fs::remove_dir_all(to).ok();
    fs::create_dir_all(to)?;
    for entry in fs::read_dir(from)? {
        let entry = entry?;
        let target = to.join(entry.file_name());
        if entry.file_type()?.is_dir() {
            copy_folder(&entry.path(), &target)?;
        } else {
            fs::copy(entry.path(), target)?;
        }
    }
    Ok(())
}
