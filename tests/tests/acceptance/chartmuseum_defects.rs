//! ChartMuseum's defects that no other topic has a test for, none of which may come back. Each test names its defect
//! by the id of the list that issue 4 refers to.
//!
//! The others are shown beside what they belong to, under their ids as well, and some have nothing to show here:
//!
//! | id | where or why |
//! | --- | --- |
//! | Q-S1, Q-S2 | `refusals.rs` |
//! | Q-S3 to Q-S5 | `auth_tokens.rs` |
//! | Q-S6, Q-S10 | `auth.rs` |
//! | Q-S7 | `removal.rs`, and no answer of `faults.rs` names the disk |
//! | Q-S9 | `metrics.rs` |
//! | Q-S11 | `web.rs` |
//! | Q-F6, Q-F14 | in process, in the server's `classic/tests`, for they need a storage that fails or fills at one call |
//! | Q-F7 to Q-F9, Q-F13 | `uploads.rs` |
//! | Q-F12 | here, and for all orders in the catalogue's `promises/calls/limits.rs` |
//! | Q-F16 | `faults.rs` |
//! | Q-F18 | a bound in the catalogue that has no effect to see from outside but memory |
//! | Q-F20 | repositories are not read again one by one, so no timer of theirs can fire at once |
//! | Q-F22 | `chartmuseum_settings.rs` |
//! | Q-F23 | `serving.rs` |
//! | Q-F24 | `index_delivery.rs` |
//! | Q-F25 | of stores that are not supported |

use std::os::unix::fs::symlink;

use acceptance::{Chart, ChartBuilder, Connection, Launch, Server, gateway};
use futures_util::future::join_all;
use serde_json::json;

/// ChartMuseum believes whoever says to come from elsewhere.
#[tokio::test]
async fn q_s8_the_client_s_address_in_the_log_is_that_of_its_connection() {
    let server = Server::start().await;
    for (number, header) in
        ["x-forwarded-for", "x-real-ip", "forwarded", "true-client-ip", "x-appengine-remote-addr", "cf-connecting-ip"]
            .into_iter()
            .enumerate()
    {
        let (mark, id) = (server.log().mark(), format!("asked-{number}"));
        let value = if header == "forwarded" { "for=203.0.113.7" } else { "203.0.113.7" };
        let request = server.request(reqwest::Method::GET, "/index.yaml");
        server.send(request.header(header, value).header("x-request-id", &id)).await.expect(200);
        let line = server.log().find(mark, |line| (line["reqID"] == *id).then(|| line.clone())).await;
        assert_eq!(line["clientIP"], "127.0.0.1", "{header}");
    }
    assert!(!server.log().text().contains("203.0.113.7"), "{}", server.log().text());
}

/// ChartMuseum reads a map while another thread writes it, which ends the process.
#[tokio::test]
async fn q_f1_reads_during_writes_are_answered_and_the_server_lives() {
    let server = Server::with(&["--depth=1"]).await;
    server.publish("org", &Chart::new("stays", "1.0.0")).await;
    let writers = (0..4).map(|writer| {
        let server = &server;
        async move {
            for version in 0..6 {
                let chart = Chart::new(&format!("chart{writer}"), &format!("1.{version}.0"));
                server.publish("org", &chart).await;
            }
            server.delete(&format!("/api/org/charts/chart{writer}/1.0.0")).await.expect(200);
        }
    });
    let readers = (0..4).map(|reader| {
        let server = &server;
        async move {
            for round in 0..20 {
                assert_eq!(server.listing("org").await["stays"][0]["version"], "1.0.0");
                assert_eq!(server.index("org").await.versions("stays"), ["1.0.0"]);
                server.get("/api/org/charts/stays/latest").await.expect(200);
                server.get(&format!("/new-{reader}-{round}/index.yaml")).await.expect(200);
            }
        }
    });
    tokio::join!(join_all(writers), join_all(readers));
    let index = server.index("org").await;
    assert_eq!(index.entries().count(), 1 + 4 * 5);
}

