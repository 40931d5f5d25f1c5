//! HTTP/2: requests side by side on one connection, its limits and its end.

use std::time::Duration;

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use h2::client::{Builder, ResponseFuture, SendRequest};
use h2::{Reason, SendStream};
use http::{Method, Request, Response};
use server::config::Settings;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::task::JoinHandle;

use crate::support::{Running, soon};
use crate::tls::{self, Papers};

const SHORT: Duration = Duration::from_millis(100);

/// A server and one connection to it.
struct Shared {
    server: Running,
    requests: SendRequest<Bytes>,
    /// The connection's end.
    end: JoinHandle<Result<(), h2::Error>>,
}

async fn shared(change: impl FnOnce(&mut Settings), client: &Builder) -> Shared {
    let papers = Papers::new();
    let server = tls::start(&papers, change).await;
    let stream = papers.connect(&server, b"h2").await;
    let (requests, connection) = client.handshake(stream).await.unwrap();
    Shared { server, requests, end: tokio::spawn(connection) }
}

impl Shared {
    async fn send(&mut self, method: Method, path: &str, ends: bool) -> (ResponseFuture, SendStream<Bytes>) {
        let uri = format!("https://localhost{path}");
        let request = Request::builder().method(method).uri(uri).body(()).unwrap();
        let mut ready = soon("room for a request", self.requests.clone().ready()).await.unwrap();
        ready.send_request(request, ends).unwrap()
    }

    async fn get(&mut self, path: &str) -> u16 {
        let (answer, _) = self.send(Method::GET, path, true).await;
        whole(answer).await.0.status().as_u16()
    }

    /// What the connection ended with.
    async fn ended(self) -> Result<(), h2::Error> {
        drop(self.requests);
        soon("the connection's end", self.end).await.unwrap()
    }
}

async fn whole(answer: ResponseFuture) -> (Response<()>, Vec<u8>) {
    soon("an answer", async {
        let (head, mut body) = answer.await.unwrap().into_parts();
        let mut bytes = Vec::new();
        while let Some(chunk) = body.data().await {
            let chunk = chunk.unwrap();
            body.flow_control().release_capacity(chunk.len()).unwrap();
            bytes.extend_from_slice(&chunk);
        }
        (Response::from_parts(head, ()), bytes)
    })
    .await
}

/// Sends a body as the server has room for it.
async fn upload(mut stream: SendStream<Bytes>, mut body: Bytes) {
    soon("the body to be taken", async {
        while !body.is_empty() {
            stream.reserve_capacity(body.len());
            let room = std::future::poll_fn(|cx| stream.poll_capacity(cx)).await.unwrap().unwrap();
            let part = body.split_to(room.min(body.len()));
            stream.send_data(part, body.is_empty()).unwrap();
        }
    })
    .await;
}

/// A package whose entry makes an index of several frames.
fn package() -> Bytes {
    let description: String = (0..30_000).map(|number| format!("{number} ")).collect();
    let text = format!("apiVersion: v2\nname: large\nversion: 1.0.0\ndescription: \"{description}\"\n");
    let mut header = tar::Header::new_gnu();
    header.set_size(text.len() as u64);
    header.set_mode(0o644);
    header.set_cksum();
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    archive.append_data(&mut header, "large/Chart.yaml", text.as_bytes()).unwrap();
    archive.into_inner().unwrap().finish().unwrap().into()
}

#[tokio::test]
async fn a_slow_request_does_not_hold_the_others_up() {
    let mut shared = shared(|_| {}, &Builder::new()).await;
    let (slow, body) = shared.send(Method::POST, "/api/prov", false).await;
    for _ in 0..10 {
        assert_eq!(shared.get("/index.yaml").await, 200);
    }
    upload(body, Bytes::from_static(b"no provenance")).await;
    assert_eq!(whole(slow).await.0.status(), 400);
}

#[tokio::test]
async fn a_body_larger_than_every_window_is_taken() {
    let mut shared = shared(|_| {}, &Builder::new()).await;
    let (answer, body) = shared.send(Method::POST, "/api/charts", false).await;
    upload(body, vec![7; 6 * 1024 * 1024].into()).await;
    assert_eq!(whole(answer).await.0.status(), 400); // it is no package
}

#[tokio::test]
async fn a_body_that_is_too_large_is_refused_and_the_connection_goes_on() {
    let mut shared = shared(|settings| settings.upload.max_size = 1000, &Builder::new()).await;
    let (answer, mut body) = shared.send(Method::POST, "/api/charts", false).await;
    body.send_data(vec![7; 2000].into(), false).unwrap();
    let (head, text) = whole(answer).await;
    assert_eq!((head.status().as_u16(), &*text), (413, &b"request too large"[..]));
    assert!(!head.headers().contains_key("connection"));
    assert_eq!(shared.get("/index.yaml").await, 200);
}

#[tokio::test]
async fn a_body_that_stalls_ends_alone() {
    let mut shared = shared(|settings| settings.listen.read_timeout = SHORT, &Builder::new()).await;
    let (answer, mut body) = shared.send(Method::POST, "/api/charts", false).await;
    body.send_data(Bytes::from_static(b"half"), false).unwrap();
    assert_eq!(whole(answer).await.0.status(), 408);
    assert_eq!(shared.get("/index.yaml").await, 200);
}

