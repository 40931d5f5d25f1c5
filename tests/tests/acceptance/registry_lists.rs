//! Lists of the registry: tags, names, referrers, and their pages.

use acceptance::{Answer, INDEX, MANIFEST, Server, descriptor, image, sha256};
use serde_json::{Value, json};

/// The address of the next page, which must be relative.
#[track_caller]
fn next(answer: &Answer) -> Option<String> {
    let link = answer.header("link")?;
    let path = link.strip_prefix('<').and_then(|link| link.strip_suffix(">; rel=\"next\""));
    let path = path.unwrap_or_else(|| panic!("{link}"));
    assert!(path.starts_with("/v2/"), "{path}");
    Some(path.to_owned())
}

/// Every line of a list, page by page.
async fn all(server: &Server, path: &str, field: &str) -> Vec<String> {
    let mut lines = Vec::new();
    let mut path = Some(path.to_owned());
    while let Some(this) = path {
        let answer = server.get(&this).await.expect(200);
        let page = answer.json()[field].as_array().unwrap().clone();
        assert!(!page.is_empty() || lines.is_empty(), "an empty page at the end");
        lines.extend(page.iter().map(|line| line.as_str().unwrap().to_owned()));
        path = next(&answer);
    }
    lines
}

#[tokio::test]
async fn o5_tags_are_listed_in_byte_order_and_in_pages() {
    let server = Server::start().await;
    let manifest = server.push_image("org/app", "first", "layer").await;
    let tags = ["B", "a", "a.b", "a_b", "Z-1", "0", "_", "latest"];
    for tag in tags {
        server.put_manifest("org/app", tag, MANIFEST, manifest.clone()).await.expect(201);
    }
    let mut sorted: Vec<&str> = tags.into_iter().chain(["first"]).collect();
    sorted.sort_unstable();
    let list = "/v2/org/app/tags/list";
    let whole = server.get(list).await.expect(200);
    assert_eq!(whole.json(), json!({ "name": "org/app", "tags": sorted }));
    assert_eq!((whole.header("content-type"), next(&whole)), (Some("application/json"), None));
    for size in 1..=sorted.len() + 1 {
        assert_eq!(all(&server, &format!("{list}?n={size}"), "tags").await, sorted, "in pages of {size}");
    }
    let page = async |query: &str| server.get(&format!("{list}?{query}")).await.expect(200);
    for (query, expected) in
        [("last=a", &sorted[5..]), ("last=a&n=2", &sorted[5..7]), ("last=Y", &sorted[2..]), ("last=zzz", &[])]
    {
        assert_eq!(page(query).await.json()["tags"], json!(expected), "{query}");
    }
    let none = page("n=0").await;
    assert_eq!((none.json()["tags"].clone(), next(&none)), (json!([]), None));
    assert_eq!(next(&page("n=9").await), None, "nothing follows");
    for bad in ["n=-1", "n=x", "n="] {
        server.get(&format!("{list}?{bad}")).await.expect_code(400, "UNSUPPORTED");
    }
    server.get("/v2/never/heard/tags/list").await.expect_code(404, "NAME_UNKNOWN");
}

#[tokio::test]
async fn all_names_are_listed_in_pages() {
    let server = Server::with(&["--depth-dynamic", "--stack-repository="]).await;
    let catalog = |query: &str| format!("/v2/_catalog{query}");
    assert_eq!(server.get(&catalog("")).await.expect(200).json(), json!({ "repositories": [] }));
    for name in ["org/b", "org/a", "zeta", "org/a/deep"] {
        server.push_image(name, "latest", "layer").await;
    }
    // charts of the classic door are there too
    server.publish("classic", &acceptance::Chart::new("one", "1.0.0")).await;
    let expected = ["classic/one", "org/a", "org/a/deep", "org/b", "zeta"];
    for query in ["", "?n=1", "?n=2", "?n=5", "?n=100"] {
        assert_eq!(all(&server, &catalog(query), "repositories").await, expected, "{query}");
    }
    let after = server.get(&catalog("?last=org/a&n=1")).await.expect(200);
    assert_eq!(after.json()["repositories"], json!(["org/a/deep"]));
    server.get(&catalog("?n=x")).await.expect_code(400, "UNSUPPORTED");
}