/// ChartMuseum answers 500 once, then the rest of an index as if it were the whole, or does not start.
#[tokio::test]
async fn q_f2_what_cannot_be_read_costs_nothing_else() {
    for (depth, folder) in [("--depth=0", ""), ("--depth=1", "org/")] {
        let launch = Launch::default().with(depth);
        let charts: Vec<Chart> = (0..8).map(|number| Chart::new(&format!("chart{number}"), "1.0.0")).collect();
        for chart in &charts {
            launch.place(&format!("{folder}{}", chart.file_name()), &chart.bytes);
        }
        for name in ["a", "chart3", "z"] {
            let link = launch.storage().join(format!("{folder}{name}-9.0.0.tgz"));
            symlink("nowhere", link).unwrap();
        }
        let server = launch.start().await;
        let repository = folder.trim_end_matches('/');
        let first = server.index(repository).await;
        assert_eq!(first.entries().count(), 8, "{}", first.value);
        assert_eq!(server.index(repository).await.answer.body, first.answer.body);
        assert_eq!(server.listing(repository).await.as_object().unwrap().len(), 8);
    }
}

/// ChartMuseum lists a bucket by the beginning of its keys, so that a neighbour's file breaks the index.
#[tokio::test]
async fn q_f3_keys_that_merely_begin_like_the_prefix_are_another_s() {
    let Some(gateway) = gateway() else { return };
    let launch = Launch::default().in_bucket(gateway).with("--depth=1");
    let own = Chart::new("own", "1.0.0");
    launch.place("org/own-1.0.0.tgz", &own.bytes);
    let prefix = launch.storage().file_name().unwrap().to_str().unwrap().to_owned();
    launch.place(&format!("../{prefix}-x/org/theirs-1.0.0.tgz"), &Chart::new("theirs", "1.0.0").bytes);
    launch.place(&format!("../{prefix}-1.0.0.tgz"), b"no archive");
    launch.place("org-x/other-1.0.0.tgz", &Chart::new("other", "1.0.0").bytes);
    launch.place("org-1.0.0.tgz", b"no archive");
    let server = launch.start().await;
    assert_eq!(server.index("org").await.names(), ["own"]);
    assert_eq!(server.index("org-x").await.names(), ["other"]);
    assert_eq!(server.pull("org", "own", "1.0.0").await, own.bytes);
}

/// ChartMuseum looks only at the five lowest versions for one that is there already.
#[tokio::test]
async fn q_f4_a_version_that_lies_there_twice_is_listed_once() {
    let launch = Launch::default().with("--always-regenerate-chart-index");
    for minor in 0..9 {
        let chart = Chart::new("one", &format!("1.{minor}.0"));
        launch.place(&chart.file_name(), &chart.bytes);
    }
    let copy = Chart::new("one", "1.8.0");
    launch.place("a-copy.tgz", &copy.bytes);
    let server = launch.start().await;
    let expected = ["1.8.0", "1.7.0", "1.6.0", "1.5.0", "1.4.0", "1.3.0", "1.2.0", "1.1.0", "1.0.0"];
    assert_eq!(server.index("").await.versions("one"), expected);
    server.place("z-copy.tgz", &ChartBuilder::new("one", "1.7.0").file("x", "other").build().bytes);
    for _ in 0..3 {
        assert_eq!(server.index("").await.versions("one"), expected);
    }
    assert_eq!(server.listing("").await["one"].as_array().unwrap().len(), 9);
}

/// Cached indexes as no server writes them: the first with what ChartMuseum dies of, an entry without a URL.
fn hostile_indexes(chart: &Chart) -> Vec<String> {
    let (version, digest) = (&chart.version, &chart.digest);
    let entry = format!("  one:\n  - apiVersion: v2\n    name: one\n    version: {version}\n    digest: {digest}\n");
    vec![
        format!("apiVersion: v1\nentries:\n{entry}generated: \"2021-03-04T05:06:07Z\"\n"),
        format!(
            "apiVersion: v1\nentries:\n{entry}    urls:\n    - https://evil.example/one-1.0.0.tgz\n    created: never\n  \
             ghost:\n  - name: ghost\n    version: 1.0.0\n    urls: [charts/ghost-1.0.0.tgz]\nserverInfo:\n  \
             contextPath: /stale\nunknown: key\n"
        ),
        format!("apiVersion: v1\nentries:\n{entry}    urls: [../../../etc/passwd, 5, null]\n  none: null\n  text: x\n"),
        "apiVersion: v1\nentries: [1, 2]\n".to_owned(),
        "null".to_owned(),
        "{\"entries\":{\"one\":[null]}}".to_owned(),
        "\0\u{1}: [".to_owned(),
    ]
}

