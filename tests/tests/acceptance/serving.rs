//! What holds for every answer, the probes, and how the server stops.

use acceptance::{Chart, ChartBuilder, Connection, Server, exchange};
use serde_json::Value;

#[tokio::test]
async fn every_answer_carries_the_request_s_id_or_a_new_one() {
    let server = Server::start().await;
    for path in ["/", "/index.yaml", "/health", "/nothing", "/charts/x.tgz", "/api/charts", "/-/ready"] {
        let echoed = server.get_with(path, "x-request-id", "mine-123").await;
        assert_eq!(echoed.header("x-request-id"), Some("mine-123"), "{path}");
        let (first, second) = (server.get(path).await, server.get(path).await);
        let (first, second) = (first.header("x-request-id").unwrap(), second.header("x-request-id").unwrap());
        assert!(uuid::Uuid::try_parse(first).is_ok(), "{path}: {first}");
        assert_ne!(first, second, "{path}");
    }
}

#[tokio::test]
async fn every_answer_has_a_length() {
    let server = Server::start().await;
    server.publish("", &ChartBuilder::new("one", "1.0.0").ballast(100_000).build()).await;
    for path in [
        "/",
        "/index.yaml",
        "/health",
        "/info",
        "/nothing",
        "/charts/one-1.0.0.tgz",
        "/api/charts",
        "/api/charts/one/latest/templates",
        "/-/ready",
    ] {
        let answer = server.get(path).await;
        assert_eq!(answer.header("content-length"), Some(&*answer.body.len().to_string()), "{path}");
        assert_eq!(answer.header("transfer-encoding"), None, "{path}");
    }
}

#[tokio::test]
async fn probes_are_at_the_root_whatever_the_context_path() {
    let server = Server::with(&["--context-path=/helm", "--depth-dynamic"]).await;
    server.get("/-/live").await.expect(200);
    server.get("/-/ready").await.expect(200);
    assert_eq!(server.get("/helm/health").await.expect(200).text(), r#"{"healthy":true}"#);
    server.head("/-/live").await.expect(200);
}

#[tokio::test]
async fn each_request_is_one_line_of_the_log() {
    let server = Server::start().await;
    let mark = server.log().mark();
    server.get_with("/api/charts/nothing?secret=1", "x-request-id", "find-me").await.expect(404);
    let line = server.log().find(mark, |line| (line["reqID"] == "find-me").then(|| line.clone())).await;
    assert_eq!(line["path"], "/api/charts/nothing");
    assert_eq!(line["method"], "GET");
    assert_eq!(line["statusCode"], 404);
    assert_eq!(line["L"], "WARN");
    assert!(line["latency"].is_string(), "{line}");
    assert!(!line.to_string().contains("secret"), "a query may hold what is nobody's business: {line}");
    for key in ["T", "M", "clientIP"] {
        assert!(line[key].is_string(), "{key} is missing: {line}");
    }
    // Health checks are not worth a line, and everything logged is JSON.
    server.get_with("/health", "x-request-id", "not-me").await.expect(200);
    server.get_with("/index.yaml", "x-request-id", "but-me").await.expect(200);
    server.log().find(mark, |line| (line["reqID"] == "but-me").then_some(())).await;
    for line in server.log().since(mark) {
        let line: Value = serde_json::from_str(&line).expect("every line is JSON");
        assert_ne!(line["reqID"], "not-me");
    }
}

#[tokio::test]
async fn q_f23_a_stop_finishes_what_has_begun_and_exits_well() {
    let mut server = Server::start().await;
    let chart = ChartBuilder::new("one", "1.0.0").ballast(50_000).build();
    let mut connection = Connection::open(&server).await;
    let head = format!("POST /api/charts HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n", chart.bytes.len());
    connection.send(head.as_bytes()).await.unwrap();
    connection.send(&chart.bytes[..20_000]).await.unwrap();
    // The head was read when a later request on another connection has been answered.
    server.get("/health").await.expect(200);
    let mut idle = Connection::open(&server).await;
    idle.send(b"GET /health HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    idle.answer().await.expect(200);

    server.terminate();
    assert!(idle.closed().await, "an idle connection is closed at once");
    connection.send(&chart.bytes[20_000..]).await.unwrap();
    assert_eq!(connection.answer().await.expect(201).text(), r#"{"saved":true}"#);
    assert!(connection.closed().await);
    assert!(server.exit().await.success());
    server.run().await;
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
}

#[tokio::test]
async fn a_stop_does_not_wait_for_ever() {
    let mut server = Server::with(&["--shutdown-timeout=200ms"]).await;
    let mut stuck = Connection::open(&server).await;
    stuck.send(b"POST /api/charts HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\nx").await.unwrap();
    server.get("/health").await.expect(200);
    server.terminate();
    assert!(server.exit().await.success());
}

#[tokio::test]
async fn clients_that_stop_sending_are_let_go() {
    let server = Server::with(&["--read-timeout=1", "--keep-alive-timeout=1s", "--header-read-timeout=1s"]).await;
    let mut silent = Connection::open(&server).await;
    let mut half_a_head = Connection::open(&server).await;
    half_a_head.send(b"GET /index.yaml HTTP/1.1\r\nhost: h").await.unwrap();
    let mut half_a_body = Connection::open(&server).await;
    half_a_body.send(b"POST /api/charts HTTP/1.1\r\nhost: h\r\ncontent-length: 1000\r\n\r\nx").await.unwrap();
    let mut used = Connection::open(&server).await;
    used.send(b"GET /health HTTP/1.1\r\nhost: h\r\n\r\n").await.unwrap();
    used.answer().await.expect(200);
    assert!(used.closed().await);
    assert!(silent.closed().await);
    assert!(half_a_head.closed().await);
    assert!(half_a_body.closed().await);
    exchange(&server, "GET", "/health").await.expect(200);
}

#[tokio::test]
async fn more_connections_than_allowed_wait_and_are_served() {
    let server = Server::with(&["--max-connections=4"]).await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    let answers = futures_util::future::join_all((0..40).map(|_| exchange(&server, "GET", "/index.yaml"))).await;
    for answer in answers {
        answer.expect(200);
    }
}

#[tokio::test]
async fn pipelined_requests_are_answered_in_order() {
    let server = Server::start().await;
    let mut connection = Connection::open(&server).await;
    let requests: String =
        (0..20).map(|n| format!("GET /health HTTP/1.1\r\nhost: h\r\nx-request-id: n{n}\r\n\r\n")).collect();
    connection.send(requests.as_bytes()).await.unwrap();
    for n in 0..20 {
        let answer = connection.answer().await.expect(200);
        assert_eq!(answer.header("x-request-id"), Some(&*format!("n{n}")));
    }
}
