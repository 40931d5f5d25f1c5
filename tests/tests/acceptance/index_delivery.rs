//! How an index is sent: S3–S6.

use std::io::Read;

use acceptance::{Answer, Chart, ChartBuilder, Connection, Index, Launch, Server, exchange};
use flate2::read::GzDecoder;
use futures_util::future::join_all;

/// A repository whose index has about 600 KB.
async fn large() -> Server {
    let server = Server::start().await;
    let description = format!("description: {}", "a chart that says much of itself ".repeat(100));
    let charts: Vec<Chart> = (0..180)
        .map(|n| ChartBuilder::new(&format!("chart{}", n % 6), &format!("1.{n}.0")).metadata(&description).build())
        .collect();
    for chunk in charts.chunks(16) {
        join_all(chunk.iter().map(|chart| server.publish("", chart))).await;
    }
    server
}

fn unpacked(answer: &Answer) -> Vec<u8> {
    let mut plain = Vec::new();
    // The decoder for one member: several HTTP clients stop after the first.
    let mut decoder = GzDecoder::new(&*answer.body);
    decoder.read_to_end(&mut plain).unwrap();
    assert!(decoder.into_inner().is_empty(), "something follows the gzip member");
    plain
}

#[tokio::test]
async fn s3_identity_for_those_who_ask_nothing_and_gzip_for_those_who_ask() {
    let server = large().await;
    let identity = server.get("/index.yaml").await.expect(200);
    assert_eq!(identity.header("content-encoding"), None);
    let gzip = server.get_with("/index.yaml", "accept-encoding", "gzip, deflate, br").await.expect(200);
    assert_eq!(gzip.header("content-encoding"), Some("gzip"));
    assert_eq!(gzip.header("content-type"), Some("application/x-yaml"));
    assert!(gzip.body.len() * 5 < identity.body.len(), "{} {}", gzip.body.len(), identity.body.len());
    assert_eq!(unpacked(&gzip), identity.body);
    for answer in [&identity, &gzip] {
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()));
        assert!(answer.header("vary").unwrap().to_ascii_lowercase().contains("accept-encoding"));
    }
    for refused in ["gzip;q=0", "identity", "br", "gzip;q=0, identity"] {
        let answer = server.get_with("/index.yaml", "accept-encoding", refused).await.expect(200);
        assert_eq!(answer.header("content-encoding"), None, "{refused}");
    }
}

#[tokio::test]
async fn s3_a_client_that_has_the_bytes_gets_304() {
    let server = large().await;
    for encoding in ["identity", "gzip"] {
        let get = async |tag: Option<&str>| {
            let request = server.request(reqwest::Method::GET, "/index.yaml").header("accept-encoding", encoding);
            server.send(tag.into_iter().fold(request, |request, tag| request.header("if-none-match", tag))).await
        };
        let first = get(None).await.expect(200);
        let tag = first.header("etag").unwrap().to_owned();
        assert!(tag.starts_with('"') && tag.ends_with('"'), "{tag} is no strong entity tag");
        for asked in [tag.clone(), format!("\"other\", {tag}"), format!("W/{tag}"), "*".to_owned()] {
            let answer = get(Some(&asked)).await.expect(304);
            assert!(answer.body.is_empty());
            assert_eq!(answer.header("etag"), Some(&*tag), "{asked}");
        }
        assert_eq!(get(Some("\"other\"")).await.expect(200).body, first.body);
    }
    let identity = server.get("/index.yaml").await;
    let gzip = server.get_with("/index.yaml", "accept-encoding", "gzip").await;
    assert_ne!(identity.header("etag"), gzip.header("etag"));

    let tag = identity.header("etag").unwrap().to_owned();
    server.publish("", &Chart::new("another", "1.0.0")).await;
    server.get_with("/index.yaml", "if-none-match", &tag).await.expect(200);
}

#[tokio::test]
async fn s3_the_listing_has_the_same_manners() {
    let server = large().await;
    let identity = server.get("/api/charts").await.expect(200);
    let tag = identity.header("etag").unwrap();
    server.get_with("/api/charts", "if-none-match", tag).await.expect(304);
    let gzip = server.get_with("/api/charts", "accept-encoding", "gzip").await.expect(200);
    assert_eq!(unpacked(&gzip), identity.body);
}

#[tokio::test]
async fn head_says_what_get_would() {
    let server = large().await;
    for path in
        ["/index.yaml", "/api/charts", "/api/charts/chart1", "/charts/chart1-1.1.0.tgz", "/api/charts/chart1/latest"]
    {
        let get = server.get(path).await.expect(200);
        let head = exchange(&server, "HEAD", path).await.expect(200);
        for name in ["content-length", "content-type", "etag"] {
            assert_eq!(head.header(name), get.header(name), "{name} of {path}");
        }
    }
}

#[tokio::test]
async fn s4_a_herd_on_new_connections_is_served() {
    const HERD: usize = 100;
    let server = large().await;
    let expected = server.get("/index.yaml").await.expect(200).body;
    let answers = join_all((0..HERD).map(|_| exchange(&server, "GET", "/index.yaml"))).await;
    for answer in answers {
        assert_eq!(answer.expect(200).body, expected);
    }
}

#[tokio::test]
async fn s5_the_whole_index_arrives_even_if_all_was_just_changed() {
    let server = large().await;
    server.publish("", &Chart::new("fresh", "1.0.0")).await;
    let index = server.index("").await;
    assert_eq!(index.entries().count(), 181);
}

#[tokio::test]
async fn s5_a_client_that_reads_in_sips_gets_everything() {
    let server = large().await;
    let expected = server.get("/index.yaml").await.expect(200).body;
    let mut connection = Connection::with_small_window(&server).await;
    connection.send(b"GET /index.yaml HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    let mut other = 0;
    // other requests are answered while this one waits for its reader
    while other < 20 {
        server.get("/health").await.expect(200);
        other += 1;
    }
    assert_eq!(connection.answer().await.expect(200).body, expected);
}

#[tokio::test]
async fn s6_q_f24_a_change_is_visible_on_every_replica_when_it_is_answered() {
    let first = Server::with(&["--read-freshness=strict"]).await;
    let second = Launch::default().on_storage_of(&first).with("--read-freshness=strict").start().await;
    for n in 0..25 {
        let (to, from) = if n % 2 == 0 { (&first, &second) } else { (&second, &first) };
        let chart = Chart::new("one", &format!("1.{n}.0"));
        to.publish("", &chart).await;
        assert_eq!(from.index("").await.entry("one", &chart.version)["digest"], chart.digest);
        assert_eq!(from.pull("", "one", &chart.version).await, chart.bytes);
        if n % 5 == 4 {
            to.delete(&format!("/api/charts/one/{}", chart.version)).await.expect(200);
            assert!(!from.index("").await.versions("one").contains(&&*chart.version));
            from.get(&format!("/charts/{}", chart.file_name())).await.expect_error(404, "object not found");
        }
    }
    assert_eq!(
        Index::read(first.get("/index.yaml").await).answer.body,
        Index::read(second.get("/index.yaml").await).answer.body
    );
}