#[tokio::test]
async fn o14_what_refers_to_a_manifest_is_listed() {
    let mut server = Server::start().await;
    let list = async |server: &Server, digest: &str, query: &str| {
        let answer = server.get(&format!("/v2/org/app/referrers/{digest}{query}")).await.expect(200);
        assert_eq!(answer.header("content-type"), Some(INDEX));
        let body = answer.json();
        assert_eq!((&body["schemaVersion"], &body["mediaType"]), (&json!(2), &json!(INDEX)));
        (answer, body["manifests"].as_array().unwrap().clone())
    };
    let absent = sha256(b"never pushed");
    assert!(list(&server, &absent, "").await.1.is_empty(), "there is no such name");
    let subject = server.push_image("org/app", "1", "layer").await;
    let digest = sha256(&subject);
    assert!(list(&server, &digest, "").await.1.is_empty());

    let subject = descriptor(MANIFEST, &subject);
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let refer = |config: &Value, fields: Value| {
        let mut manifest = image(config.clone(), &[]);
        manifest.as_object_mut().unwrap().extend(fields.as_object().unwrap().clone());
        manifest.to_string()
    };
    let typed = refer(
        &empty,
        json!({
            "subject": subject, "artifactType": "application/x-sbom", "annotations": { "a": "b", "c": "d" },
        }),
    );
    let by_config = refer(&descriptor("application/x-config", b"{}"), json!({ "subject": subject }));
    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [], "subject": subject }).to_string();
    let to_absent = refer(
        &empty,
        json!({ "subject": descriptor(MANIFEST, b"never pushed"), "artifactType": "application/x-sbom" }),
    );
    for (media_type, manifest) in [(MANIFEST, &typed), (MANIFEST, &by_config), (INDEX, &index), (MANIFEST, &to_absent)]
    {
        let answer = server.put_manifest("org/app", &sha256(manifest.as_bytes()), media_type, manifest.clone()).await;
        assert!(answer.expect(201).header("oci-subject").is_some());
    }
    for _ in 0..2 {
        let (answer, found) = list(&server, &digest, "").await;
        assert_eq!(answer.header("oci-filters-applied"), None);
        let by_digest = |text: &str| {
            let digest = sha256(text.as_bytes());
            found.iter().find(|found| found["digest"] == digest).unwrap_or_else(|| panic!("{found:?}")).clone()
        };
        assert_eq!(found.len(), 3, "{found:?}");
        assert_eq!(
            by_digest(&typed),
            json!({
                "mediaType": MANIFEST, "digest": sha256(typed.as_bytes()), "size": typed.len(),
                "artifactType": "application/x-sbom", "annotations": { "a": "b", "c": "d" },
            })
        );
        assert_eq!(by_digest(&by_config)["artifactType"], "application/x-config");
        assert_eq!(by_digest(&index).get("artifactType"), None);
        let (answer, sboms) = list(&server, &digest, "?artifactType=application/x-sbom").await;
        assert_eq!(answer.header("oci-filters-applied"), Some("artifactType"));
        assert_eq!(sboms, [by_digest(&typed)]);
        assert!(list(&server, &digest, "?artifactType=application/x-none").await.1.is_empty());
        assert_eq!(list(&server, &absent, "").await.1.len(), 1, "a subject need not exist");
        server.restart().await;
    }
    server.get("/v2/org/app/referrers/sha256:bad").await.expect_code(400, "DIGEST_INVALID");
    server.delete(&format!("/v2/org/app/manifests/{}", sha256(typed.as_bytes()))).await.expect(202);
    assert_eq!(list(&server, &digest, "").await.1.len(), 2);
}

#[tokio::test]
async fn many_referrers_come_in_pages_that_clients_can_read() {
    let server = Server::start().await;
    let subject = server.push_image("org/app", "1", "layer").await;
    let (subject, digest) = (descriptor(MANIFEST, &subject), sha256(&subject));
    let empty = descriptor("application/vnd.oci.empty.v1+json", b"{}");
    let mut pushed = Vec::new();
    for number in 0..50 {
        let mut manifest = image(empty.clone(), &[]);
        let filler = format!("{number:02}").repeat(30_000);
        manifest.as_object_mut().unwrap().extend(
            json!({ "subject": subject, "artifactType": "application/x-large", "annotations": { "filler": filler } })
                .as_object()
                .unwrap()
                .clone(),
        );
        let bytes = manifest.to_string();
        pushed.push(sha256(bytes.as_bytes()));
        server.put_manifest("org/app", pushed.last().unwrap(), MANIFEST, bytes).await.expect(201);
    }
    let mut found = Vec::new();
    let mut path = Some(format!("/v2/org/app/referrers/{digest}?artifactType=application/x-large"));
    while let Some(this) = path {
        let answer = server.get(&this).await.expect(200);
        assert!(answer.body.len() < 4 * 1024 * 1024, "clients read no more");
        assert_eq!(answer.header("oci-filters-applied"), Some("artifactType"));
        let manifests = answer.json()["manifests"].as_array().unwrap().clone();
        found.extend(manifests.iter().map(|found| found["digest"].as_str().unwrap().to_owned()));
        path = next(&answer);
    }
    pushed.sort_unstable();
    found.sort_unstable();
    assert_eq!(found, pushed);
}
