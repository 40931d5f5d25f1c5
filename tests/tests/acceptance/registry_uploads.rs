//! Uploads in several requests: where they go on, what is out of order, how they end.

use std::fs;

use acceptance::{Exposition, Launch, Server, gateway, sha256};
use reqwest::Method;

#[tokio::test]
async fn a_chunk_out_of_order_is_refused_and_the_upload_goes_on_where_it_was() {
    let server = Server::start().await;
    let location = server.begin_upload("org/app").await;
    let patch = async |range: &str, bytes: &'static str| {
        server.send(server.chunk(Method::PATCH, &location, Some(range), bytes)).await
    };
    let state = async |expected: &str| {
        let answer = server.get(&location).await.expect(204);
        assert_eq!((answer.header("range"), answer.location()), (Some(expected), location.clone()));
    };
    state("0-0").await;
    let ahead = patch("4-8", "ahead").await.expect_code(416, "BLOB_UPLOAD_INVALID");
    assert_eq!((ahead.header("range"), ahead.location()), (Some("0-0"), location.clone()));
    patch("0-3", "one ").await.expect(202);
    state("0-3").await;
    for (range, bytes) in [("0-3", "one "), ("5-7", "two"), ("3-6", " two")] {
        let refused = patch(range, bytes).await.expect_code(416, "BLOB_UPLOAD_INVALID");
        assert_eq!(refused.header("range"), Some("0-3"), "{range}");
        state("0-3").await;
    }
    let whole = format!("{location}?digest={}", sha256(b"one two"));
    server.send(server.chunk(Method::PUT, &whole, Some("0-2"), "two")).await.expect_code(416, "BLOB_UPLOAD_INVALID");
    for odd in ["x", "4-", "9-4", "bytes 4-6/7"] {
        patch(odd, "two").await.expect_code(400, "BLOB_UPLOAD_INVALID");
    }
    patch("4-9", "two").await.expect_code(400, "SIZE_INVALID");
    // of two digests a proxy may have looked at the other one
    let twice = format!("{whole}&digest={}", sha256(b"other"));
    server.send(server.chunk(Method::PUT, &twice, Some("4-6"), "two")).await.expect_code(400, "DIGEST_INVALID");
    state("0-3").await;
    server.send(server.chunk(Method::PUT, &whole, Some("4-6"), "two")).await.expect(201);
    let blob = server.get(&format!("/v2/org/app/blobs/{}", sha256(b"one two"))).await.expect(200);
    assert_eq!(blob.text(), "one two");
}

#[tokio::test]
async fn an_upload_is_known_to_its_own_name_until_it_ends() {
    let server = Server::start().await;
    let location = server.begin_upload("org/app").await;
    let id = location.rsplit('/').next().unwrap();
    let digest = sha256(b"bytes");
    let elsewhere = format!("/v2/org/other/blobs/uploads/{id}");
    let never = format!("/v2/org/app/blobs/uploads/{}", uuid::Uuid::new_v4());
    // and by its one address: such an id can be written in other forms
    let in_form = |form: String| format!("/v2/org/app/blobs/uploads/{form}");
    let (upper, short) = (in_form(id.to_uppercase()), in_form(id.replace('-', "")));
    for path in [
        &*elsewhere,
        &never,
        &upper,
        &short,
        "/v2/org/app/blobs/uploads/no-id",
        "/v2/org/app/blobs/uploads/..%2f..%2fx",
    ] {
        let finish = format!("{path}?digest={digest}");
        for (method, path) in
            [(Method::GET, path), (Method::PATCH, path), (Method::PUT, &finish), (Method::DELETE, path)]
        {
            let answer = server.send(server.chunk(method, path, None, "bytes")).await;
            assert!([400, 404].contains(&answer.status), "{answer:?}");
            if answer.status == 404 && !path.contains("%2f") {
                answer.expect_code(404, "BLOB_UPLOAD_UNKNOWN");
            }
        }
    }
    server.send(server.chunk(Method::PATCH, &location, None, "bytes")).await.expect(202);
    server.delete(&location).await.expect(204);
    for method in [Method::GET, Method::PATCH, Method::DELETE] {
        server.send(server.chunk(method, &location, None, "more")).await.expect_code(404, "BLOB_UPLOAD_UNKNOWN");
    }
    let finish = server.chunk(Method::PUT, &format!("{location}?digest={digest}"), None, "");
    server.send(finish).await.expect_code(404, "BLOB_UPLOAD_UNKNOWN");
    server.get(&format!("/v2/org/app/blobs/{digest}")).await.expect_code(404, "BLOB_UNKNOWN");
    assert_eq!(fs::read_dir(server.file(".chandlery/uploads")).map_or(0, Iterator::count), 0);
}