/// ChartMuseum serves what a file says that anybody may have written, and one kind of entry ends its process.
#[tokio::test]
async fn q_f5_a_cached_index_is_a_hint_and_never_served() {
    let chart = Chart::new("one", "1.0.0");
    for text in hostile_indexes(&chart) {
        let launch = Launch::default().with("--cache-interval=20ms");
        launch.place(&chart.file_name(), &chart.bytes);
        launch.place("index-cache.yaml", text.as_bytes());
        let server = launch.start().await;
        let index = server.index("").await;
        assert_eq!(index.names(), ["one"], "{text}");
        assert_eq!(index.url("one", "1.0.0"), "charts/one-1.0.0.tgz", "{text}");
        let created = index.entry("one", "1.0.0")["created"].as_str().unwrap();
        assert!(created.parse::<jiff::Timestamp>().is_ok(), "{created} in spite of {text}");
        for stale in ["evil", "stale", "ghost", "unknown", "passwd"] {
            assert!(!index.answer.text().contains(stale), "{stale} of {text}");
        }
        assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
        server.get("/charts/ghost-1.0.0.tgz").await.expect(404);
    }
}

/// ChartMuseum stores these, and lists them at its next tick only.
#[tokio::test]
async fn q_f10_a_forced_upload_over_what_was_not_listed_is_listed_at_once() {
    let server = Server::with(&["--cache-interval=0"]).await;
    // only the provenance was there
    let chart = Chart::new("one", "1.0.0");
    server.post("/api/prov", chart.provenance()).await.expect(201);
    let text = chart.provenance();
    let form = [("chart", &*chart.bytes), ("prov", text.as_bytes())];
    server.post_form("/api/charts?force", &form).await.expect(201);
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
    // a file was there that nobody had read
    let (placed, pushed) = (Chart::new("two", "1.0.0"), ChartBuilder::new("two", "1.0.0").file("x", "new").build());
    server.place(&placed.file_name(), &placed.bytes);
    server.post("/api/charts?force", pushed.bytes.clone()).await.expect(201);
    assert_eq!(server.pull("", "two", "1.0.0").await, pushed.bytes);
    assert_eq!(server.index("").await.names(), ["one", "two"]);
}

/// ChartMuseum lists only the new chart until its next tick.
#[tokio::test]
async fn q_f11_a_repository_whose_first_request_is_a_push_is_listed_whole() {
    let launch = Launch::default().with("--depth=1").with("--cache-interval=0");
    for name in ["one", "two", "three"] {
        let chart = Chart::new(name, "1.0.0");
        launch.place(&format!("org/{}", chart.file_name()), &chart.bytes);
    }
    let server = launch.start().await;
    server.publish("org", &Chart::new("four", "1.0.0")).await;
    assert_eq!(server.index("org").await.names(), ["four", "one", "three", "two"]);
}

/// ChartMuseum removes the version from its index that it has just stored, if it is the oldest.
#[tokio::test]
async fn q_f12_the_oldest_version_pushed_again_stays_in_a_full_chart() {
    let server = Server::with(&["--per-chart-limit=2", "--allow-overwrite"]).await;
    for version in ["1.0.0", "2.0.0"] {
        server.publish("", &Chart::new("one", version)).await;
    }
    let again = ChartBuilder::new("one", "1.0.0").file("x", "again").build();
    server.publish("", &again).await;
    assert_eq!(server.index("").await.versions("one"), ["2.0.0", "1.0.0"]);
    assert_eq!(server.pull("", "one", "1.0.0").await, again.bytes);
}

