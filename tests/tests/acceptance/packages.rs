//! Packages and provenances as they are downloaded: P1–P7, P9. P8 is Helm's own business: `helm.rs`.

use acceptance::{Chart, ChartBuilder, Connection, Server, exchange};
use reqwest::Method;

#[tokio::test]
async fn p1_a_package_is_sent_whatever_the_client_says_it_accepts() {
    let server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    for accept in [
        "application/gzip,application/octet-stream",
        "text/html",
        "application/json;q=0.1",
        "image/png, */*;q=0",
        "",
        "*/*",
        "not a media type",
    ] {
        let answer = server.get_with("/charts/one-1.0.0.tgz", "accept", accept).await.expect(200);
        assert_eq!(answer.body, chart.bytes);
        assert_eq!(answer.header("content-type"), Some("application/x-tar"));
    }
}

#[tokio::test]
async fn p2_a_package_has_no_content_encoding() {
    let server = Server::start().await;
    let chart = ChartBuilder::new("one", "1.0.0").file("README.md", "again and again ".repeat(10_000)).build();
    server.publish("", &chart).await;
    server.post("/api/prov", chart.provenance()).await.expect(201);
    for accept in ["gzip", "identity", "*", "gzip, deflate, br, zstd"] {
        let answer = server.get_with("/charts/one-1.0.0.tgz", "accept-encoding", accept).await.expect(200);
        assert_eq!(answer.header("content-encoding"), None, "{accept}");
        assert_eq!(answer.body, chart.bytes, "{accept}");
        let answer = server.get_with("/charts/one-1.0.0.tgz.prov", "accept-encoding", accept).await.expect(200);
        assert_eq!(answer.header("content-encoding"), None, "{accept}");
    }
}

#[tokio::test]
async fn p3_a_provenance_is_the_signed_text_or_404() {
    let server = Server::start().await;
    let (signed, unsigned) = (Chart::new("signed", "1.0.0"), Chart::new("unsigned", "1.0.0"));
    server.publish("", &signed).await;
    server.publish("", &unsigned).await;
    server.post("/api/prov", signed.provenance()).await.expect(201);
    let answer = server.get("/charts/signed-1.0.0.tgz.prov").await.expect(200);
    assert_eq!(answer.text(), signed.provenance());
    assert_eq!(answer.header("content-type"), Some("application/pgp-signature"));
    server.get("/charts/unsigned-1.0.0.tgz.prov").await.expect_error(404, "object not found");
    server.get("/charts/nothing-1.0.0.tgz.prov").await.expect_error(404, "object not found");

    // an index leads to it as Helm goes there: by appending to the URL
    let index = server.index("").await;
    let url = format!("/{}.prov", index.url("signed", "1.0.0"));
    assert_eq!(server.get(&url).await.expect(200).text(), signed.provenance());
}

#[tokio::test]
async fn p3_the_text_of_a_provenance_does_not_change_while_its_package_stands() {
    let server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    server.post("/api/prov", chart.provenance()).await.expect(201);
    let other = chart.provenance().replace("Hash: SHA512", "Hash: SHA256");
    server.post("/api/prov", other).await.expect_error(409, "file already exists");
    assert_eq!(server.get("/charts/one-1.0.0.tgz.prov").await.expect(200).text(), chart.provenance());
}

#[tokio::test]
async fn p4_the_bytes_of_a_version_do_not_change() {
    let server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    let other = ChartBuilder::new("one", "1.0.0").file("README.md", "other").build();
    server.publish("", &chart).await;
    server.upload(&other).await.expect_error(409, "file already exists");
    server.post_form("/api/charts", &[("chart", &other.bytes)]).await.expect_error(409, "chart already exists");
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
}

#[tokio::test]
async fn p4_an_overwritten_version_is_served_under_the_digest_of_each_index_that_named_it() {
    let mut server = Server::with(&["--allow-overwrite"]).await;
    let first = Chart::new("one", "1.0.0");
    let second = ChartBuilder::new("one", "1.0.0").file("README.md", "second").build();
    server.publish("", &first).await;
    let before = server.index("").await;
    server.publish("", &second).await;
    let after = server.index("").await;
    assert_eq!(after.versions("one"), ["1.0.0"]);
    assert_ne!(before.url("one", "1.0.0"), after.url("one", "1.0.0"));
    for _ in 0..2 {
        for (index, chart) in [(&before, &first), (&after, &second)] {
            assert_eq!(index.entry("one", "1.0.0")["digest"], chart.digest);
            let answer = server.get(&format!("/{}", index.url("one", "1.0.0"))).await.expect(200);
            assert_eq!(answer.body, chart.bytes);
        }
        assert_eq!(server.get("/charts/one-1.0.0.tgz").await.expect(200).body, second.bytes);
        server.restart().await;
    }
    let unknown = "0".repeat(64);
    server.get(&format!("/charts/{unknown}/one-1.0.0.tgz")).await.expect_error(404, "object not found");
}