#[tokio::test]
async fn a_client_that_takes_nothing_of_an_answer_is_cut() {
    let mut client = Builder::new();
    client.initial_window_size(10);
    let mut shared = shared(|settings| settings.listen.write_timeout = SHORT, &client).await;
    let (answer, body) = shared.send(Method::POST, "/api/charts", false).await;
    upload(body, package()).await;
    let head = soon("an answer", answer).await.unwrap();
    assert_eq!(head.status(), 201);
    let (answer, _) = shared.send(Method::GET, "/index.yaml", true).await;
    let body = soon("an answer", answer).await.unwrap().into_body(); // and nothing is ever read of it
    let end = shared.ended().await;
    assert!(end.is_err(), "it was cut, not closed: {end:?}");
    drop(body);
}

#[tokio::test]
async fn an_idle_connection_is_told_farewell() {
    let mut shared = shared(|settings| settings.listen.keep_alive_timeout = SHORT, &Builder::new()).await;
    assert_eq!(shared.get("/info").await, 200);
    shared.ended().await.unwrap();
}

#[tokio::test]
async fn a_connection_on_which_nothing_is_asked_is_told_farewell() {
    let papers = Papers::new();
    // long enough for a handshake on a busy machine
    let server = tls::start(&papers, |settings| settings.listen.header_read_timeout = Duration::from_secs(2)).await;
    let stream = papers.connect(&server, b"h2").await;
    let (requests, connection) = Builder::new().handshake::<_, Bytes>(stream).await.unwrap();
    soon("the connection's end", connection).await.unwrap();
    drop(requests);
}

#[tokio::test]
async fn running_requests_are_finished_when_the_server_stops() {
    let hour = Duration::from_secs(3600);
    let mut shared = shared(|settings| settings.listen.shutdown_timeout = hour, &Builder::new()).await;
    let (answer, body) = shared.send(Method::POST, "/api/prov", false).await;
    assert_eq!(shared.get("/info").await, 200); // so the first one has begun
    shared.server.stop.ask();
    upload(body, Bytes::from_static(b"no provenance")).await;
    let (head, _) = whole(answer).await;
    assert_eq!(head.status(), 400);
    assert!(!head.headers().contains_key("connection"));
    let Shared { mut server, requests, end } = shared;
    soon("the connection's end", end).await.unwrap().unwrap();
    drop(requests);
    server.ended().await;
}

#[tokio::test]
async fn a_head_that_is_too_large_is_refused() {
    let shared = shared(|_| {}, &Builder::new()).await;
    let request = Request::get("https://localhost/info").header("x-long", "x".repeat(100_000)).body(()).unwrap();
    let mut ready = soon("room for a request", shared.requests.clone().ready()).await.unwrap();
    let (answer, _) = ready.send_request(request, true).unwrap();
    match soon("an answer", answer).await {
        Ok(answer) => assert_eq!(answer.status(), 431),
        Err(error) => assert!(error.is_remote() || error.is_io(), "{error}"),
    }
    assert_eq!(shared.server.connect().await.stream.peer_addr().unwrap(), shared.server.address);
}

/// A frame as it travels.
fn frame(kind: u8, flags: u8, stream: u32, payload: &[u8]) -> Vec<u8> {
    let length = u32::try_from(payload.len()).unwrap().to_be_bytes();
    [&length[1..], &[kind, flags], &stream.to_be_bytes(), payload].concat()
}

#[tokio::test]
async fn a_client_that_takes_back_what_it_asks_again_and_again_is_cut() {
    const HEADERS: u8 = 1;
    const RST_STREAM: u8 = 3;
    const SETTINGS: u8 = 4;
    const GOAWAY: u8 = 7;
    let papers = Papers::new();
    let server = tls::start(&papers, |_| {}).await;
    let mut stream = papers.connect(&server, b"h2").await;
    let mut flood = b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".to_vec();
    flood.extend(frame(SETTINGS, 0, 0, &[]));
    for number in 0..500 {
        // GET https / of h, by the static table, with its headers and the stream ended
        flood.extend(frame(HEADERS, 5, 2 * number + 1, &[0x82, 0x87, 0x84, 0x41, 1, b'h']));
        flood.extend(frame(RST_STREAM, 0, 2 * number + 1, &8u32.to_be_bytes()));
    }
    let _ = stream.write_all(&flood).await; // the server need not read it all
    let mut said = Vec::new();
    let _ = soon("the server to lose patience", stream.read_to_end(&mut said)).await;
    let mut reasons = Vec::new();
    while let [_, length @ ..] = &said[..] {
        let Some(&[high, low, kind]) = length.first_chunk::<3>() else { break };
        let end = 9 + (usize::from(said[0]) << 16 | usize::from(high) << 8 | usize::from(low));
        if kind == GOAWAY {
            reasons.push(u32::from_be_bytes(*said[13..].first_chunk().unwrap()));
        }
        said.drain(..end.min(said.len()));
    }
    assert_eq!(reasons, [u32::from(Reason::ENHANCE_YOUR_CALM)]);
    assert_eq!(papers.client(&server).await.exchange("GET /info HTTP/1.1\r\nhost: test\r\n\r\n").await.status(), 200);
}
