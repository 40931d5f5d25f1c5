//! More connections than anybody needs.

use acceptance::{Chart, Connection, Server, exchange};
use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

const IDLE: u64 = 10_000;
/// What the other tests of this process need at the same time.
const OTHERS: u64 = 1000;

/// How many connections this process may open, once it has asked for as many as the system gives.
fn possible() -> u64 {
    let maximum = getrlimit(Resource::Nofile).maximum;
    let _ = setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum });
    getrlimit(Resource::Nofile).current.unwrap_or(u64::MAX).saturating_sub(OTHERS)
}

#[tokio::test]
async fn ten_thousand_idle_connections_do_not_stop_service() {
    let server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    let mut idle = Vec::new();
    for number in 0..possible().min(IDLE) {
        let mut connection = Connection::open(&server).await;
        if number % 100 == 0 {
            // some have asked before, some have begun to ask
            connection.send(b"GET /health HTTP/1.1\r\nhost: h\r\n\r\nGET /hea").await.unwrap();
        }
        idle.push(connection);
    }
    for _ in 0..20 {
        exchange(&server, "GET", "/-/ready").await.expect(200);
        let answer = exchange(&server, "GET", "/charts/one-1.0.0.tgz").await.expect(200);
        assert_eq!(answer.body, chart.bytes);
    }
    exchange(&server, "DELETE", "/api/charts/one/1.0.0").await.expect(200);
    drop(idle);
}