#[tokio::test]
async fn p4_a_forced_version_gets_a_url_that_names_its_content() {
    let server = Server::start().await;
    let first = Chart::new("one", "1.0.0");
    let second = ChartBuilder::new("one", "1.0.0").file("README.md", "second").build();
    server.publish("", &first).await;
    assert_eq!(server.index("").await.url("one", "1.0.0"), "charts/one-1.0.0.tgz");
    server.post("/api/charts?force", second.bytes.clone()).await.expect(201);
    assert_eq!(server.index("").await.url("one", "1.0.0"), format!("charts/{}/one-1.0.0.tgz", second.digest));
    assert_eq!(server.pull("", "one", "1.0.0").await, second.bytes);
    assert_eq!(server.get("/charts/one-1.0.0.tgz").await.expect(200).body, second.bytes);
}

#[tokio::test]
async fn p4_overwriting_a_package_drops_the_provenance_of_the_old_one() {
    let server = Server::start().await;
    let first = Chart::new("one", "1.0.0");
    let second = ChartBuilder::new("one", "1.0.0").file("README.md", "second").build();
    let text = first.provenance();
    let form: [(&str, &[u8]); 2] = [("chart", &first.bytes), ("prov", text.as_bytes())];
    server.post_form("/api/charts", &form).await.expect(201);
    server.post("/api/charts?force", second.bytes.clone()).await.expect(201);
    server.get("/charts/one-1.0.0.tgz.prov").await.expect_error(404, "object not found");
    server.post("/api/prov", second.provenance()).await.expect(201);
    assert_eq!(server.get("/charts/one-1.0.0.tgz.prov").await.expect(200).text(), second.provenance());
}