/// In ChartMuseum a tick that listed the files before a change applies its list after it.
#[tokio::test]
async fn q_f15_a_tick_never_undoes_an_upload_or_a_removal() {
    let server = Server::with(&["--cache-interval=1ms", "--always-regenerate-chart-index"]).await;
    server.publish("", &Chart::new("stays", "1.0.0")).await;
    for round in 0..15 {
        let chart = Chart::new("moves", &format!("1.{round}.0"));
        server.publish("", &chart).await;
        for _ in 0..3 {
            assert_eq!(server.index("").await.versions("moves"), [&*chart.version]);
        }
        server.delete(&format!("/api/charts/moves/{}", chart.version)).await.expect(200);
        for _ in 0..3 {
            assert_eq!(server.index("").await.names(), ["stays"]);
        }
    }
}

/// In ChartMuseum an abort of the reading may leave its few workers waiting for ever.
#[tokio::test]
async fn q_f17_many_unreadable_files_block_nothing_under_a_small_limit() {
    let launch = Launch::default().with("--index-limit=1").with("--always-regenerate-chart-index");
    for number in 0..40 {
        launch.place(&format!("broken-{number}.0.0.tgz"), b"no archive");
        symlink("nowhere", launch.storage().join(format!("dangling-{number}.0.0.tgz"))).unwrap();
    }
    let server = launch.start().await;
    for number in 0..5 {
        let chart = Chart::new(&format!("good{number}"), "1.0.0");
        server.publish("", &chart).await;
        assert_eq!(server.index("").await.entries().count(), number + 1);
    }
}

/// ChartMuseum writes in place, so that readers see the beginning of a file.
#[tokio::test]
async fn q_f19_readers_never_see_a_part_of_a_package() {
    let server = Server::with(&["--allow-overwrite", "--always-regenerate-chart-index"]).await;
    let build = |text: &str| ChartBuilder::new("one", "1.0.0").ballast(200_000).file("x", text.to_owned()).build();
    let charts = [build("first"), build("second")];
    // half of it has come: nothing is there
    let mut connection = Connection::open(&server).await;
    let length = charts[0].bytes.len();
    let head = format!("POST /api/charts HTTP/1.1\r\nhost: h\r\ncontent-length: {length}\r\n\r\n");
    connection.send(head.as_bytes()).await.unwrap();
    connection.send(&charts[0].bytes[..length / 2]).await.unwrap();
    assert_eq!(server.index("").await.value["entries"], json!({}));
    server.get("/charts/one-1.0.0.tgz").await.expect(404);
    assert_eq!(server.files(""), [""; 0]);
    connection.send(&charts[0].bytes[length / 2..]).await.unwrap();
    connection.answer().await.expect(201);
    // overwritten again and again: readers have the one or the other
    let writer = async {
        for round in 1..12 {
            server.upload(&charts[round % 2]).await.expect(201);
        }
    };
    let readers = (0..3).map(|_| async {
        for _ in 0..12 {
            let body = server.get("/charts/one-1.0.0.tgz").await.expect(200).body;
            assert!(charts.iter().any(|chart| chart.bytes == body), "{} bytes of neither", body.len());
            let pulled = server.pull("", "one", "1.0.0").await;
            assert!(charts.iter().any(|chart| chart.bytes == pulled), "{} bytes of neither", pulled.len());
        }
    });
    tokio::join!(writer, join_all(readers));
}

/// ChartMuseum prints a cached index as it is, however old.
#[test]
fn q_f21_the_index_printed_is_that_of_the_packages_and_not_a_cached_one() {
    let launch = Launch::default();
    let chart = Chart::new("one", "1.0.0");
    launch.place(&chart.file_name(), &chart.bytes);
    launch.place("index-cache.yaml", hostile_indexes(&chart)[1].as_bytes());
    let root = format!("--storage-local-rootdir={}", launch.storage().display());
    let output = launch.bare_command().args(["--gen-index", "--storage=local", &root]).output().unwrap();
    assert_eq!(output.status.code(), Some(0), "{}", String::from_utf8_lossy(&output.stderr));
    let index: serde_json::Value = serde_yaml::from_slice(&output.stdout).unwrap();
    assert_eq!(index["entries"].as_object().unwrap().keys().collect::<Vec<_>>(), ["one"]);
    assert_eq!(index["entries"]["one"][0]["urls"], json!(["charts/one-1.0.0.tgz"]));
}
