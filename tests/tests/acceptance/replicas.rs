//! Three replicas on one storage: any of them takes any request, whatever becomes of the others.

use std::cell::{Cell, RefCell};
use std::time::Duration;

use acceptance::{Chart, ChartBuilder, Launch, Server, Soak, SoakEnd, SoakStorage, gateway};
use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::RwLock;

/// A short form of `cargo xtask soak`, measured in what happens and not in time.
async fn soak(storage: SoakStorage, seed: u64) {
    let end = SoakEnd::Counts { operations: 500, kills: 3, pauses: 3 };
    let pauses = [500, 1000, 2000].map(Duration::from_millis).to_vec();
    let Some(summary) = (Soak { seed, storage, end, pauses }).run().await else { return };
    println!("{summary}");
    assert!(summary.misses.is_empty(), "{summary}");
}

#[tokio::test]
async fn what_was_answered_is_true_on_every_replica_of_a_directory_though_they_are_killed_and_paused() {
    soak(SoakStorage::Directory, 20).await;
}

#[tokio::test]
async fn what_was_answered_is_true_on_every_replica_of_a_bucket_though_they_are_killed_and_paused() {
    soak(SoakStorage::Bucket, 21).await;
}

/// Three replicas on each kind of storage that there is here.
async fn sets() -> Vec<Vec<Server>> {
    let firsts = [Some(Launch::in_folder()), gateway().map(|gateway| Launch::in_folder().in_bucket(gateway))];
    let mut sets = Vec::new();
    for first in firsts.into_iter().flatten() {
        let mut set = vec![first.with("--read-freshness=strict").start().await];
        while set.len() < 3 {
            let next = Launch::in_folder().on_storage_of(&set[0]).with("--read-freshness=strict");
            set.push(next.start().await);
        }
        sets.push(set);
    }
    sets
}

#[tokio::test]
async fn of_twenty_uploads_of_one_version_to_different_replicas_one_wins() {
    for replicas in sets().await {
        for round in 0..3 {
            let charts: Vec<Chart> = (0..20)
                .map(|n| ChartBuilder::new("one", &format!("1.{round}.0")).file("files/writer", format!("{n}")).build())
                .collect();
            let uploads = charts.iter().enumerate().map(|(n, chart)| replicas[n % 3].upload(chart));
            let statuses: Vec<u16> = join_all(uploads).await.iter().map(|answer| answer.status).collect();
            let winners: Vec<_> = (0..20).filter(|n| statuses[*n] == 201).collect();
            assert_eq!(winners.len(), 1, "{statuses:?}");
            assert!(statuses.iter().all(|status| [201, 409].contains(status)), "{statuses:?}");
            for replica in &replicas {
                assert_eq!(replica.pull("", "one", &format!("1.{round}.0")).await, charts[winners[0]].bytes);
            }
        }
    }
}

#[tokio::test]
async fn removal_and_publication_anew_are_seen_by_all() {
    for replicas in sets().await {
        for round in 0..4 {
            let chart = ChartBuilder::new("one", "1.0.0").file("files/round", format!("{round}")).build();
            replicas[round % 3].publish("", &chart).await;
            for replica in &replicas {
                assert_eq!(replica.pull("", "one", "1.0.0").await, chart.bytes);
            }
            replicas[(round + 1) % 3].delete("/api/charts/one/1.0.0").await.expect(200);
            for replica in &replicas {
                replica.get("/charts/one-1.0.0.tgz").await.expect(404);
                assert_eq!(replica.index("").await.versions("one"), [""; 0]);
            }
        }
    }
}

/// A set of replicas as a load balancer has it that is told what will be stopped before it is.
struct Balanced {
    replicas: Vec<RwLock<Server>>,
    /// Whether new requests are sent there.
    in_rotation: Vec<Cell<bool>>,
    published: RefCell<Vec<Chart>>,
    restarted: Cell<usize>,
}

impl Balanced {
    fn pick(&self, random: &mut StdRng) -> &RwLock<Server> {
        let ready: Vec<usize> = (0..3).filter(|replica| self.in_rotation[*replica].get()).collect();
        &self.replicas[ready[random.random_range(0..ready.len())]]
    }

    fn is_done(&self) -> bool {
        self.restarted.get() == self.replicas.len()
    }

    /// Uploads until all were restarted. None is refused, cut or put off.
    async fn upload(&self, number: u64) {
        let mut random = StdRng::seed_from_u64(number);
        for n in 0.. {
            let chart = ChartBuilder::new(&format!("chart{number}"), &format!("1.{n}.0")).ballast(2_000).build();
            self.pick(&mut random).read().await.publish("", &chart).await;
            self.published.borrow_mut().push(chart);
            if self.is_done() {
                return;
            }
        }
    }

    /// Reads until all were restarted. Nothing is missing at any time.
    async fn read(&self, number: u64) {
        let mut random = StdRng::seed_from_u64(100 + number);
        while !self.is_done() {
            let before = self.published.borrow().clone();
            let index = self.pick(&mut random).read().await.index("").await;
            for chart in &before {
                assert_eq!(index.entry(&chart.name, &chart.version)["digest"], chart.digest, "{}", chart.file_name());
            }
            if let Some(chart) = before.get(random.random_range(0..before.len().max(1))) {
                let path = format!("/charts/{}", chart.file_name());
                let answer = self.pick(&mut random).read().await.get(&path).await.expect(200);
                assert_eq!(answer.body, chart.bytes);
            }
        }
    }

    /// One after the other: no new requests, those that are under way end, stop, start, ready, requests again.
    async fn restart_all(&self) {
        for (replica, in_rotation) in self.replicas.iter().zip(&self.in_rotation) {
            in_rotation.set(false);
            let mut server = replica.write().await;
            server.terminate();
            assert!(server.exit().await.success());
            server.run().await;
            drop(server);
            in_rotation.set(true);
            self.restarted.set(self.restarted.get() + 1);
        }
    }
}

#[tokio::test]
async fn a_rolling_restart_is_not_noticed_by_any_client() {
    for replicas in sets().await {
        let balanced = Balanced {
            in_rotation: replicas.iter().map(|_| Cell::new(true)).collect(),
            replicas: replicas.into_iter().map(RwLock::new).collect(),
            published: RefCell::default(),
            restarted: Cell::default(),
        };
        let clients = join(join_all((0..4).map(|n| balanced.upload(n))), join_all((0..2).map(|n| balanced.read(n))));
        join(clients, balanced.restart_all()).await;
        assert!(balanced.published.borrow().len() >= 4);
        let mut answers = Vec::new();
        for replica in &balanced.replicas {
            answers.push(replica.read().await.get("/index.yaml").await.expect(200));
        }
        for answer in &answers {
            assert_eq!((&answer.body, answer.header("etag")), (&answers[0].body, answers[0].header("etag")));
        }
    }
}
