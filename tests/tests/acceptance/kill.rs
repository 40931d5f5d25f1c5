//! Power cuts under load: what was answered is kept, what was not is whole or absent.

use std::cell::RefCell;
use std::collections::BTreeMap;
use std::fs;

use acceptance::{Chart, ChartBuilder, Index, Launch, Server};
use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use tokio::sync::watch;

const UPLOADERS: usize = 16;
const LIVES: usize = 20;

/// Other random choices: `CHANDLERY_SEED=… cargo test …`.
fn seed() -> u64 {
    let seed = match std::env::var("CHANDLERY_SEED") {
        Ok(text) => text.parse().expect("CHANDLERY_SEED is a number"),
        Err(_) => 20,
    };
    println!("CHANDLERY_SEED={seed}");
    seed
}

/// What the uploaders know for sure.
#[derive(Default)]
struct Known {
    /// Every package that was ever sent, by file name.
    sent: BTreeMap<String, Chart>,
    /// Answered with 201 and not asked to go since.
    published: BTreeMap<String, Chart>,
    /// Removals answered with 200.
    removed: BTreeMap<String, Chart>,
}

/// One uploader: publishes its next versions, now and then removes one, until the server is gone.
async fn upload(
    server: &Server,
    number: usize,
    next: &mut u32,
    random: &mut StdRng,
    known: &RefCell<Known>,
    answered: &watch::Sender<usize>,
) {
    loop {
        let version = format!("{}.{next}.0", random.random_range(1..4));
        let chart = ChartBuilder::new(&format!("chart{}", number % 5), &format!("{version}-u{number}"))
            .ballast(random.random_range(0..150_000))
            .build();
        *next += 1;
        known.borrow_mut().sent.insert(chart.file_name(), chart.clone());
        let request = server.request(reqwest::Method::POST, "/api/charts").body(chart.bytes.clone());
        let Ok(answer) = server.try_send(request).await else { return };
        answer.expect(201);
        known.borrow_mut().published.insert(chart.file_name(), chart.clone());
        answered.send_modify(|count| *count += 1);
        if random.random_ratio(1, 6) {
            known.borrow_mut().published.remove(&chart.file_name());
            let path = format!("/api/charts/{}/{}", chart.name, chart.version);
            let Ok(answer) = server.try_send(server.request(reqwest::Method::DELETE, &path)).await else { return };
            answer.expect(200);
            known.borrow_mut().removed.insert(chart.file_name(), chart);
        }
    }
}

fn check_index(index: &Index, known: &Known) {
    for chart in known.published.values() {
        assert_eq!(index.entry(&chart.name, &chart.version)["digest"], chart.digest, "{}", chart.file_name());
    }
    for chart in known.removed.values() {
        assert!(!index.versions(&chart.name).contains(&&*chart.version), "{} is back", chart.file_name());
    }
    for entry in index.entries() {
        let file = format!("{}-{}.tgz", entry["name"].as_str().unwrap(), entry["version"].as_str().unwrap());
        assert_eq!(entry["digest"], known.sent[&file].digest, "{file}");
        index.entry(entry["name"].as_str().unwrap(), entry["version"].as_str().unwrap());
    }
}

#[tokio::test]
async fn every_acknowledged_version_outlives_twenty_kills_under_sixteen_uploaders() {
    let seed = seed();
    let mut server = Server::start().await;
    let known = RefCell::new(Known::default());
    let mut uploaders: Vec<(u32, StdRng)> =
        (0..UPLOADERS).map(|n| (0, StdRng::seed_from_u64(seed ^ (n as u64 + 1)))).collect();
    let mut random = StdRng::seed_from_u64(seed);
    for life in 0..LIVES {
        let lifetime = random.random_range(1..40);
        let answered = watch::Sender::new(0_usize);
        let load = join_all(
            uploaders
                .iter_mut()
                .enumerate()
                .map(|(n, (next, random))| upload(&server, n, next, random, &known, &answered)),
        );
        let mut count = answered.subscribe();
        let cut = async {
            count.wait_for(|count| *count >= lifetime).await.expect("the uploaders hold the sender");
            server.kill_while_used();
        };
        join(load, cut).await;
        server.restart().await;
        println!("life {life}: killed after {lifetime} answers, {} published", known.borrow().published.len());
        let index = server.index("").await;
        check_index(&index, &known.borrow());
    }
    let known = known.into_inner();
    assert!(known.published.len() >= LIVES, "hardly anything was published");
    for (file, chart) in &known.published {
        assert_eq!(server.get(&format!("/charts/{file}")).await.expect(200).body, chart.bytes, "{file}");
    }
    // Nobody knows what became of the others, but whatever is served is whole.
    for (file, chart) in &known.sent {
        let answer = server.get(&format!("/charts/{file}")).await;
        match answer.status {
            200 => assert_eq!(answer.body, chart.bytes, "{file}"),
            status => assert_eq!(status, 404, "{file}"),
        }
    }
}

#[tokio::test]
async fn a_first_adoption_that_is_killed_goes_on_and_is_not_ready_before_its_end() {
    const PACKAGES: usize = 400;
    let launch = Launch::default();
    for n in 0..PACKAGES {
        let chart = Chart::new(&format!("chart{}", n % 9), &format!("1.{n}.0"));
        launch.place(&chart.file_name(), &chart.bytes);
    }
    let mut server = launch.start_without_waiting().await;
    let mut random = StdRng::seed_from_u64(seed());
    for _ in 0..8 {
        // A start writes more and more into its storage; the cut comes after some of it.
        let enough = random.random_range(0..6);
        server
            .until("the storage is written", async |server| {
                let ready = server.get("/-/ready").await.status == 200;
                (ready || written(server) >= enough).then_some(())
            })
            .await;
        server.kill();
        server.run_until_listening().await;
        let answer = server.get("/-/ready").await;
        if answer.status == 200 {
            assert_eq!(server.index("").await.entries().count(), PACKAGES);
        }
    }
    server.kill();
    server.run().await;
    let index = server.index("").await;
    assert_eq!(index.entries().count(), PACKAGES);
    for n in [0, 7, PACKAGES / 2, PACKAGES - 1] {
        server.pull("", &format!("chart{}", n % 9), &format!("1.{n}.0")).await;
    }
}

/// How many objects of its own the server has in the storage.
fn written(server: &Server) -> usize {
    let mut count = 0;
    let mut folders = vec![server.file(".chandlery")];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
            match entry.file_type() {
                Ok(kind) if kind.is_dir() => folders.push(entry.path()),
                _ => count += 1,
            }
        }
    }
    count
}

#[tokio::test]
async fn a_start_after_a_kill_has_everything() {
    let mut server = Server::start().await;
    for n in 0..100 {
        server.publish("", &Chart::new("one", &format!("1.{n}.0"))).await;
    }
    server.restart().await;
    assert_eq!(server.index("").await.versions("one").len(), 100);
}
