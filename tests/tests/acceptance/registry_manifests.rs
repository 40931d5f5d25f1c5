//! Manifests of the registry: every kind that clients push comes back as it was.

use acceptance::{INDEX, MANIFEST, Server, descriptor, image, sha256, sha512};
use bytes::Bytes;
use reqwest::Method;
use serde_json::{Value, json};

const CONFIG: &str = "application/vnd.oci.image.config.v1+json";
const LAYER: &str = "application/vnd.oci.image.layer.v1.tar";

/// Blobs, and manifests of every kind on them. The name has the blobs afterwards.
async fn kinds(server: &Server, name: &str) -> Vec<(&'static str, &'static str, Value)> {
    for blob in ["{}", "layer"] {
        server.push_blob(name, blob).await;
    }
    let (config, layer) = (descriptor(CONFIG, b"{}"), descriptor(LAYER, b"layer"));
    let plain = image(config.clone(), std::slice::from_ref(&layer));
    let subject = descriptor(MANIFEST, plain.to_string().as_bytes());
    let missing = descriptor(MANIFEST, b"never pushed");
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [subject] });
    let nested = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(INDEX, index.to_string().as_bytes())] });
    let with = |manifest: &Value, fields: Value| {
        let mut manifest = manifest.clone();
        manifest.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        manifest
    };
    let foreign = json!({
        "mediaType": "application/vnd.oci.image.layer.nondistributable.v1.tar+gzip",
        "digest": sha256(b"lies elsewhere"), "size": 14, "urls": ["https://elsewhere.example/layer"],
    });
    let mut without_type = plain.clone();
    without_type.as_object_mut().unwrap().remove("mediaType");
    let mut inline = empty.clone();
    inline["data"] = json!("e30=");
    vec![
        ("image", MANIFEST, plain.clone()),
        ("image-without-type", MANIFEST, without_type),
        ("index", INDEX, index.clone()),
        ("nested", INDEX, nested),
        ("empty-index", INDEX, json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] })),
        ("no-layers", MANIFEST, image(config.clone(), &[])),
        (
            "artifact",
            MANIFEST,
            with(
                &image(empty.clone(), &[layer]),
                json!({ "artifactType": "application/x-sbom", "annotations": {"a": "b"} }),
            ),
        ),
        (
            "inline",
            MANIFEST,
            with(&image(inline, std::slice::from_ref(&empty)), json!({ "artifactType": "application/x-inline" })),
        ),
        ("referrer", MANIFEST, with(&image(empty.clone(), &[]), json!({ "subject": subject }))),
        ("lost-subject", MANIFEST, with(&image(empty, &[]), json!({ "subject": missing }))),
        ("index-with-subject", INDEX, with(&index, json!({ "subject": subject }))),
        ("foreign", MANIFEST, image(config.clone(), &[foreign])),
        ("unknown-fields", MANIFEST, with(&image(config, &[]), json!({ "org.example.field": { "deep": [1, null] } }))),
    ]
}

#[tokio::test]
async fn every_kind_comes_back_byte_for_byte_by_tag_and_by_digest() {
    let mut server = Server::start().await;
    let kinds = kinds(&server, "org/app").await;
    let mut pushed = Vec::new();
    for (kind, media_type, manifest) in &kinds {
        let bytes = Bytes::from(serde_json::to_string_pretty(manifest).unwrap());
        // pretty text has other digests than those that others refer to, which must be there too
        for bytes in [Bytes::from(manifest.to_string()), bytes] {
            for digest in [sha256(&bytes), sha512(&bytes)] {
                let answer = server.put_manifest("org/app", &digest, media_type, bytes.clone()).await.expect(201);
                assert_eq!(answer.header("docker-content-digest"), Some(&*digest), "{kind}");
                assert_eq!(server.get(&answer.location()).await.expect(200).body, bytes, "{kind}");
                pushed.push((digest, *media_type, bytes.clone()));
            }
            let answer = server.put_manifest("org/app", kind, media_type, bytes.clone()).await.expect(201);
            let subject = manifest["subject"]["digest"].as_str();
            assert_eq!(answer.header("oci-subject"), subject, "{kind}");
            assert_eq!(server.get(&answer.location()).await.expect(200).body, bytes, "{kind}");
            let head = server.head(&format!("/v2/org/app/manifests/{kind}")).await.expect(200);
            assert_eq!(head.header("docker-content-digest"), Some(&*sha256(&bytes)));
        }
    }
    // O7, O8, O15: a retagged manifest stays under its digest, and all of it survives a restart
    for _ in 0..2 {
        for (digest, media_type, bytes) in &pushed {
            let path = format!("/v2/org/app/manifests/{digest}");
            let (get, head) = (server.get(&path).await.expect(200), server.head(&path).await.expect(200));
            assert_eq!(get.body, bytes);
            for answer in [get, head] {
                assert_eq!(answer.header("content-type"), Some(*media_type));
                assert_eq!(answer.header("content-length"), Some(&*bytes.len().to_string()));
                assert_eq!(answer.header("docker-content-digest"), Some(&**digest));
            }
        }
        server.restart().await;
    }
}

