//! The storage, the replicas on it, and everything that can happen to a process.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use std::time::Duration;

use bytes::Bytes;
use catalogue::{Catalogue, Clock, Freshness, Options, layout};
use futures_util::FutureExt;
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};
use storage::ObjectStore;
use storage::faulty::{Faulty, Plan, Rates};
use storage::memory::MemoryStore;
use tokio::task::JoinHandle;
use tokio::time::timeout;

use super::audit::Audited;
use super::checks::Canonical;
use super::corpus::{self, Coordinates};
use super::disks::Disks;
use super::history::{History, Shared};
use super::profile::Profile;
use super::pushers::Doors;
use super::wire::{Process, Wire};
use crate::time::{TestClock, identifiers, mix};

pub const REPLICAS: usize = 3;

/// A process that runs, or is paused.
pub struct Replica {
    pub catalogue: Catalogue,
    pub wire: Wire,
    /// Names the process among all that ever ran.
    pub life: u64,
    lost: Arc<AtomicBool>,
    /// What its clients do.
    pub tasks: Vec<JoinHandle<()>>,
}

pub struct World {
    pub seed: u64,
    pub rng: StdRng,
    pub profile: Profile,
    pub store: MemoryStore,
    pub history: Shared,
    /// The replicas' own clocks, which outlive their processes.
    pub clocks: Vec<TestClock>,
    pub replicas: Vec<Option<Replica>>,
    /// The versions that this history is about.
    pub coordinates: Vec<Coordinates>,
    pub variants: BTreeMap<Coordinates, usize>,
    /// For whatever must differ each time.
    pub count: u32,
    pub faults_on: Arc<AtomicBool>,
    /// The replicas that run, for clients that ask any of them.
    pub doors: Doors,
    /// What such clients do.
    pub clients: Vec<JoinHandle<()>>,
    /// They shall come to an end.
    pub hurry: Arc<AtomicBool>,
    /// Replicas keep their state on these, if there are any.
    pub disks: Option<Disks>,
    canonical: Canonical,
    lives: u64,
}

