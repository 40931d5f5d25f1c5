use crate::support::Running;

#[tokio::test]
async fn every_request_has_one_line() {
    let server = Running::start(|settings| settings.log.health = true).await;
    let before = server.requests().len();
    let mut client = server.connect().await;
    let index = client.exchange("GET /index.yaml?x=1 HTTP/1.1\r\nhost: test\r\nx-request-id: my-own-1\r\n\r\n").await;
    assert_eq!(index.header("x-request-id"), Some("my-own-1"));
    client.send("HEAD /info HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(client.head().await.status(), 200);
    let missing = client.exchange("GET /no%22such/\"thing HTTP/1.1\r\nhost: test\r\n\r\n").await;
    assert_eq!(missing.status(), 404);

    server.logged("/no%22such/\"thing").await;
    let lines = server.requests().split_off(before);
    assert_eq!(lines.len(), 3, "{lines:?}");
    let [index_line, info, missing_line] = &lines[..] else { panic!() };
    assert_eq!(index_line["L"], "INFO");
    assert_eq!(index_line["path"], "/index.yaml");
    assert_eq!(index_line["method"], "GET");
    assert_eq!(index_line["statusCode"], 200);
    assert_eq!(index_line["reqID"], "my-own-1");
    assert_eq!(index_line["clientIP"], "127.0.0.1");
    assert_eq!(index_line["caller"], "anonymous");
    assert_eq!(index_line["bytes"], index.body.len());
    assert!(index_line["latency"].as_str().unwrap().ends_with('s'));
    assert_eq!((&info["method"], &info["bytes"], &info["comment"]), (&"HEAD".into(), &0.into(), &"".into()));
    assert_eq!((&missing_line["L"], &missing_line["statusCode"]), (&"WARN".into(), &404.into()));
    assert_eq!(missing_line["reqID"], missing.header("x-request-id").unwrap());
}

#[tokio::test]
async fn a_client_that_leaves_early_has_a_line_too() {
    let server = Running::start(|_| {}).await;
    let mut client = server.connect().await;
    let request = "POST /api/charts HTTP/1.1\r\nhost: test\r\nexpect: 100-continue\r\ncontent-length: 1000\r\n\r\n";
    assert_eq!(client.exchange(request).await.status(), 100);
    drop(client);
    let line = server.logged("/api/charts").await;
    assert_eq!(line["L"], "ERROR");
    assert_ne!(line["comment"], "", "{line}");
    assert!([400, 499].contains(&line["statusCode"].as_u64().unwrap()), "{line}");
}
