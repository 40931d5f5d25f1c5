//! Many clients on several replicas, of which one after another is killed or paused: what was answered is true everywhere.

mod ask;
mod blobs;
mod chaos;
mod counts;
mod ending;
mod model;
mod puller;
mod pusher;
mod reader;
mod rotation;
mod uploader;

use std::cell::RefCell;
use std::fmt::{self, Display, Formatter};
use std::time::{Duration, Instant};

use futures_util::future::{join_all, join4};
use rand::SeedableRng;
use rand::rngs::StdRng;
use tokio::sync::Mutex;

use crate::{Launch, Server, gateway};
use counts::Counts;
use model::Model;
use rotation::Rotation;

const REPLICAS: usize = 3;
const UPLOADERS: u64 = 16;
const READERS: u64 = 8;
/// They push to the registry what is no chart.
const PUSHERS: u64 = 4;

/// More misses than these say nothing new.
const TOLD_MISSES: usize = 20;

/// Where the replicas meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SoakStorage {
    /// One folder.
    Directory,
    /// One bucket of the tests' S3 server.
    Bucket,
}

/// When a soak ends.
#[derive(Debug, Clone, Copy)]
pub enum SoakEnd {
    /// When so much has happened, however long that takes.
    Counts {
        /// Requests of clients that were answered as they should be.
        operations: u64,
        /// Replicas that were killed and started again.
        kills: u64,
        /// Replicas that were paused.
        pauses: u64,
    },
    /// After this time.
    Time(Duration),
}

/// What is done to replicas.
#[derive(Debug, Clone)]
pub struct Soak {
    /// Of all random choices. What happens at the same time is left to the machine.
    pub seed: u64,
    /// Where the replicas meet.
    pub storage: SoakStorage,
    /// When it ends.
    pub end: SoakEnd,
    /// How long replicas are paused; one of these at random.
    pub pauses: Vec<Duration>,
}

/// What happened.
#[derive(Debug)]
pub struct SoakSummary {
    soak: Soak,
    took: Duration,
    counts: Counts,
    versions: usize,
    artifacts: usize,
    /// What should not have been seen; of many only the first.
    pub misses: Vec<String>,
}

/// What all who take part share. They run in one task.
struct Site {
    soak: Soak,
    began: Instant,
    servers: Vec<Mutex<Server>>,
    rotation: Rotation,
    /// Versions of charts.
    model: RefCell<Model>,
    /// Tags and manifests of what is no chart.
    artifacts: RefCell<Model>,
    counts: Counts,
    misses: RefCell<Vec<String>>,
}

impl Soak {
    /// Runs it. None if there is no S3 server and one is needed.
    pub async fn run(self) -> Option<SoakSummary> {
        let first = match self.storage {
            SoakStorage::Directory => Launch::in_folder(),
            SoakStorage::Bucket => Launch::in_folder().in_bucket(gateway()?),
        };
        let first = settings(first).start().await;
        let mut servers = vec![first];
        while servers.len() < REPLICAS {
            servers.push(settings(Launch::in_folder()).on_storage_of(&servers[0]).start().await);
        }
        let rotation = Rotation::of(&servers);
        let site = Site {
            soak: self,
            began: Instant::now(),
            servers: servers.into_iter().map(Mutex::new).collect(),
            rotation,
            model: RefCell::default(),
            artifacts: RefCell::default(),
            counts: Counts::default(),
            misses: RefCell::default(),
        };
        let uploaders = join_all((0..UPLOADERS).map(|n| site.upload(n)));
        let pushers = join_all((0..PUSHERS).map(|n| site.push(n)));
        let readers = join_all((0..READERS).map(|n| site.read(n)));
        tokio::select! {
            _ = join4(uploaders, pushers, readers, site.disturb()) => {}
            () = site.probe() => {}
        }
        site.end().await;
        let Site { soak, began, model, artifacts, counts, misses, .. } = site;
        let [versions, artifacts] = [model, artifacts].map(|model| model.into_inner().len());
        Some(SoakSummary { soak, took: began.elapsed(), counts, versions, artifacts, misses: misses.into_inner() })
    }
}

/// A catalogue that is compared with the storage all the time, too.
fn settings(launch: Launch) -> Launch {
    launch.with("--read-freshness=strict").with("--cache-interval=3s")
}

impl Site {
    fn random(&self, actor: u64) -> StdRng {
        StdRng::seed_from_u64(self.soak.seed.wrapping_mul(1000).wrapping_add(actor))
    }

    fn is_over(&self) -> bool {
        match self.soak.end {
            SoakEnd::Time(limit) => self.began.elapsed() >= limit,
            SoakEnd::Counts { operations, kills, pauses } => {
                let done = &self.counts;
                done.operations() >= operations && done.kills.get() >= kills && done.pauses.get() >= pauses
            }
        }
    }

    fn miss(&self, what: String) {
        let mut misses = self.misses.borrow_mut();
        if misses.len() < TOLD_MISSES {
            misses.push(format!("after {:.1} s: {what}", self.began.elapsed().as_secs_f32()));
        }
    }
}

impl Display for SoakSummary {
    fn fmt(&self, f: &mut Formatter<'_>) -> fmt::Result {
        let storage = match self.soak.storage {
            SoakStorage::Directory => "one directory",
            SoakStorage::Bucket => "one bucket",
        };
        writeln!(
            f,
            "seed {}: {REPLICAS} replicas on {storage}, {UPLOADERS} uploaders, {PUSHERS} pushers of \
             artifacts, {READERS} readers, {} s",
            self.soak.seed,
            self.took.as_secs()
        )?;
        writeln!(f, "{}", self.counts)?;
        writeln!(f, "versions: {}; tags and manifests of artifacts: {}", self.versions, self.artifacts)?;
        writeln!(
            f,
            "at the end: the same index on all replicas, {} versions downloaded by both doors with the index's digest, \
             the storage read again",
            self.counts.compared.get()
        )?;
        write!(f, "misses: {}", self.misses.len())?;
        self.misses.iter().try_for_each(|miss| write!(f, "\n  {miss}"))
    }
}
