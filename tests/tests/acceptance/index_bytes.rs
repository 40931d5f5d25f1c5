//! How an index keeps its promises over time: I6, I8, I10, I16.

use std::fs::{self, File};
use std::time::{Duration, SystemTime};

use acceptance::{Chart, ChartBuilder, Index, Launch, PLACED, Server};
use futures_util::future::join_all;
use jiff::Timestamp;
use serde_json::Value;

#[tokio::test]
async fn i6_the_same_content_is_the_same_bytes_at_every_request_after_every_start_and_on_every_replica() {
    let mut server = Server::with(&["--depth=1"]).await;
    for version in ["1.0.0", "1.1.0", "2.0.0-rc.1"] {
        server.publish("org", &Chart::new("one", version)).await;
        server.publish("org", &Chart::new("two", version)).await;
    }
    server.delete("/api/org/charts/one/1.1.0").await.expect(200);
    let first = server.get("/org/index.yaml").await.expect(200);
    let again = server.get("/org/index.yaml").await.expect(200);
    assert_eq!(first.body, again.body);
    assert_eq!(first.header("etag"), again.header("etag"));

    server.restart().await;
    let restarted = server.get("/org/index.yaml").await.expect(200);
    assert_eq!(first.body, restarted.body);
    assert_eq!(first.header("etag"), restarted.header("etag"));

    // a replica that knows nothing but the storage
    let replica = Launch::default().on_storage_of(&server).with("--depth=1").start().await;
    let elsewhere = replica.get("/org/index.yaml").await.expect(200);
    assert_eq!(first.body, elsewhere.body);
    assert_eq!(first.header("etag"), elsewhere.header("etag"));
}

#[tokio::test]
async fn i6_other_repositories_do_not_touch_an_index() {
    let server = Server::with(&["--depth=1"]).await;
    server.publish("quiet", &Chart::new("one", "1.0.0")).await;
    let before = server.get("/quiet/index.yaml").await.expect(200);
    server.publish("busy", &Chart::new("one", "1.0.0")).await;
    server.delete("/api/busy/charts/one/1.0.0").await.expect(200);
    assert_eq!(before.body, server.get("/quiet/index.yaml").await.expect(200).body);
}

#[tokio::test]
async fn i6_every_change_changes_the_bytes_and_all_times_are_utc() {
    let server = Server::start().await;
    let mut seen = vec![server.get("/index.yaml").await.expect(200).body];
    server.publish("", &Chart::new("one", "1.0.0")).await;
    seen.push(server.get("/index.yaml").await.expect(200).body);
    server.publish("", &Chart::new("one", "2.0.0")).await;
    let index = server.index("").await;
    for time in index.entries().map(|entry| &entry["created"]).chain([&index.value["generated"]]) {
        let text = time.as_str().unwrap();
        assert!(text.ends_with('Z'), "{text}");
        text.parse::<Timestamp>().unwrap();
    }
    seen.push(index.answer.body);
    server.delete("/api/charts/one/2.0.0").await.expect(200);
    seen.push(server.get("/index.yaml").await.expect(200).body);
    for (number, body) in seen.iter().enumerate() {
        assert!(!seen[..number].contains(body), "state {number} has the index of an earlier one");
    }
}

fn created(index: &Index, name: &str, version: &str) -> Timestamp {
    index.entry(name, version)["created"].as_str().unwrap().parse().unwrap()
}

#[tokio::test]
async fn i8_created_is_the_time_of_the_upload_whatever_becomes_of_the_file_and_the_catalogue() {
    let mut server = Server::start().await;
    let before = Timestamp::now();
    server.publish("", &Chart::new("one", "1.0.0")).await;
    let after = Timestamp::now();
    let published = created(&server.index("").await, "one", "1.0.0");
    assert!(before <= published && published <= after, "{before} {published} {after}");

    server.kill();
    let file = File::options().write(true).open(server.file("one-1.0.0.tgz")).unwrap();
    file.set_modified(SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000)).unwrap();
    fs::remove_dir_all(server.settings().catalogue()).unwrap();
    server.run().await;
    assert_eq!(created(&server.index("").await, "one", "1.0.0"), published);
}