#[tokio::test]
async fn a_manifest_that_the_client_has_is_not_sent_again() {
    let server = Server::start().await;
    server.push_image("org/app", "latest", "layer").await;
    let answer = server.get("/v2/org/app/manifests/latest").await.expect(200);
    let etag = answer.header("etag").unwrap();
    server.get_with("/v2/org/app/manifests/latest", "if-none-match", etag).await.expect(304);
    server.push_image("org/app", "latest", "another").await;
    server.get_with("/v2/org/app/manifests/latest", "if-none-match", etag).await.expect(200);
}

#[tokio::test]
async fn several_tags_are_set_by_one_request() {
    let server = Server::start().await;
    let bytes = server.push_image("org/app", "one", "layer").await;
    let digest = sha256(&bytes);
    let tags: Vec<String> = (0..12).map(|number| format!("tag-{number}")).collect();
    let query = tags.iter().map(|tag| format!("tag={tag}")).collect::<Vec<_>>().join("&");
    let answer =
        server.put_manifest("org/app", &format!("{digest}?{query}"), MANIFEST, bytes.clone()).await.expect(201);
    let mut set: Vec<_> = answer.headers.get_all("oci-tag").iter().map(|tag| tag.to_str().unwrap()).collect();
    set.sort_unstable();
    let mut expected: Vec<_> = tags.iter().map(String::as_str).collect();
    expected.sort_unstable();
    assert_eq!(set, expected);
    for tag in &tags {
        assert_eq!(server.get(&format!("/v2/org/app/manifests/{tag}")).await.expect(200).body, bytes);
    }
    let many = (0..65).map(|number| format!("tag=more-{number}")).collect::<Vec<_>>().join("&");
    let refused = server.put_manifest("org/app", &format!("{digest}?{many}"), MANIFEST, bytes.clone()).await;
    refused.expect_code(414, "UNSUPPORTED");
    server.get("/v2/org/app/manifests/more-0").await.expect_code(404, "MANIFEST_UNKNOWN");
    let bad = server.put_manifest("org/app", &format!("{digest}?tag=-bad"), MANIFEST, bytes).await;
    bad.expect_code(400, "MANIFEST_INVALID");
}

