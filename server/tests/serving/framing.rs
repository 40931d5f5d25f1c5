//! Requests that are no HTTP, or that two readers would understand in two ways.

use crate::support::Running;

const CHUNKED: &str = "5\r\nhello\r\n0\r\n\r\n";

/// What the server says to these bytes, up to the end of the connection.
async fn said(server: &Running, request: &str) -> String {
    let mut client = server.connect().await;
    client.send(request).await;
    client.closed().await
}

#[tokio::test]
async fn two_ways_to_say_where_a_body_ends_are_refused() {
    let server = Running::start(|_| {}).await;
    for framing in [
        "content-length: 5\r\ntransfer-encoding: chunked",
        "transfer-encoding: chunked\r\ncontent-length: 5",
        "Transfer-Encoding: chunked\r\nContent-Length: 0",
        "content-length: 5\r\ncontent-length: 6",
        "transfer-encoding: gzip",
        "transfer-encoding: chunked, identity",
        "transfer-encoding: xchunked",
        "content-length: -5",
        "content-length: +5",
        "content-length: 5, 6",
        "content-length: 99999999999999999999",
    ] {
        // what follows must not be taken for a request of its own
        let request = format!(
            "POST /api/charts HTTP/1.1\r\nhost: test\r\n{framing}\r\n\r\n{CHUNKED}GET /index.yaml HTTP/1.1\r\nhost: test\r\n\r\n"
        );
        let said = said(&server, &request).await;
        assert!(said.starts_with("HTTP/1.1 400 "), "{framing:?}: {said}");
        assert_eq!(said.matches("HTTP/1.1 ").count(), 1, "{framing:?}: {said}");
    }
    let said = said(
        &server,
        "POST /api/charts HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\ncontent-length: 5\r\n\r\n",
    )
    .await;
    assert!(said.ends_with(r#"{"error":"content-length and transfer-encoding exclude each other"}"#), "{said}");
    let line = server.logged("/api/charts").await;
    assert_eq!((&line["statusCode"], &line["L"]), (&400.into(), &"ERROR".into()));
}

#[tokio::test]
async fn chunks_that_are_none_end_the_connection() {
    let server = Running::start(|_| {}).await;
    for body in ["xyz\r\n", "5\r\nhelloX", "-1\r\n\r\n", "FFFFFFFFFFFFFFFFF\r\n", "5;\n\nhello\r\n"] {
        let request = format!("POST /api/charts HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n{body}");
        let said = said(&server, &request).await;
        assert!(said.is_empty() || said.starts_with("HTTP/1.1 400 "), "{body:?}: {said}");
    }
}

#[tokio::test]
async fn heads_that_are_none_are_refused() {
    let server = Running::start(|_| {}).await;
    let fields = "x-one: 1\r\n".repeat(200);
    let path = "x".repeat(70_000);
    for (head, status) in [
        ("GET /index.yaml\r\n\r\n", "400"),
        ("GET  /index.yaml HTTP/1.1\r\nhost: test\r\n\r\n", "400"),
        ("GET /index.yaml HTTP/3.7\r\n\r\n", "400"),
        ("GET /index.yaml HTTP/1.1\r\nhost: test\r\nx-one : 1\r\n\r\n", "400"),
        ("GET /index.yaml HTTP/1.1\r\nhost: test\r\nx-one: 1\r\n folded: 2\r\n\r\n", "400"),
        ("GET /index.yaml HTTP/1.1\r\nhost: test\r\nx-one: a\0b\r\n\r\n", "400"),
        ("GET /in\0dex.yaml HTTP/1.1\r\nhost: test\r\n\r\n", "400"),
        ("G\tT /index.yaml HTTP/1.1\r\nhost: test\r\n\r\n", "400"),
        (&format!("GET /index.yaml HTTP/1.1\r\nhost: test\r\n{fields}\r\n"), "431"),
        (&format!("GET /{path} HTTP/1.1\r\nhost: test\r\n\r\n"), "4"),
    ] {
        let said = said(&server, head).await;
        assert!(said.starts_with(&format!("HTTP/1.1 {status}")), "{:?}: {said}", &head[..head.len().min(80)]);
    }
}

#[tokio::test]
async fn lines_may_end_as_they_did_long_ago() {
    let server = Running::start(|_| {}).await;
    let mut client = server.connect().await;
    assert_eq!(client.exchange("GET /index.yaml HTTP/1.1\nhost: h\n\n").await.status(), 200);
    assert!(said(&server, "GET /index.yaml HTTP/1.0\r\n\r\n").await.starts_with("HTTP/1.0 200 "));
}

#[tokio::test]
async fn a_request_names_one_host() {
    let server = Running::start(|_| {}).await;
    for (head, status, reason) in [
        ("GET /info HTTP/1.1\r\n\r\n", "HTTP/1.1 400 ", "missing required Host header"),
        ("GET /-/ready HTTP/1.1\r\nhost: a\r\nhost: a\r\n\r\n", "HTTP/1.1 400 ", "too many Host headers"),
        ("GET /info HTTP/1.0\r\nhost: a\r\nhost: b\r\n\r\n", "HTTP/1.0 400 ", "too many Host headers"),
        ("GET /info HTTP/1.0\r\n\r\n", "HTTP/1.0 200 ", "version"),
        ("GET /info HTTP/1.1\r\nhost:\r\nconnection: close\r\n\r\n", "HTTP/1.1 200 ", "version"),
    ] {
        // the request behind it is not answered: the connection ends
        let said = said(&server, &format!("{head}GET /health HTTP/1.1\r\nhost: a\r\n\r\n")).await;
        assert!(said.starts_with(status) && said.contains(reason), "{head:?}: {said}");
        assert_eq!(said.matches("HTTP/1.").count(), 1, "{head:?}: {said}");
    }
}