#[tokio::test]
async fn an_upload_goes_on_after_a_crash_and_at_another_replica() {
    let mut server = Server::start().await;
    let other = Launch::default().on_storage_of(&server).with("--read-freshness=strict").start().await;
    let location = server.begin_upload("org/app").await;
    server.send(server.chunk(Method::PATCH, &location, Some("0-3"), "one ")).await.expect(202);
    let answer = other.send(other.chunk(Method::PATCH, &location, Some("4-7"), "two ")).await.expect(202);
    assert_eq!(answer.header("range"), Some("0-7"));
    server.restart().await;
    assert_eq!(server.get(&location).await.expect(204).header("range"), Some("0-7"));
    let digest = sha256(b"one two three");
    let last = server.chunk(Method::PUT, &format!("{location}?digest={digest}"), Some("8-12"), "three");
    server.send(last).await.expect(201);
    for server in [&server, &other] {
        let blob = server.get(&format!("/v2/org/app/blobs/{digest}")).await.expect(200);
        assert_eq!(blob.text(), "one two three");
        server.get(&location).await.expect_code(404, "BLOB_UPLOAD_UNKNOWN");
    }
}

#[tokio::test]
async fn blobs_and_uploads_are_limited_in_size_and_number() {
    let server = Server::with(&["--registry-max-blob-size=100", "--registry-max-uploads=2"]).await;
    let whole = async |bytes: usize| {
        let bytes = vec![7; bytes];
        let path = format!("/v2/org/app/blobs/uploads/?digest={}", sha256(&bytes));
        server.send(server.chunk(Method::POST, &path, None, bytes)).await
    };
    whole(100).await.expect(201);
    whole(101).await.expect_code(413, "SIZE_INVALID");
    let location = server.begin_upload("org/app").await;
    server.send(server.chunk(Method::PATCH, &location, None, vec![7; 60])).await.expect(202);
    let more = server.chunk(Method::PATCH, &location, None, vec![7; 41]);
    server.send(more).await.expect_code(413, "SIZE_INVALID");
    assert_eq!(server.get(&location).await.expect(204).header("range"), Some("0-59"));
    server.begin_upload("org/app").await;
    let refused = server.send(server.request(Method::POST, "/v2/org/app/blobs/uploads/")).await;
    let refused = refused.expect_code(429, "TOOMANYREQUESTS");
    assert!(refused.header("retry-after").unwrap().parse::<u32>().is_ok());
    server.delete(&location).await.expect(204);
    server.begin_upload("org/app").await;
}

#[tokio::test]
async fn a_digest_s_algorithm_may_be_announced() {
    let server = Server::start().await;
    for (algorithm, digest) in [("sha256", sha256(b"bytes")), ("sha512", acceptance::sha512(b"bytes"))] {
        let path = format!("/v2/org/app/blobs/uploads/?digest-algorithm={algorithm}");
        let location = server.send(server.request(Method::POST, &path)).await.expect(202).location();
        server.send(server.chunk(Method::PATCH, &location, None, "bytes")).await.expect(202);
        let finish = server.chunk(Method::PUT, &format!("{location}?digest={digest}"), None, "");
        let answer = server.send(finish).await.expect(201);
        assert_eq!(server.get(&answer.location()).await.expect(200).text(), "bytes");
    }
    let path = "/v2/org/app/blobs/uploads/?digest-algorithm=md5";
    server.send(server.request(Method::POST, path)).await.expect_code(400, "DIGEST_INVALID");
}

/// Chunks as clients send them to a bucket, across two replicas: the store makes the blob of what it has.
#[tokio::test]
async fn in_a_bucket_an_upload_of_many_requests_is_not_read_again() {
    let Some(gateway) = gateway() else { return };
    let one = Launch::default().in_bucket(gateway).start().await;
    let other = Launch::default().on_storage_of(&one).with("--enable-metrics").start().await;
    let chunk = 5 << 20;
    let bytes: Vec<u8> = (0..2 * chunk + 1000).map(|n| (n % 253) as u8).collect();
    let digest = sha256(&bytes);
    let location = one.begin_upload("org/app").await;
    for (server, first) in [(&one, 0), (&other, chunk)] {
        let range = format!("{first}-{}", first + chunk - 1);
        let part = bytes[first..first + chunk].to_vec();
        server.send(server.chunk(Method::PATCH, &location, Some(&range), part)).await.expect(202);
    }
    let rest = other.chunk(Method::PUT, &format!("{location}?digest={digest}"), None, bytes[2 * chunk..].to_vec());
    other.send(rest).await.expect(201);
    let numbers = Exposition::parse(other.get("/metrics").await.expect(200).text());
    let calls = [("operation", "append_object"), ("outcome", "done")];
    assert_eq!(numbers.value("chandlery_storage_calls_total", &calls), Some(2.0));
    let read = numbers.value("chandlery_storage_bytes_total", &[("operation", "get")]).unwrap();
    assert!(read < chunk as f64, "{read} bytes were read");
    assert!(one.get(&format!("/v2/org/app/blobs/{digest}")).await.expect(200).body == bytes);
}
