//! Three replicas on one bucket: any of them takes any request.

use std::cell::RefCell;

use acceptance::{Chart, ChartBuilder, Launch, Server, gateway};
use futures_util::future::{join, join_all};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};

const UPLOADERS: usize = 6;
const UPLOADS: usize = 8;
const READERS: usize = 4;

async fn replicas() -> Option<[Server; 3]> {
    let one = Launch::default().in_bucket(gateway()?).start().await;
    let two = Launch::default().on_storage_of(&one).start().await;
    let three = Launch::default().on_storage_of(&one).start().await;
    Some([one, two, three])
}

#[tokio::test]
async fn what_one_replica_answered_with_201_every_other_has_at_once() {
    let Some(replicas) = replicas().await else { return };
    let published = RefCell::new(Vec::<Chart>::new());
    let at_work = RefCell::new(UPLOADERS);
    let upload = async |number: usize| {
        let mut random = StdRng::seed_from_u64(number as u64);
        for n in 0..UPLOADS {
            let chart = ChartBuilder::new(&format!("chart{number}"), &format!("1.{n}.0")).ballast(2_000).build();
            replicas[random.random_range(0..3)].publish("", &chart).await;
            published.borrow_mut().push(chart);
        }
        *at_work.borrow_mut() -= 1;
    };
    let read = async |number: usize| {
        let mut random = StdRng::seed_from_u64(1000 + number as u64);
        while *at_work.borrow() > 0 {
            let before = published.borrow().clone();
            let index = replicas[random.random_range(0..3)].index("").await;
            for chart in &before {
                assert_eq!(index.entry(&chart.name, &chart.version)["digest"], chart.digest, "{}", chart.file_name());
            }
            if let Some(chart) = before.get(random.random_range(0..before.len().max(1))) {
                let path = format!("/charts/{}", chart.file_name());
                let answer = replicas[random.random_range(0..3)].get(&path).await.expect(200);
                assert_eq!(answer.body, chart.bytes);
            }
        }
    };
    join(join_all((0..UPLOADERS).map(upload)), join_all((0..READERS).map(read))).await;
    assert_eq!(published.borrow().len(), UPLOADERS * UPLOADS);
    let answers = join_all(replicas.iter().map(|replica| replica.get("/index.yaml"))).await;
    for answer in &answers {
        assert_eq!((&answer.body, answer.header("etag")), (&answers[0].body, answers[0].header("etag")));
    }
}

#[tokio::test]
async fn of_twenty_uploads_of_one_version_to_different_replicas_one_wins() {
    let Some(replicas) = replicas().await else { return };
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

#[tokio::test]
async fn removal_and_publication_anew_are_seen_by_all() {
    let Some(replicas) = replicas().await else { return };
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