#[tokio::test]
async fn p5_many_small_requests_go_through_one_connection() {
    const REQUESTS: usize = 400;
    let server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    let mut connection = Connection::open(&server).await;
    for _ in 0..REQUESTS {
        connection.send(b"GET /charts/one-1.0.0.tgz HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
        assert_eq!(connection.answer().await.expect(200).body, chart.bytes);
    }
}

#[tokio::test]
async fn p6_a_package_is_sent_without_a_redirect() {
    let server = Server::with(&["--depth-dynamic", "--allow-overwrite"]).await;
    let chart = Chart::new("one", "1.0.0");
    for repository in ["", "org", "org/team"] {
        server.publish(repository, &chart).await;
        // The client of these tests follows no redirect.
        assert_eq!(server.pull(repository, "one", "1.0.0").await, chart.bytes);
    }
}

#[tokio::test]
async fn p7_a_plus_in_a_version_is_itself_or_percent_2b() {
    let server = Server::start().await;
    let chart = Chart::new("built", "1.0.0+build.7");
    server.publish("", &chart).await;
    server.post("/api/prov", chart.provenance()).await.expect(201);
    for version in ["1.0.0+build.7", "1.0.0%2Bbuild.7", "1.0.0%2bbuild.7"] {
        let answer = exchange(&server, "GET", &format!("/charts/built-{version}.tgz")).await.expect(200);
        assert_eq!(answer.body, chart.bytes);
        exchange(&server, "GET", &format!("/charts/built-{version}.tgz.prov")).await.expect(200);
        let answer = exchange(&server, "GET", &format!("/api/charts/built/{version}")).await.expect(200);
        assert_eq!(answer.json()["version"], "1.0.0+build.7");
    }
    exchange(&server, "DELETE", "/api/charts/built/1.0.0%2Bbuild.7").await.expect(200);
    exchange(&server, "GET", "/charts/built-1.0.0+build.7.tgz").await.expect(404);
}

#[tokio::test]
async fn p9_something_answers_at_the_root_of_a_repository() {
    let server = Server::start().await;
    let answer = server.get("/").await.expect(200);
    assert!(answer.header("content-type").unwrap().starts_with("text/html"));
    let server = Server::with(&["--depth=2"]).await;
    for path in ["/", "/org/team", "/org/team/"] {
        server.get(path).await.expect(200);
        server.head(path).await.expect(200);
    }
    let server = Server::with(&["--depth=1", "--context-path=/below"]).await;
    for path in ["/below", "/below/", "/below/org", "/below/org/"] {
        server.get(path).await.expect(200);
    }
}

#[tokio::test]
async fn ranges_of_a_package_are_served() {
    let server = Server::start().await;
    let chart = ChartBuilder::new("one", "1.0.0").ballast(50_000).build();
    server.publish("", &chart).await;
    let length = chart.bytes.len();
    let whole = server.get("/charts/one-1.0.0.tgz").await.expect(200);
    assert_eq!(whole.header("accept-ranges"), Some("bytes"));
    for (range, start, end) in [
        ("bytes=0-0", 0, 1),
        ("bytes=100-199", 100, 200),
        ("bytes=40000-", 40_000, length),
        ("bytes=-500", length - 500, length),
        ("bytes=100-99999999", 100, length),
    ] {
        let answer = server.get_with("/charts/one-1.0.0.tgz", "range", range).await.expect(206);
        assert_eq!(answer.body, chart.bytes.slice(start..end), "{range}");
        assert_eq!(answer.header("content-range"), Some(&*format!("bytes {start}-{}/{length}", end - 1)));
    }
    let beyond = server.get_with("/charts/one-1.0.0.tgz", "range", "bytes=99999999-").await.expect(416);
    assert_eq!(beyond.header("content-range"), Some(&*format!("bytes */{length}")));
    for ignored in ["lines=1-2", "bytes=abc", "bytes=5-1"] {
        let answer = server.get_with("/charts/one-1.0.0.tgz", "range", ignored).await.expect(200);
        assert_eq!(answer.body, chart.bytes, "{ignored}");
    }
    // resuming a file that has changed meanwhile starts again
    for (tag, status) in [(whole.header("etag").unwrap(), 206), ("\"other\"", 200)] {
        let request = server.request(Method::GET, "/charts/one-1.0.0.tgz").header("range", "bytes=10-");
        server.send(request.header("if-range", tag)).await.expect(status);
    }
}

#[tokio::test]
async fn a_package_has_an_entity_tag_that_outlives_a_restart() {
    let mut server = Server::start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    let tag = server.get("/charts/one-1.0.0.tgz").await.expect(200).header("etag").unwrap().to_owned();
    server.restart().await;
    let answer = server.get_with("/charts/one-1.0.0.tgz", "if-none-match", &tag).await.expect(304);
    assert!(answer.body.is_empty());
    server.get_with("/charts/one-1.0.0.tgz", "if-none-match", "\"other\"").await.expect(200);
}

#[tokio::test]
async fn other_files_are_no_packages() {
    let server = Server::start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    for file in ["index-cache.yaml", "one-1.0.0.zip", "index.yaml"] {
        server.get(&format!("/charts/{file}")).await.expect_error(404, "unsupported file extension");
    }
    for file in ["one-1.0.1.tgz", "two-1.0.0.tgz", "two-1.0.0.tgz.prov"] {
        server.get(&format!("/charts/{file}")).await.expect_error(404, "object not found");
    }
}

#[tokio::test]
async fn a_file_that_was_changed_by_hand_is_never_served_under_the_old_digest() {
    let mut server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    server.kill();
    server.place("one-1.0.0.tgz", b"something else");
    server.run().await;
    let answer = server.get("/charts/one-1.0.0.tgz").await;
    assert!(answer.status == 404 || answer.status == 503, "{answer:?}");
}

#[tokio::test]
async fn a_package_too_large_for_memory_is_served_as_any_other() {
    let mut server = Server::with(&["--package-stream-above=64Ki", "--allow-overwrite"]).await;
    for round in 0..3 {
        let chart = ChartBuilder::new("large", "1.0.0").file("round", format!("{round}")).ballast(3_000_000).build();
        assert!([201, 200].contains(&server.upload(&chart).await.status));
        let answers = futures_util::future::join_all((0..8).map(|_| server.get("/charts/large-1.0.0.tgz"))).await;
        for answer in answers {
            assert!(answer.expect(200).body == chart.bytes, "round {round}");
        }
        assert!(server.pull("", "large", "1.0.0").await == chart.bytes);
    }
    server.restart().await;
    let part = server.request(Method::GET, "/charts/large-1.0.0.tgz").header("range", "bytes=1000000-1999999");
    let part = part.send().await.unwrap();
    assert_eq!((part.status().as_u16(), part.bytes().await.unwrap().len()), (206, 1_000_000));
}
