use acceptance::{Chart, Server};

use super::operate;

#[tokio::test]
async fn a_removed_version_is_listed_and_restored_beside_the_server() {
    let server = Server::with(&["--depth=1"]).await;
    let (chart, other) = (Chart::new("one", "1.0.0"), Chart::new("two", "2.0.0"));
    server.publish("org", &chart).await;
    server.publish("org", &other).await;
    let before = server.index("org").await;
    server.delete("/api/org/charts/one/1.0.0").await.expect(200);

    let listed = operate(&server, &["restore", "--list", "--output=json"]).await.expect(0).json();
    let trash = listed["restorable"].as_array().unwrap();
    assert_eq!(trash.len(), 1, "{listed}");
    for (field, value) in [
        ("repository", "org"),
        ("chart", "one"),
        ("version", "1.0.0"),
        ("file", "one-1.0.0.tgz"),
        ("digest", &*chart.digest),
    ] {
        assert_eq!(trash[0][field], value, "{field}");
    }
    assert_eq!(trash[0]["size"], chart.bytes.len());
    assert!(trash[0]["removedAt"].as_str().unwrap() < trash[0]["keptUntil"].as_str().unwrap());
    let text = operate(&server, &["restore", "--list"]).await.expect(0).out;
    assert!(text.starts_with("org/one 1.0.0  removed ") && text.ends_with("\n1 in the trash\n"), "{text}");

    let restored = operate(&server, &["restore", "org/one", "1.0.0", "--output=json"]).await.expect(0).json();
    assert_eq!(restored["restored"], true);
    server
        .until("the server follows", async |server| (server.index("org").await.names() == ["one", "two"]).then_some(()))
        .await;
    assert_eq!(server.pull("org", "one", "1.0.0").await, chart.bytes);
    let after = server.index("org").await;
    assert_eq!(after.entry("one", "1.0.0")["created"], before.entry("one", "1.0.0")["created"]);
    assert_eq!(operate(&server, &["restore", "--list"]).await.expect(0).out, "0 in the trash\n");
}

#[tokio::test]
async fn what_cannot_be_restored_is_told() {
    let server = Server::start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    let refused = operate(&server, &["restore", "one", "1.0.0", "--output=json"]).await.expect(1);
    assert_eq!(refused.json()["error"], "one 1.0.0: it is not in the trash, or its window has ended");
    assert_eq!(refused.err, "chandlery: one 1.0.0: it is not in the trash, or its window has ended\n");

    server.delete("/api/charts/one/1.0.0").await.expect(200);
    server.publish("", &Chart::new("one", "1.0.0")).await;
    let refused = operate(&server, &["restore", "one", "1.0.0"]).await.expect(1);
    assert!(refused.err.contains("it was published again since"), "{refused:?}");

    for wrong in
        [&["restore"][..], &["restore", "one"], &["restore", "--list", "one", "1.0.0"], &["restore", ".a/b", "1"]]
    {
        let refused = operate(&server, wrong).await.expect(2);
        assert!(refused.out.is_empty() && !refused.err.is_empty(), "{refused:?}");
    }
}