impl World {
    pub fn new(seed: u64) -> Self {
        let mut rng = StdRng::seed_from_u64(seed);
        let profile = Profile::choose(&mut rng);
        let time = TestClock::new();
        let clocks = (0..REPLICAS).map(|_| time.ahead_by(0)).collect();
        let store = MemoryStore::with_clock(Arc::new(move || time.now()));
        let storage = identifiers(seed)();
        let format = Bytes::from(format!(r#"{{"format":1,"id":"{storage}"}}"#));
        store.put(&layout::format(), format).now_or_never().expect("memory does not wait").unwrap();
        let history = Arc::new(Mutex::new(History::new(store.clone(), storage, &profile)));
        let all = corpus::all();
        let some = rng.random_range(2..=6);
        Self {
            coordinates: all.sample(&mut rng, some).cloned().collect(),
            replicas: (0..REPLICAS).map(|_| None).collect(),
            variants: BTreeMap::new(),
            count: 0,
            faults_on: Arc::new(AtomicBool::new(rng.random_bool(0.5))),
            doors: Arc::new(Mutex::new(vec![None; REPLICAS])),
            clients: Vec::new(),
            hurry: Arc::default(),
            disks: None,
            canonical: Canonical::default(),
            lives: 0,
            seed,
            rng,
            profile,
            store,
            history,
            clocks,
        }
    }

    pub fn history(&self) -> MutexGuard<'_, History> {
        self.history.lock().unwrap()
    }

    pub fn tell(&self, line: String) {
        self.history().tell(line);
    }

    /// Starts the replica's process, if the storage lets it.
    pub async fn open(&mut self, at: usize) {
        self.lives += 1;
        let life = self.lives;
        let lost = Arc::new(AtomicBool::new(false));
        let storage = Audited {
            store: self.store.clone(),
            history: self.history.clone(),
            pace: self.profile.pace,
            seed: mix(self.seed, life),
            calls: Arc::default(),
            faults: self.faults_on.clone(),
            lost: lost.clone(),
        };
        let wire = Wire::new(Faulty::new(storage, self.plan(life)));
        let disk = self.disks.as_mut().map(|disks| disks.next(at, &mut self.rng));
        if let Some((_, found)) = &disk {
            self.tell(format!("replica {at} finds its disk: {found}"));
        }
        let options = Options {
            database: disk.map(|(folder, _)| folder),
            freshness: Freshness::Strict,
            stale_while_down: Duration::ZERO,
            follow_interval: self.profile.follow_interval,
            reconcile_interval: self.profile.reconcile_interval,
            trash_window: self.profile.trash_window,
            clock: Arc::new(self.clocks[at].clone()),
            new_id: identifiers(mix(self.seed, 1000 + life)),
            ..Options::default()
        };
        let opened = timeout(self.patience(), Catalogue::open(Arc::new(wire.clone()), options)).await;
        self.tell(format!("replica {at} opens as {life}: {:?}", opened.as_ref().map(|opened| opened.as_ref().err())));
        match opened {
            Ok(Ok(catalogue)) => {
                self.doors.lock().unwrap()[at] = Some(catalogue.clone());
                self.replicas[at] = Some(Replica { catalogue, wire, life, lost, tasks: Vec::new() });
            }
            Ok(Err(_)) if self.has_faults() => {}
            Ok(Err(error)) => self.history().fault(format!("replica {at} cannot open: {error}")),
            Err(_) => self.history().fault(format!("replica {at} does not open")),
        }
    }

    /// Ends the replica's process: gently, or in the middle of everything.
    pub async fn stop(&mut self, at: usize, gently: bool) {
        let lose = self.rng.random_bool(0.5);
        let Some(mut replica) = self.replicas[at].take() else { return };
        self.doors.lock().unwrap()[at] = None;
        self.tell(format!("replica {at} ends, gently: {gently}, what it sent is lost: {lose}"));
        if gently && replica.wire.is(Process::Running) {
            let closed = timeout(self.patience(), replica.catalogue.close()).await;
            if closed.is_err() {
                self.history().fault(format!("replica {at} does not close"));
            }
        }
        replica.lost.store(lose, Ordering::Relaxed);
        replica.wire.set(Process::Dead);
        for task in replica.tasks.drain(..) {
            task.abort();
        }
        self.history().requests.hang_up(replica.life);
    }

    /// Turns the storage's faults on or off for every process.
    pub fn set_faults(&mut self, on: bool) {
        self.faults_on.store(on, Ordering::Relaxed);
        self.tell(format!("faults: {on}"));
        for replica in self.replicas.iter().flatten() {
            replica.wire.storage.set_plan(self.plan(mix(replica.life, u64::from(self.count))));
        }
    }

    /// Nothing gets through to the storage any more, or no answer comes back, until the faults are set anew.
    pub fn cut_off(&mut self, at: usize) {
        let lost = self.rng.random_bool(0.5);
        let Some(replica) = &self.replicas[at] else { return };
        self.tell(format!("replica {at} is cut off, only its answers are lost: {lost}"));
        let rates = Rates { fail_after: 1000, ..Rates::default() };
        replica.wire.storage.set_plan(if lost { Plan::seeded(self.seed, rates) } else { Plan::down() });
    }

    pub fn has_faults(&self) -> bool {
        self.faults_on.load(Ordering::Relaxed)
    }

    /// After which something hangs. A disk works outside of the runtime's time, which rushes on meanwhile.
    fn patience(&self) -> Duration {
        if self.disks.is_some() { Duration::MAX } else { Duration::from_secs(3600) }
    }

    fn plan(&self, salt: u64) -> Plan {
        if self.has_faults() { Plan::seeded(mix(self.seed, salt), self.profile.rates) } else { Plan::none() }
    }

    /// Lets a client, or the operator, of a running process do something.
    pub fn spawn<F>(&mut self, at: usize, work: impl FnOnce(Catalogue, Shared) -> F) -> bool
    where
        F: Future<Output = ()> + Send + 'static,
    {
        let history = self.history.clone();
        let Some(replica) = &mut self.replicas[at] else { return false };
        replica.tasks.retain(|task| !task.is_finished());
        replica.tasks.push(tokio::spawn(work(replica.catalogue.clone(), history)));
        true
    }

    /// Waits until nothing is under way any more.
    pub async fn quiet(&mut self) {
        for _ in 0..1200 {
            let busy = |replica: &Replica| replica.tasks.iter().any(|task| !task.is_finished());
            self.clients.retain(|client| !client.is_finished());
            if self.clients.is_empty() && !self.replicas.iter().flatten().any(busy) {
                return;
            }
            tokio::time::sleep(Duration::from_secs(1)).await;
        }
        let waiting = self.history().requests.waiting();
        self.history().fault(format!("something does not come to an end; {waiting} requests wait"));
    }

    /// Looks at everything from outside.
    pub fn check(&mut self) {
        let mut history = self.history.lock().unwrap();
        history.check();
        for (at, replica) in self.replicas.iter().enumerate() {
            if let Some(replica) = replica {
                history.check_replica(&replica.catalogue, &format!("replica {at}"), &mut self.canonical);
            }
        }
    }

    /// Another replica's state, for instance one just opened, against the journal.
    pub fn check_other(&mut self, replica: &Catalogue, name: &str) {
        let mut history = self.history.lock().unwrap();
        history.check_replica(replica, name, &mut self.canonical);
    }

    /// One of the versions that the history is about.
    pub fn some_version(&mut self) -> Coordinates {
        self.coordinates.choose(&mut self.rng).expect("there are some").clone()
    }

    /// Bytes of the version that nobody had before, as long as there are any.
    pub fn new_bytes(&mut self, at: &Coordinates) -> &'static chart::Package {
        let next = self.variants.entry(at.clone()).or_default();
        *next += 1;
        corpus::variant(at, *next - 1)
    }

    /// Bytes of the version that were used already, if any were.
    pub fn old_bytes(&mut self, at: &Coordinates) -> &'static chart::Package {
        let used = self.variants.get(at).copied().unwrap_or(0).max(1);
        corpus::variant(at, self.rng.random_range(0..used))
    }
}
