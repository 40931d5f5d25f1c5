//! A storage that is away, full, read-only or emptied, and a catalogue that is broken.

use std::fs;
use std::process::Command;

use acceptance::{Answer, Chart, ChartBuilder, Launch, Server, skipped};
use serde_json::Value;

fn expect_unavailable(answer: &Answer) {
    assert_eq!(answer.status, 503, "{answer:?}");
    assert!(answer.header("retry-after").unwrap().parse::<u32>().unwrap() > 0, "{answer:?}");
    assert!(answer.json()["error"].is_string(), "{answer:?}");
}

/// No answer may tell what the server's disk looks like.
fn expect_discretion(answer: &Answer, server: &Server) {
    let text = String::from_utf8_lossy(&answer.body);
    let storage = server.settings().storage().to_string_lossy();
    assert!(!text.contains(&*storage) && !text.contains("os error"), "{text}");
}

#[tokio::test]
async fn q_f16_a_missing_storage_folder_is_503_for_uploads_and_no_reason_to_forget() {
    let mut server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    let index = server.get("/index.yaml").await.expect(200).body;
    let hidden = server.settings().storage().with_file_name("hidden");
    fs::rename(server.settings().storage(), &hidden).unwrap();

    let mark = server.log().mark();
    for answer in [
        server.upload(&Chart::new("two", "1.0.0")).await,
        server.post("/api/prov", chart.provenance()).await,
        server.delete("/api/charts/one/1.0.0").await,
    ] {
        expect_unavailable(&answer);
        expect_discretion(&answer, &server);
    }
    for path in ["/api/charts", "/api/prov", "/api/charts/one/1.0.0"] {
        let refused = |line: &Value| {
            let refused = line["path"] == path && line["statusCode"] == 503;
            refused.then(|| line["comment"].as_str().expect("every request has a comment").to_owned())
        };
        assert!(!server.log().find(mark, refused).await.is_empty(), "{path}");
    }
    assert_eq!(server.get("/index.yaml").await.expect(200).body, index);
    assert!(!server.settings().storage().exists(), "a lost storage must not be made anew");

    fs::rename(&hidden, server.settings().storage()).unwrap();
    server.publish("", &Chart::new("two", "1.0.0")).await;
    assert_eq!(server.index("").await.names(), ["one", "two"]);
    server.restart().await;
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
}

#[tokio::test]
async fn a_storage_that_was_emptied_under_a_running_server_is_not_believed() {
    let server = Server::with(&["--cache-interval=100ms"]).await;
    for n in 0..12 {
        server.publish("", &Chart::new("one", &format!("1.{n}.0"))).await;
    }
    let index = server.get("/index.yaml").await.expect(200).body;
    // All at once: the server must not see one package after the other go.
    let storage = server.settings().storage();
    fs::rename(storage, storage.with_file_name("hidden")).unwrap();
    fs::create_dir(storage).unwrap();
    let degraded = server
        .until("the server notices", async |server| {
            let answer = server.get("/-/ready").await;
            answer.json()["degraded"].to_string().contains("format.json").then_some(answer)
        })
        .await;
    assert_eq!(degraded.status, 200, "a replica that can still answer stays in service");
    assert_eq!(server.get("/index.yaml").await.expect(200).body, index);
    expect_unavailable(&server.upload(&Chart::new("two", "1.0.0")).await);
    let answer = server.get("/charts/one-1.3.0.tgz").await;
    assert!(
        answer.status == 503 || answer.status == 200 && answer.body == Chart::new("one", "1.3.0").bytes,
        "{answer:?}"
    );
}

#[tokio::test]
async fn packages_that_vanish_all_at_once_are_not_forgotten() {
    let server = Server::with(&["--cache-interval=1s"]).await;
    for n in 0..12 {
        server.publish("", &Chart::new("one", &format!("1.{n}.0"))).await;
    }
    let index = server.get("/index.yaml").await.expect(200).body;
    for file in server.files("") {
        fs::remove_file(server.file(&file)).unwrap();
    }
    server
        .until("the server notices", async |server| {
            server.get("/-/ready").await.expect(200).text().contains("degraded").then_some(())
        })
        .await;
    assert_eq!(server.get("/index.yaml").await.expect(200).body, index);
}

