//! What the `cm-push` plugin (0.10.4) sends, byte for byte: one multipart part whose file name is a whole path, in
//! chunks and without a length, on HTTP/1.1. It finds the path of the upload by `serverInfo.contextPath` in the index.

use acceptance::{Answer, Chart, Connection, Launch, Server};
use serde_json::{Value, json};

/// As Go's writer makes it: 60 hexadecimal digits.
const BOUNDARY: &str = "c4f1b0a7e9d2386f5a1b4c7d0e3f6a9b2c5d8e1f4a7b0c3d6e9f2a5b8c1d";

/// The path that the plugin posts to: the context path, `api`, what the repository's URL has besides, `charts`.
async fn upload_path(server: &Server, repository: &str) -> String {
    let index = server.get(&format!("{repository}/index.yaml")).await.expect(200);
    let index: Value = serde_yaml::from_slice(&index.body).unwrap();
    let context = index["serverInfo"]["contextPath"].as_str().unwrap_or_default();
    let rest = repository.strip_prefix(context).unwrap_or(repository);
    format!("{context}/api{rest}/charts")
}

/// The plugin's request, with the headers in the order of Go's client.
async fn push(server: &Server, target: &str, authorization: Option<&str>, chart: &Chart) -> Answer {
    let mut connection = Connection::open(server).await;
    let authorization = authorization.map(|line| format!("{line}\r\n")).unwrap_or_default();
    let head = format!(
        "POST {target} HTTP/1.1\r\nHost: {}\r\nUser-Agent: Go-http-client/1.1\r\nTransfer-Encoding: chunked\r\n\
         {authorization}Content-Type: multipart/form-data; boundary={BOUNDARY}\r\nAccept-Encoding: gzip\r\n\r\n",
        server.address()
    );
    let part = format!(
        "--{BOUNDARY}\r\nContent-Disposition: form-data; name=\"chart\"; filename=\"/tmp/helm-push-1876/{}\"\r\n\
         Content-Type: application/octet-stream\r\n\r\n",
        chart.file_name()
    );
    let body = [part.as_bytes(), &chart.bytes, format!("\r\n--{BOUNDARY}--\r\n").as_bytes()].concat();
    let mut sent = head.into_bytes();
    for chunk in body.chunks(700) {
        sent.extend_from_slice(format!("{:x}\r\n", chunk.len()).as_bytes());
        sent.extend_from_slice(chunk);
        sent.extend_from_slice(b"\r\n");
    }
    sent.extend_from_slice(b"0\r\n\r\n");
    let _ = connection.send(&sent).await; // a refusal may come before the end
    Answer { request: format!("cm-push {target}"), ..connection.answer().await }
}

/// What the plugin prints of a refusal: the text of `error` in a JSON body.
fn printed(answer: &Answer) -> String {
    match answer.json()["error"].as_str() {
        Some(error) if !error.is_empty() => format!("{}: {error}", answer.status),
        _ => panic!("the plugin cannot read {answer:?}"),
    }
}

#[tokio::test]
async fn a_push_is_taken_once_and_again_with_force() {
    let server = Server::start().await;
    assert_eq!(upload_path(&server, "").await, "/api/charts");
    let chart = Chart::new("pushed", "1.0.0");
    let answer = push(&server, "/api/charts", None, &chart).await.expect(201);
    assert_eq!(answer.json(), json!({"saved": true}));
    assert_eq!(server.pull("", "pushed", "1.0.0").await, chart.bytes);
    assert_eq!(server.index("").await.versions("pushed"), ["1.0.0"]);

    let answer = push(&server, "/api/charts", None, &chart).await;
    assert_eq!(printed(&answer), "409: chart already exists");
    push(&server, "/api/charts?force", None, &chart).await.expect(201);
    assert_eq!(server.index("").await.versions("pushed"), ["1.0.0"]);
    assert_eq!(server.pull("", "pushed", "1.0.0").await, chart.bytes);
}

#[tokio::test]
async fn the_index_tells_where_the_api_of_a_repository_is() {
    for (arguments, repository, path) in [
        (&["--depth=2"][..], "/org/repo", "/api/org/repo/charts"),
        (&["--context-path=/helm/v1"], "/helm/v1", "/helm/v1/api/charts"),
        (&["--context-path=/helm/v1", "--depth=2"], "/helm/v1/org/repo", "/helm/v1/api/org/repo/charts"),
        (&["--context-path=/helm/v1", "--depth-dynamic"], "/helm/v1/org", "/helm/v1/api/org/charts"),
    ] {
        let server = Server::with(arguments).await;
        assert_eq!(upload_path(&server, repository).await, path, "{arguments:?}");
        let chart = Chart::new("pushed", "1.0.0");
        push(&server, path, None, &chart).await.expect(201);
        let answer = server.get(&format!("{repository}/charts/pushed-1.0.0.tgz")).await.expect(200);
        assert_eq!(answer.body, chart.bytes, "{arguments:?}");
    }
}

#[tokio::test]
async fn credentials_are_those_of_the_plugin() {
    let server = Launch::default().with("--basic-auth-user=user").with("--basic-auth-pass=pass").start().await;
    let chart = Chart::new("pushed", "1.0.0");
    for wrong in [None, Some("Authorization: Basic dXNlcjp3cm9uZw=="), Some("Authorization: Bearer token")] {
        let answer = push(&server, "/api/charts", wrong, &chart).await.expect(401);
        assert_eq!(printed(&answer), "401: unauthorized");
        assert!(answer.header("www-authenticate").is_some_and(|challenge| challenge.starts_with("Basic ")));
    }
    push(&server, "/api/charts", Some("Authorization: Basic dXNlcjpwYXNz"), &chart).await.expect(201);
}

#[tokio::test]
async fn refusals_can_be_read_by_the_plugin() {
    let server = Server::with(&["--disable-force-overwrite"]).await;
    let chart = Chart::new("pushed", "1.0.0");
    push(&server, "/api/charts", None, &chart).await.expect(201);
    let answer = push(&server, "/api/charts?force", None, &chart).await;
    assert_eq!(printed(&answer), "409: chart already exists");
    let broken = Chart { bytes: b"no archive".as_slice().into(), ..Chart::new("pushed", "2.0.0") };
    assert!(printed(&push(&server, "/api/charts", None, &broken).await).starts_with("400: "));
    assert_eq!(server.index("").await.versions("pushed"), ["1.0.0"]);
}
