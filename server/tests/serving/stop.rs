use std::time::Duration;

use tokio::net::TcpStream;

use crate::support::{Running, soon};

const HALF_A_REQUEST: &str =
    "POST /api/prov HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 4\r\n\r\n";

/// A server, and a request that is being answered: its body is asked for.
async fn with_running_request(shutdown_timeout: Duration) -> (Running, crate::support::Client) {
    let server = Running::start(|settings| settings.listen.shutdown_timeout = shutdown_timeout).await;
    let mut client = server.connect().await;
    let answer = client.exchange(HALF_A_REQUEST).await;
    assert_eq!(answer.status(), 100);
    (server, client)
}

#[tokio::test]
async fn running_requests_are_finished_and_nothing_new_is_begun() {
    let (mut server, mut running) = with_running_request(Duration::from_secs(3600)).await;
    let mut idle = server.connect().await;
    idle.exchange("GET /info HTTP/1.1\r\nhost: test\r\n\r\n").await;
    let mut unused = server.connect().await;

    server.stop.ask();
    assert_eq!(idle.closed().await, "");
    assert_eq!(unused.closed().await, "");
    soon("new connections to be refused", async {
        while TcpStream::connect(server.address).await.is_ok() {
            tokio::task::yield_now().await;
        }
    })
    .await;

    running.send("body").await;
    let answer = running.answer().await;
    assert_eq!(answer.status(), 400, "{answer:?}"); // `body` is no provenance
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(running.closed().await, "");
    server.ended().await;
}

#[tokio::test]
async fn a_request_that_takes_too_long_is_cut() {
    let (mut server, mut running) = with_running_request(Duration::from_millis(50)).await;
    server.stop.ask();
    server.ended().await;
    assert_eq!(running.closed().await, "");
    let line = server.logged("/api/prov").await;
    assert_eq!(line["statusCode"], 499);
}

#[tokio::test]
async fn asked_twice_the_server_does_not_wait() {
    let (mut server, mut running) = with_running_request(Duration::from_secs(3600)).await;
    server.stop.ask();
    server.stop.ask();
    server.ended().await;
    assert_eq!(running.closed().await, "");
}

#[tokio::test]
async fn a_server_that_nobody_uses_stops_at_once() {
    let mut server = Running::start(|settings| settings.listen.shutdown_timeout = Duration::from_secs(3600)).await;
    server.stop.ask();
    server.ended().await;
}

#[tokio::test]
async fn a_stopped_server_gives_the_folder_of_its_catalogue_back() {
    let mut server = Running::start(|_| {}).await;
    server.stop.ask();
    server.ended().await;
    let lock = std::fs::File::open(server.folder.path().join("catalogue/lock")).unwrap();
    lock.try_lock().unwrap();
}