#[tokio::test]
async fn i8_a_package_found_without_any_record_was_created_at_its_files_time() {
    let launch = Launch::default();
    launch.place("one-1.0.0.tgz", &Chart::new("one", "1.0.0").bytes);
    let server = launch.start().await;
    assert_eq!(created(&server.index("").await, "one", "1.0.0"), Timestamp::from_second(PLACED).unwrap());
}

#[tokio::test]
async fn i8_the_statefile_of_chartmuseum_is_believed_about_packages_whose_digest_it_knows() {
    let launch = Launch::default();
    let (known, other) = (Chart::new("known", "1.0.0"), Chart::new("other", "1.0.0"));
    launch.place(&known.file_name(), &known.bytes);
    launch.place(&other.file_name(), &other.bytes);
    let entry = |chart: &Chart, digest: &str| {
        format!(
            "  {name}:\n  - apiVersion: v2\n    created: \"2019-05-06T07:08:09.123456789+02:00\"\n    digest: {digest}\n    \
             name: {name}\n    urls:\n    - charts/{file}\n    version: 1.0.0\n",
            name = chart.name,
            file = chart.file_name()
        )
    };
    let text = format!(
        "apiVersion: v1\nentries:\n{}{}generated: \"2019-05-06T07:08:10+02:00\"\nserverInfo: {{}}\n",
        entry(&known, &known.digest),
        entry(&other, &known.digest)
    );
    launch.place("index-cache.yaml", text.as_bytes());
    let server = launch.start().await;
    let index = server.index("").await;
    assert_eq!(created(&index, "known", "1.0.0"), "2019-05-06T05:08:09.123456789Z".parse().unwrap());
    assert_eq!(created(&index, "other", "1.0.0"), Timestamp::from_second(PLACED).unwrap());
}

#[tokio::test]
async fn i10_whatever_an_index_shows_can_be_fetched_at_once() {
    const UPLOADS: usize = 40;
    let server = Server::start().await;
    let charts: Vec<Chart> =
        (0..UPLOADS).map(|n| Chart::new(&format!("chart{}", n % 4), &format!("1.{n}.0"))).collect();
    let upload = async {
        for chunk in charts.chunks(4) {
            join_all(chunk.iter().map(|chart| server.publish("", chart))).await;
        }
    };
    let read = async {
        let mut fetched = 0;
        while fetched < UPLOADS {
            let index = server.index("").await;
            let entries: Vec<&Value> = index.entries().collect();
            for entry in &entries {
                let url = entry["urls"][0].as_str().unwrap();
                let answer = server.get(&format!("/{url}")).await.expect(200);
                assert_eq!(entry["digest"], chart::Digest::of(&answer.body).to_string());
            }
            fetched = entries.len();
        }
    };
    tokio::join!(upload, read);
}

#[tokio::test]
async fn i16_an_index_is_never_partial_under_load() {
    const READS: usize = 60;
    let server = Server::start().await;
    let description = format!("description: {}", "long ".repeat(1000));
    let chart = |n: usize| ChartBuilder::new("one", &format!("1.{n}.0")).metadata(&description).build();
    for n in 0..10 {
        server.publish("", &chart(n)).await;
    }
    let upload = async {
        for n in 10..30 {
            server.publish("", &chart(n)).await;
        }
    };
    let readers = join_all((0..8).map(|_| async {
        let mut last = 0;
        for _ in 0..READS / 8 {
            let index = server.index("").await;
            let length = index.answer.header("content-length").expect("an index has a length");
            assert_eq!(length.parse::<usize>().unwrap(), index.answer.body.len());
            let count = index.versions("one").len();
            assert!(count >= last, "an index went back from {last} to {count} versions");
            last = count;
        }
    }));
    tokio::join!(upload, readers);
}