#[tokio::test]
async fn what_is_no_manifest_or_lacks_its_parts_is_refused_and_nothing_is_stored() {
    let server = Server::start().await;
    let good = server.push_image("org/app", "good", "layer").await;
    let text = String::from_utf8(good.to_vec()).unwrap();
    let absent = image(descriptor(CONFIG, b"{}"), &[descriptor(LAYER, b"absent")]).to_string();
    let index =
        json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [descriptor(MANIFEST, b"absent")] }).to_string();
    let short_index = json!({ "schemaVersion": 2, "manifests": [{
        "mediaType": MANIFEST, "digest": sha256(&good), "size": good.len() - 1,
    }] });
    let deep = "[".repeat(100_000);
    let size = |size: &str| text.replace("\"size\":2", &format!("\"size\":{size}"));
    for (reference, media_type, body, status, code) in [
        (&*sha256(&good), MANIFEST, format!("{text}  "), 400, "DIGEST_INVALID"),
        (&*sha512(b"other"), MANIFEST, text.clone(), 400, "DIGEST_INVALID"),
        ("sha256:baddigeststring", MANIFEST, text.clone(), 400, "DIGEST_INVALID"),
        ("-bad-tag", MANIFEST, text.clone(), 400, "MANIFEST_INVALID"),
        ("tag", INDEX, text.clone(), 400, "MANIFEST_INVALID"),
        ("tag", "text/plain", text.clone(), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, text.replace("\"schemaVersion\":2", "\"schemaVersion\":1"), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, "{}".to_owned(), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, String::new(), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, deep, 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, text.replace("sha256:", "sha256:zz"), 400, "MANIFEST_INVALID"),
        // a length that is not the content's, or that clients cannot read
        ("tag", MANIFEST, size("3"), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, text.replace("\"size\":5", "\"size\":4"), 400, "MANIFEST_INVALID"),
        ("tag", INDEX, short_index.to_string(), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, size("-1"), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, size("2.5"), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, size("9223372036854775808"), 400, "MANIFEST_INVALID"),
        // two things to two readers
        ("tag", MANIFEST, text.replacen('{', "{\"config\":{},", 1), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, text.replacen('{', "{\"Config\":{},", 1), 400, "MANIFEST_INVALID"),
        ("tag", MANIFEST, absent, 404, "MANIFEST_BLOB_UNKNOWN"),
        ("tag", INDEX, index, 404, "MANIFEST_BLOB_UNKNOWN"),
    ] {
        let answer = server.put_manifest("org/app", reference, media_type, body).await;
        answer.expect_code(status, code);
    }
    let no_text = [b"{\"other\":\"\xff\",", &good[1..]].concat();
    server.put_manifest("org/app", "tag", MANIFEST, no_text).await.expect_code(400, "MANIFEST_INVALID");
    server.get("/v2/org/app/manifests/tag").await.expect_code(404, "MANIFEST_UNKNOWN");
    let tags = server.get("/v2/org/app/tags/list").await.expect(200).json();
    assert_eq!(tags["tags"], json!(["good"]));
    // blobs of another name are none of this one
    let elsewhere = server.put_manifest("org/other", "tag", MANIFEST, good).await;
    elsewhere.expect_code(404, "MANIFEST_BLOB_UNKNOWN");
    server.get("/v2/org/app/manifests/sha256:bad").await.expect_code(400, "DIGEST_INVALID");
    server.get("/v2/org/app/manifests/-bad").await.expect_code(404, "MANIFEST_UNKNOWN");
    server.get("/v2/never/heard/manifests/latest").await.expect_code(404, "MANIFEST_UNKNOWN");
    server.send(server.request(Method::POST, "/v2/org/app/manifests/tag")).await.expect_code(405, "UNSUPPORTED");
}

#[tokio::test]
async fn a_manifest_may_have_four_mebibytes_and_no_more_than_the_setting_says() {
    let mut server = Server::start().await;
    server.push_blob("org/app", "{}").await;
    let large = |bytes: usize| {
        let mut manifest = image(descriptor(CONFIG, b"{}"), &[]);
        manifest["annotations"] = json!({ "filler": "x".repeat(bytes) });
        manifest.to_string()
    };
    let bytes = large(4 * 1024 * 1024 - 1000);
    server.put_manifest("org/app", "large", MANIFEST, bytes.clone()).await.expect(201);
    assert!(server.get("/v2/org/app/manifests/large").await.expect(200).body == bytes);
    server.restart_with(&["--registry-max-manifest-size=5000"]).await;
    server.put_manifest("org/app", "small", MANIFEST, large(4000)).await.expect(201);
    server.put_manifest("org/app", "larger", MANIFEST, large(5000)).await.expect_code(413, "SIZE_INVALID");
    assert!(server.get("/v2/org/app/manifests/large").await.expect(200).body == bytes, "it is there all the same");
}

#[tokio::test]
async fn deletions_take_effect_at_once() {
    let mut server = Server::start().await;
    let bytes = server.push_image("org/app", "one", "layer").await;
    server.put_manifest("org/app", "two", MANIFEST, bytes.clone()).await.expect(201);
    let digest = sha256(&bytes);
    let path = |reference: &str| format!("/v2/org/app/manifests/{reference}");
    server.delete(&path("one")).await.expect(202);
    server.head(&path("one")).await.expect(404);
    server.delete(&path("one")).await.expect_code(404, "MANIFEST_UNKNOWN");
    server.head(&path("two")).await.expect(200);
    server.head(&path(&digest)).await.expect(200);
    server.delete(&path(&digest)).await.expect(202);
    for _ in 0..2 {
        for reference in ["one", "two", &digest] {
            server.get(&path(reference)).await.expect_code(404, "MANIFEST_UNKNOWN");
        }
        assert_eq!(server.get("/v2/org/app/tags/list").await.expect(200).json()["tags"], json!([]));
        server.restart().await;
    }
    // O17: a push after a deletion
    server.push_image("org/app", "one", "layer").await;
    assert_eq!(server.get(&path("one")).await.expect(200).body, bytes);
    server.delete(&path("sha256:bad")).await.expect_code(400, "DIGEST_INVALID");
}
