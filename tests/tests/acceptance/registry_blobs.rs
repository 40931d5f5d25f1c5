//! Blobs of the registry: what comes in, in every way, is what goes out.

use acceptance::{Answer, Server, exchange, sha256, sha512};
use bytes::Bytes;
use futures_util::stream;
use reqwest::{Body, Method};

/// What is uploaded, from nothing to more than is held at once.
fn blobs() -> [Bytes; 4] {
    let large: Vec<u8> = (0..3_000_000_u32).map(|number| (number % 251) as u8).collect();
    [Bytes::new(), Bytes::from_static(b"{}"), Bytes::from_static(b"a blob of some bytes"), large.into()]
}

/// Three parts of it, some of which may be empty.
fn thirds(bytes: &Bytes) -> [(String, Bytes); 3] {
    let third = bytes.len().div_ceil(3);
    [0, 1, 2].map(|part| {
        let (start, end) = ((part * third).min(bytes.len()), ((part + 1) * third).min(bytes.len()));
        (format!("{start}-{}", end.saturating_sub(1)), bytes.slice(start..end))
    })
}

async fn finish(server: &Server, location: &str, digest: &str, range: Option<&str>, bytes: Bytes) -> Answer {
    server.send(server.chunk(Method::PUT, &format!("{location}?digest={digest}"), range, bytes)).await
}

/// Sends all parts but the last; returns where to go on.
async fn chunks(server: &Server, name: &str, parts: &[(String, Bytes)]) -> String {
    let mut location = server.begin_upload(name).await;
    for (range, bytes) in parts.iter().filter(|(_, bytes)| !bytes.is_empty()) {
        let request = server.chunk(Method::PATCH, &location, Some(range), bytes.clone());
        let answer = server.send(request).await.expect(202);
        let last = range.split_once('-').unwrap().1;
        assert_eq!(answer.header("range"), Some(&*format!("0-{last}")));
        location = answer.location();
    }
    location
}

/// One of the ways in which clients upload.
async fn upload(server: &Server, way: &str, name: &str, bytes: &Bytes, digest: &str) -> Answer {
    let parts = thirds(bytes);
    match way {
        "post" => {
            let path = format!("/v2/{name}/blobs/uploads/?digest={digest}");
            server.send(server.chunk(Method::POST, &path, None, bytes.clone())).await
        }
        "post, put" => {
            let location = server.begin_upload(name).await;
            finish(server, &location, digest, None, bytes.clone()).await
        }
        "post, patch in chunks, put" => {
            let location = chunks(server, name, &parts).await;
            finish(server, &location, digest, None, Bytes::new()).await
        }
        "post, patch in chunks, put with the last chunk" => {
            let location = chunks(server, name, &parts[..2]).await;
            let (range, last) = &parts[2];
            let range = Some(range.as_str()).filter(|_| !last.is_empty());
            finish(server, &location, digest, range, last.clone()).await
        }
        "post, patch streamed, put" => {
            let location = server.begin_upload(name).await;
            let pieces: Vec<_> = parts.into_iter().map(|(_, bytes)| Ok::<_, std::io::Error>(bytes)).collect();
            let body = Body::wrap_stream(stream::iter(pieces));
            let answer = server.send(server.request(Method::PATCH, &location).body(body)).await.expect(202);
            finish(server, &answer.location(), digest, None, Bytes::new()).await
        }
        other => panic!("{other}"),
    }
}

const WAYS: [&str; 5] = [
    "post",
    "post, put",
    "post, patch in chunks, put",
    "post, patch in chunks, put with the last chunk",
    "post, patch streamed, put",
];

#[tokio::test]
async fn every_way_to_upload_gives_the_same_bytes_back() {
    let server = Server::start().await;
    for (number, way) in WAYS.iter().enumerate() {
        for bytes in blobs() {
            for digest in [sha256(&bytes), sha512(&bytes)] {
                let name = format!("org/way{number}");
                let answer = upload(&server, way, &name, &bytes, &digest).await.expect(201);
                assert_eq!(answer.header("docker-content-digest"), Some(&*digest), "{way}");
                assert_eq!(answer.location(), format!("/v2/{name}/blobs/{digest}"));
                let read = server.get(&answer.location()).await.expect(200);
                assert!(read.body == bytes, "{way}: other bytes came back");
                let head = server.head(&answer.location()).await.expect(200);
                for read in [read, head] {
                    assert_eq!(read.header("docker-content-digest"), Some(&*digest));
                    assert_eq!(read.header("content-length"), Some(&*bytes.len().to_string()));
                    assert_eq!(read.header("accept-ranges"), Some("bytes"));
                    assert_eq!(read.header("content-type"), Some("application/octet-stream"));
                }
            }
        }
    }
    assert_eq!(std::fs::read_dir(server.file(".chandlery/uploads")).map_or(0, Iterator::count), 0);
}

#[tokio::test]
async fn bytes_of_another_digest_are_refused_in_every_way_and_nothing_is_stored() {
    let server = Server::start().await;
    let bytes = Bytes::from_static(b"a blob of some bytes");
    for way in WAYS {
        for wrong in [sha256(b"other"), sha512(b"other")] {
            upload(&server, way, "org/app", &bytes, &wrong).await.expect_code(400, "DIGEST_INVALID");
            server.get(&format!("/v2/org/app/blobs/{wrong}")).await.expect_code(404, "BLOB_UNKNOWN");
        }
        for bad in ["sha256:baddigeststring", "sha256", "", "md5:d41d8cd98f00b204e9800998ecf8427e", "sha256:../../x"] {
            upload(&server, way, "org/app", &bytes, bad).await.expect_code(400, "DIGEST_INVALID");
        }
    }
    let right = sha256(&bytes);
    server.get(&format!("/v2/org/app/blobs/{right}")).await.expect_code(404, "BLOB_UNKNOWN");
    let location = server.begin_upload("org/app").await;
    server.send(server.chunk(Method::PUT, &location, None, bytes)).await.expect_code(400, "DIGEST_INVALID");
}

