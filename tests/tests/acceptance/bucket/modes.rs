//! Stores that cannot keep two writers apart, and one that takes no writes.

use acceptance::{Chart, Fault, Launch, Passing, Server};
use serde_json::Value;

use super::{behind_a_proxy, expect_unavailable};

async fn trouble(server: &Server) -> String {
    let ready = server.get("/-/ready").await.expect(200);
    ready.json()["degraded"].as_array().map(|all| all.iter().map(Value::to_string).collect()).unwrap_or_default()
}

/// Two replicas on a store that does this to conditional writes: one writes, the other reads and takes over.
async fn one_writes_at_a_time(fault: Fault, reason: &str) {
    let Some((proxy, launch)) = behind_a_proxy().await else { return };
    proxy.plan(fault, 0, usize::MAX, |request| request.is_conditional);
    let heartbeat = "--storage-amazon-heartbeat=2s"; // a busy machine must not look like a replica that hangs
    let mut one = launch.with(heartbeat).start().await;
    let said = |line: &Value| line["reason"].as_str().is_some_and(|said| said.contains(reason)).then_some(());
    one.log().find(0, said).await;
    let chart = Chart::new("one", "1.0.0");
    one.until("it writes", async |one| (one.upload(&chart).await.status == 201).then_some(())).await;
    one.upload(&chart).await.expect_error(409, "file already exists");
    assert!(trouble(&one).await.contains(reason), "{}", trouble(&one).await);

    // a rolling restart: the new one is ready while the old one runs
    let other = Launch::default().on_storage_of(&one).with(heartbeat).start().await;
    assert_eq!(other.pull("", "one", "1.0.0").await, chart.bytes);
    expect_unavailable(&other.upload(&Chart::new("two", "1.0.0")).await);
    assert!(trouble(&other).await.contains("another replica writes"), "{}", trouble(&other).await);
    let third = Chart::new("three", "1.0.0");
    one.publish("", &third).await;
    assert_eq!(other.pull("", "three", "1.0.0").await, third.bytes);

    one.terminate();
    assert!(one.exit().await.success());
    let chart = Chart::new("two", "1.0.0");
    other.until("it takes over", async |other| (other.upload(&chart).await.status == 201).then_some(())).await;
    assert!(trouble(&other).await.contains("this replica writes"), "{}", trouble(&other).await);
    assert_eq!(other.index("").await.names(), ["one", "three", "two"]);
    assert_eq!(proxy.calm().len(), 1, "conditions are not asked for any more, but by probes");
}

#[tokio::test]
async fn on_a_store_that_ignores_conditions_one_replica_writes_at_a_time() {
    one_writes_at_a_time(Fault::AnswerAfter(200, ""), "it ignores the condition of a write").await;
}

#[tokio::test]
async fn on_a_store_that_does_not_know_conditions_one_replica_writes_at_a_time() {
    one_writes_at_a_time(Fault::Answer(501, "NotImplemented"), "it does not know conditional writes").await;
}

#[tokio::test]
async fn a_replica_that_was_killed_is_waited_for_and_then_replaced() {
    let Some((proxy, launch)) = behind_a_proxy().await else { return };
    proxy.plan(Fault::Answer(501, "NotImplemented"), 0, usize::MAX, |request| request.is_conditional);
    let heartbeat = "--storage-amazon-heartbeat=200ms";
    let mut one = launch.with(heartbeat).start().await;
    let chart = Chart::new("one", "1.0.0");
    one.until("it writes", async |one| (one.upload(&chart).await.status == 201).then_some(())).await;
    one.kill();
    let other = Launch::default().on_storage_of(&one).with(heartbeat).start().await;
    assert_eq!(other.pull("", "one", "1.0.0").await, chart.bytes);
    let chart = Chart::new("two", "1.0.0");
    other.until("it takes over", async |other| (other.upload(&chart).await.status == 201).then_some(())).await;
}

#[tokio::test]
async fn a_store_that_takes_no_writes_is_served_read_only() {
    let Some((proxy, launch)) = behind_a_proxy().await else { return };
    let mut server = launch.start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    server.kill();
    proxy.plan(Fault::Answer(403, "AccessDenied"), 0, usize::MAX, |request: &Passing| {
        ["PUT", "POST", "DELETE"].contains(&&*request.method)
    });
    server.run().await;
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
    expect_unavailable(&server.upload(&Chart::new("two", "1.0.0")).await);
    assert!(trouble(&server).await.contains("the storage refuses to be written to"), "{}", trouble(&server).await);
}