#[tokio::test]
async fn one_missing_package_leaves_the_index_and_comes_back_with_its_bytes() {
    let server = Server::with(&["--cache-interval=50ms"]).await;
    for n in 0..3 {
        server.publish("", &Chart::new("one", &format!("1.{n}.0"))).await;
    }
    let file = server.file("one-1.1.0.tgz");
    fs::remove_file(&file).unwrap();
    server
        .until("the missing package leaves the index", async |server| {
            (server.index("").await.versions("one") == ["1.2.0", "1.0.0"]).then_some(())
        })
        .await;
    server.place("one-1.1.0.tgz", &Chart::new("one", "1.1.0").bytes);
    server
        .until("the package is back", async |server| {
            (server.index("").await.versions("one") == ["1.2.0", "1.1.0", "1.0.0"]).then_some(())
        })
        .await;
    server.pull("", "one", "1.1.0").await;
}

#[tokio::test]
async fn a_package_placed_by_hand_is_adopted_by_the_running_server() {
    let server = Server::with(&["--cache-interval=50ms", "--depth=1"]).await;
    server.publish("org", &Chart::new("one", "1.0.0")).await;
    let chart = Chart::new("placed", "1.0.0");
    server.place("org/placed-1.0.0.tgz", &chart.bytes);
    server.place("org/broken-1.0.0.tgz", b"no archive");
    server
        .until("the package is adopted", async |server| {
            (server.index("org").await.names() == ["one", "placed"]).then_some(())
        })
        .await;
    assert_eq!(server.pull("org", "placed", "1.0.0").await, chart.bytes);
    server.upload_to("org", &chart).await.expect_error(409, "file already exists");
}

#[tokio::test]
async fn a_catalogue_that_is_deleted_or_garbage_is_made_again() {
    let mut server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    let index = server.get("/index.yaml").await.expect(200).body;
    for broken in [true, false, true] {
        server.kill();
        let catalogue = server.settings().catalogue();
        if broken {
            let mut files = 0;
            for entry in fs::read_dir(&catalogue).unwrap() {
                let path = entry.unwrap().path();
                if path.is_file() {
                    fs::write(path, vec![0xA5; 8192]).unwrap();
                    files += 1;
                }
            }
            assert!(files > 0, "the catalogue is not where it was asked to be");
        } else {
            fs::remove_dir_all(&catalogue).unwrap();
        }
        server.run().await;
        assert_eq!(server.get("/index.yaml").await.expect(200).body, index);
        assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
        server.upload(&chart).await.expect(409);
    }
}

#[tokio::test]
async fn a_catalogue_of_another_storage_is_not_believed() {
    let mut server = Server::start().await;
    server.publish("", &Chart::new("old", "1.0.0")).await;
    server.kill();
    fs::remove_dir_all(server.settings().storage()).unwrap();
    server.place("new-1.0.0.tgz", &Chart::new("new", "1.0.0").bytes);
    server.run().await;
    assert_eq!(server.index("").await.names(), ["new"]);
}

/// Starts a server whose storage is a small disk of its own, if the system lets us make one.
async fn on_a_small_disk(size: &str) -> Option<Server> {
    let possible = Command::new("unshare").args(["--mount", "true"]).output();
    if !possible.is_ok_and(|output| output.status.success()) {
        skipped("no right to mount a small disk");
        return None;
    }
    let launch = Launch::default();
    fs::create_dir_all(launch.storage()).unwrap();
    Some(launch.on_disk_of(size).start().await)
}

#[tokio::test]
async fn a_full_disk_is_503_and_leaves_nothing_half_written() {
    let Some(server) = on_a_small_disk("1m").await else { return };
    let small = Chart::new("small", "1.0.0");
    server.publish("", &small).await;
    let large = ChartBuilder::new("large", "1.0.0").ballast(1_200_000).build();
    for _ in 0..3 {
        let answer = server.upload(&large).await;
        expect_unavailable(&answer);
        expect_discretion(&answer, &server);
    }
    assert_eq!(server.index("").await.names(), ["small"]);
    server.get("/charts/large-1.0.0.tgz").await.expect(404);
    assert_eq!(server.pull("", "small", "1.0.0").await, small.bytes);
    // what failed was cleaned up: there is room for what fits
    server.publish("", &ChartBuilder::new("fits", "1.0.0").ballast(300_000).build()).await;
}

#[tokio::test]
async fn a_disk_that_becomes_read_only_is_503_for_uploads_and_serves_what_it_has() {
    let Some(server) = on_a_small_disk("4m").await else { return };
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    server.in_its_mounts(&format!("mount -o remount,ro {}", server.settings().storage().display()));
    expect_unavailable(&server.upload(&Chart::new("two", "1.0.0")).await);
    expect_unavailable(&server.delete("/api/charts/one/1.0.0").await);
    assert_eq!(server.index("").await.names(), ["one"]);
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
    server.in_its_mounts(&format!("mount -o remount,rw {}", server.settings().storage().display()));
    server.publish("", &Chart::new("two", "1.0.0")).await;
}