#[tokio::test]
async fn parts_of_a_blob_are_served_as_http_has_it() {
    let server = Server::start().await;
    for length in [10_000_u32, 6_000_000] {
        let bytes: Vec<u8> = (0..length).map(|number| (number % 241) as u8).collect();
        let digest = server.push_blob("org/app", bytes.clone()).await;
        let path = format!("/v2/org/app/blobs/{digest}");
        let end = bytes.len();
        for (range, expected) in [
            ("500-1499", 500..1500),
            ("500-", 500..end),
            ("-500", end - 500..end),
            ("2000-99999999", 2000..end),
            ("0-0", 0..1),
        ] {
            let answer = server.get_with(&path, "range", &format!("bytes={range}")).await.expect(206);
            assert!(answer.body == bytes[expected.clone()], "{range}");
            let content_range = format!("bytes {}-{}/{end}", expected.start, expected.end - 1);
            assert_eq!(answer.header("content-range"), Some(&*content_range));
            assert_eq!(answer.header("docker-content-digest"), Some(&*digest));
        }
        for range in ["500-0", "99999999-", "99999999-100000000", "-0"] {
            let answer = server.get_with(&path, "range", &format!("bytes={range}")).await.expect(416);
            assert_eq!(answer.header("content-range"), Some(&*format!("bytes */{end}")), "{range}");
        }
        let etag = server.head(&path).await.expect(200).header("etag").unwrap().to_owned();
        server.get_with(&path, "if-none-match", &etag).await.expect(304);
        // only GET has ranges
        server.send(server.request(Method::HEAD, &path).header("range", "bytes=0-1")).await.expect(200);
    }
}

#[tokio::test]
async fn a_deleted_blob_is_gone_at_once_and_stays_where_else_it_is() {
    let mut server = Server::start().await;
    for name in ["org/one", "org/two"] {
        server.push_blob(name, "a blob").await;
    }
    let digest = sha256(b"a blob");
    let (one, two) = (format!("/v2/org/one/blobs/{digest}"), format!("/v2/org/two/blobs/{digest}"));
    server.delete(&one).await.expect(202);
    for _ in 0..2 {
        server.head(&one).await.expect(404);
        server.get(&one).await.expect_code(404, "BLOB_UNKNOWN");
        server.delete(&one).await.expect_code(404, "BLOB_UNKNOWN");
        assert_eq!(server.get(&two).await.expect(200).text(), "a blob");
        server.restart().await;
    }
    server.push_blob("org/one", "a blob").await;
    server.get(&one).await.expect(200);
}

#[tokio::test]
async fn what_is_no_digest_and_no_name_is_told_so() {
    let server = Server::start().await;
    let digest = sha256(b"a blob");
    for bad in ["sha256:baddigeststring", "sha256:", "x", "sha1:aaaa", &digest.to_uppercase()] {
        server.get(&format!("/v2/org/app/blobs/{bad}")).await.expect_code(400, "DIGEST_INVALID");
        server.delete(&format!("/v2/org/app/blobs/{bad}")).await.expect_code(400, "DIGEST_INVALID");
    }
    for name in ["Org/app", "org/-app", "org/a..b", "org/a%20b", "org/.app", "org/_app", "a%2f..%2fb", "a%00b", "a//b"]
    {
        let path = format!("/v2/{name}/blobs/{digest}");
        exchange(&server, "GET", &path).await.expect_code(400, "NAME_INVALID");
    }
    let long = vec!["a"; 200].join("/");
    server.get(&format!("/v2/{long}/blobs/{digest}")).await.expect_code(400, "NAME_INVALID");
    server.get(&format!("/v2/org/app/blobs/{digest}")).await.expect_code(404, "BLOB_UNKNOWN");
}

#[tokio::test]
async fn a_blob_of_another_name_is_mounted_and_one_that_is_not_there_is_uploaded() {
    let server = Server::start().await;
    let digest = server.push_blob("org/one", "a blob").await;
    let mount = async |query: &str| {
        server.send(server.request(Method::POST, &format!("/v2/org/two/blobs/uploads/?{query}"))).await
    };
    let answer = mount(&format!("mount={digest}&from=org/one")).await.expect(201);
    assert_eq!(answer.location(), format!("/v2/org/two/blobs/{digest}"));
    assert_eq!(server.get(&answer.location()).await.expect(200).text(), "a blob");
    // the source may go
    server.delete(&format!("/v2/org/one/blobs/{digest}")).await.expect(202);
    assert_eq!(server.get(&answer.location()).await.expect(200).text(), "a blob");
    let absent = sha256(b"absent");
    for query in [
        format!("mount={absent}&from=org/one"),
        format!("mount={digest}&from=org/one"),
        format!("mount={absent}&from=never/heard"),
        format!("mount={absent}&from=NO%20NAME"),
        format!("mount={absent}"),
    ] {
        let location = mount(&query).await.expect(202).location();
        server.get(&location).await.expect(204);
    }
    mount("mount=sha256:bad&from=org/one").await.expect_code(400, "DIGEST_INVALID");
    let location = mount(&format!("mount={absent}&from=org/one")).await.expect(202).location();
    finish(&server, &location, &absent, None, Bytes::from_static(b"absent")).await.expect(201);
}
