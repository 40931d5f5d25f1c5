use std::time::Duration;

use tokio::io::AsyncWriteExt;

use crate::support::{Running, soon};

const SHORT: Duration = Duration::from_millis(100);

#[tokio::test]
async fn a_head_that_does_not_come_is_not_waited_for() {
    let server = Running::start(|settings| settings.listen.header_read_timeout = SHORT).await;
    let mut silent = server.connect().await;
    let mut slow = server.connect().await;
    slow.send("GET /info HTTP/1.1\r\nhost: test\r\nx-half: ").await;
    assert_eq!(silent.closed().await, "");
    assert_eq!(slow.closed().await, "");
    assert_eq!(server.connect().await.exchange("GET /info HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
}

#[tokio::test]
async fn a_head_that_trickles_in_gains_nothing() {
    let server = Running::start(|settings| settings.listen.header_read_timeout = SHORT).await;
    let mut client = server.connect().await;
    client.send("GET /info HTTP/1.1\r\nhost: test\r\n").await;
    soon("the server to lose patience", async {
        // each byte is progress, but not enough of it
        while client.stream.write_all(b"x").await.is_ok() {
            tokio::time::sleep(SHORT / 10).await;
        }
    })
    .await;
}

#[tokio::test]
async fn an_idle_connection_is_closed() {
    let server = Running::start(|settings| settings.listen.keep_alive_timeout = SHORT).await;
    let mut client = server.connect().await;
    assert_eq!(client.exchange("GET /info HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
    assert_eq!(client.closed().await, "");
}

#[tokio::test]
async fn a_connection_is_used_again_and_again() {
    let server = Running::start(|_| {}).await;
    let mut client = server.connect().await;
    for _ in 0..10 {
        assert_eq!(client.exchange("GET /info HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
    }
    client.send(&"GET /info HTTP/1.1\r\nhost: test\r\n\r\n".repeat(10)).await;
    for _ in 0..10 {
        assert_eq!(client.answer().await.status(), 200);
    }
}

#[tokio::test]
async fn a_body_that_stalls_is_answered_and_cut() {
    let server = Running::start(|settings| settings.listen.read_timeout = SHORT).await;
    let mut client = server.connect().await;
    let answer = client.exchange("POST /api/charts HTTP/1.1\r\nhost: test\r\ncontent-length: 1000\r\n\r\nhalf").await;
    assert_eq!(answer.status(), 408, "{answer:?}");
    client.closed().await;
    let line = server.logged("/api/charts").await;
    assert_eq!(line["statusCode"], 408);
    assert!(line["comment"].as_str().unwrap().contains("no byte of the body came for 0.1 s"), "{line}");
}

#[tokio::test]
async fn a_client_that_takes_no_answers_is_cut() {
    let server = Running::start(|settings| settings.listen.write_timeout = SHORT).await;
    let mut client = server.connect().await;
    let requests = "GET /info HTTP/1.1\r\nhost: test\r\n\r\n".repeat(100);
    // never reads: at some point the kernel has no room for answers, then none for requests, and then it ends
    soon("the server to lose patience", async { while client.stream.write_all(requests.as_bytes()).await.is_ok() {} })
        .await;
}

/// The head of a request whose body the server then asks for: until that comes the request is being answered.
const HALF: &str = "POST /api/prov HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";
const READ: &str = "GET /index.yaml HTTP/1.1\r\nhost: test\r\n\r\n";

#[tokio::test]
async fn requests_beyond_the_limit_wait_and_probes_do_not() {
    let server = Running::start(|settings| settings.listen.max_connections = 1).await;
    let mut first = server.connect().await;
    assert_eq!(first.exchange(HALF).await.status(), 100); // has the only seat
    let mut second = server.connect().await;
    second.send(READ).await;
    for _ in 0..10 {
        let mut probe = server.connect().await;
        assert_eq!(probe.exchange("GET /health HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
        assert_eq!(probe.exchange("GET /-/ready HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
    }
    assert!(second.is_silent());
    first.send("body").await;
    assert_eq!(first.answer().await.status(), 400);
    drop(first);
    assert_eq!(second.answer().await.status(), 200);
}

#[tokio::test]
async fn an_idle_connection_gives_way_to_a_request() {
    let server = Running::start(|settings| settings.listen.max_connections = 1).await;
    let mut idle = server.connect().await;
    assert_eq!(idle.exchange(READ).await.status(), 200);
    let mut other = server.connect().await;
    assert_eq!(other.exchange(READ).await.status(), 200);
    assert_eq!(idle.closed().await, "");
}

#[tokio::test]
async fn a_request_that_is_being_answered_gives_way_to_nobody() {
    let server = Running::start(|settings| settings.listen.max_connections = 2).await;
    let mut busy = server.connect().await;
    assert_eq!(busy.exchange(HALF).await.status(), 100);
    for _ in 0..3 {
        let mut idle = server.connect().await;
        assert_eq!(idle.exchange(READ).await.status(), 200);
        std::mem::forget(idle); // nobody closes it but the server
    }
    busy.send("body").await;
    assert_eq!(busy.answer().await.status(), 400);
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_so_that_the_client_learns_it() {
    let server = Running::start(|settings| settings.upload.max_size = 1000).await;
    let mut declared = server.connect().await;
    let size = 20 * 1024 * 1024;
    declared.send(&format!("POST /api/charts HTTP/1.1\r\nhost: test\r\ncontent-length: {size}\r\n\r\n")).await;
    let mut streamed = server.connect().await;
    streamed.send("POST /api/charts HTTP/1.1\r\nhost: test\r\ntransfer-encoding: chunked\r\n\r\n").await;
    for (client, chunk) in
        [(&mut declared, "x".repeat(4096)), (&mut streamed, format!("1000\r\n{}\r\n", "x".repeat(4096)))]
    {
        // clients that send everything before they read
        for _ in 0..size / 4096 {
            if client.stream.write_all(chunk.as_bytes()).await.is_err() {
                break;
            }
        }
        let answer = client.answer().await;
        assert_eq!((answer.status(), answer.body.as_str()), (413, "request too large"));
    }
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let server = Running::start(|_| {}).await;
    let mut client = server.connect().await;
    client.send(&format!("GET /info HTTP/1.1\r\nhost: test\r\nx-long: {}\r\n\r\n", "x".repeat(100_000))).await;
    assert!(client.closed().await.starts_with("HTTP/1.1 431 "));
}
