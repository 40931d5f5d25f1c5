//! Refusals that come before the body of a request was read, at both doors.

use std::fs;

use acceptance::{Connection, Server, sha256};

/// More than a server reads along with a head.
const SENT: usize = 256 * 1024;
const ANNOUNCED: usize = 16 << 20;

const USER: [&str; 2] = ["--basic-auth-user=me", "--basic-auth-pass=secret"];
/// `me:secret`
const BASIC: &str = "authorization: Basic bWU6c2VjcmV0\r\n";

/// A large body is on its way: the client reads why it is not wanted, is told that the rest is not either, and the connection
/// ends.
#[tokio::test]
async fn who_is_refused_while_sending_reads_why_and_need_not_send_the_rest() {
    let server = Server::with(&USER).await;
    let blob = format!("/v2/org/app/blobs/uploads/?digest={}", sha256(b"x"));
    let unknown = "/v2/org/app/blobs/uploads/3f333333-3333-4333-8333-333333333333";
    let of_the_stack = format!("/v2/stack/web/blobs/uploads/?digest={}", sha256(b"x"));
    for (method, path, credentials, status) in [
        ("POST", "/api/charts", "", 401),
        ("POST", "/api/prov", "", 401),
        ("POST", "/api/stack/charts", BASIC, 403),
        ("POST", "/api/nowhere/at/all", BASIC, 404),
        ("POST", &*blob, "", 401),
        ("PATCH", unknown, BASIC, 404),
        ("POST", &*of_the_stack, BASIC, 403),
        ("PUT", "/v2/stack/web/manifests/1.0.0", BASIC, 403),
    ] {
        let mut connection = Connection::open(&server).await;
        let head = format!("{method} {path} HTTP/1.1\r\nhost: h\r\n{credentials}content-length: {ANNOUNCED}\r\n\r\n");
        connection.send(head.as_bytes()).await.unwrap();
        // the server may have had enough already
        let _ = connection.send(&vec![0; SENT]).await;
        let answer = connection.answer().await.expect(status);
        assert_eq!(answer.header("connection"), Some("close"), "{method} {path}");
        assert!(!answer.body.is_empty(), "{method} {path}");
        assert!(connection.closed().await);
    }
}

/// Whose body was read goes on in the same connection, refused or not.
#[tokio::test]
async fn who_is_refused_for_what_was_sent_goes_on_in_the_same_connection() {
    let server = Server::start().await;
    let mut connection = Connection::open(&server).await;
    let digest = sha256(b"other bytes");
    for (target, status) in [("/api/charts".to_owned(), 400), (format!("/v2/app/blobs/uploads/?digest={digest}"), 400)]
    {
        let request = format!("POST {target} HTTP/1.1\r\nhost: h\r\ncontent-length: 5\r\n\r\nbytes");
        connection.send(request.as_bytes()).await.unwrap();
        let answer = connection.answer().await.expect(status);
        assert_eq!(answer.header("connection"), None, "{target}");
    }
}

#[tokio::test]
async fn nothing_is_pushed_to_the_repository_of_the_program() {
    let server = Server::start().await;
    let digest = sha256(b"x");
    for path in [
        "/v2/stack/web/blobs/uploads/".to_owned(),
        format!("/v2/stack/web/blobs/uploads/?digest={digest}"),
        format!("/v2/stack/web/blobs/uploads/?mount={digest}"),
        format!("/v2/stack/web/blobs/uploads/?mount={digest}&from=app"),
    ] {
        let answer = server.post(&path, "").await.expect_code(403, "DENIED");
        let message = answer.json()["errors"][0]["message"].as_str().unwrap().to_owned();
        assert!(message.contains("part of the server") && message.contains("--stack-repository"), "{message}");
    }
    let begun = || fs::read_dir(server.file(".chandlery/uploads")).map_or(0, Iterator::count);
    assert_eq!(begun(), 0);
    // its neighbours are anybody's
    server.begin_upload("stacks/web").await;
    assert_eq!(begun(), 1);
}
