//! The registry's part of `openapi.yaml`: every operation is answered in every way that is documented, and in no other.

use std::collections::BTreeSet;
use std::fs;

use acceptance::{Answer, Chart, Contract, INDEX, Launch, MANIFEST, Operation, Server, descriptor, image, sha256};
use bytes::Bytes;
use reqwest::Method;
use serde_json::json;

/// What was seen so far.
struct Walk<'a> {
    contract: &'a Contract,
    operations: Vec<Operation>,
    seen: BTreeSet<(String, u16)>,
}

/// A request to an operation: its id, the end of its path, headers, body.
struct Call<'a> {
    id: &'a str,
    path: String,
    headers: &'a [(&'a str, &'a str)],
    body: Bytes,
}

fn call<'a>(id: &'a str, path: impl Into<String>) -> Call<'a> {
    Call { id, path: path.into(), headers: &[], body: Bytes::new() }
}

impl<'a> Call<'a> {
    fn headers(self, headers: &'a [(&'a str, &'a str)]) -> Self {
        Self { headers, ..self }
    }

    fn body(self, body: impl Into<Bytes>) -> Self {
        Self { body: body.into(), ..self }
    }
}

impl Walk<'_> {
    /// Sends a request, holds the answer to the contract, and demands the status.
    async fn send(&mut self, server: &Server, call: Call<'_>, status: u16) -> Answer {
        let operation = self.operations.iter().find(|operation| operation.id == call.id);
        let operation = operation.unwrap_or_else(|| panic!("{} is not documented", call.id));
        let method: Method = operation.method.parse().unwrap();
        let request = server.request(method, &format!("/v2/{}", call.path)).body(call.body);
        let request = call.headers.iter().fold(request, |request, (name, value)| request.header(*name, *value));
        let answer = server.send(request).await.expect(status);
        self.contract.check(operation, &answer);
        self.seen.insert((operation.id.clone(), status));
        answer
    }
}

const IMAGE: &[(&str, &str)] = &[("content-type", MANIFEST)];

#[tokio::test]
async fn everything_documented_of_the_registry_is_answered_and_everything_answered_is_documented() {
    let contract = Contract::read();
    let operations = contract.operations().into_iter().filter(Operation::is_of_registry).collect();
    let mut walk = Walk { contract: &contract, operations, seen: BTreeSet::new() };
    manifests(&mut walk).await;
    blobs(&mut walk).await;
    lists(&mut walk).await;
    tokens(&mut walk).await;
    refusals(&mut walk).await;
    without_storage(&mut walk).await;
    let mut never = Vec::new();
    for operation in &walk.operations {
        for status in contract.statuses(operation) {
            if !walk.seen.contains(&(operation.id.clone(), status)) {
                never.push(format!("{} {status}", operation.id));
            }
        }
    }
    assert!(never.is_empty(), "documented, but never answered: {never:#?}");
}

async fn manifests(walk: &mut Walk<'_>) {
    let server = Server::with(&["--registry-max-manifest-size=2000"]).await;
    let bytes = server.push_image("app", "good", "layer").await;
    let digest = sha256(&bytes);
    let put = |reference: &str| call("put_manifest", format!("app/manifests/{reference}")).headers(IMAGE);
    walk.send(&server, put(&format!("{digest}?tag=a&tag=b")).body(bytes.clone()), 201).await;
    let subject = json!({ "mediaType": MANIFEST, "digest": digest, "size": bytes.len() });
    let mut referrer = image(descriptor("application/vnd.oci.empty.v1+json", b"{}"), &[]);
    referrer["subject"] = subject;
    let answer = walk.send(&server, put("referrer").body(referrer.to_string()), 201).await;
    assert_eq!(answer.header("oci-subject"), Some(&*digest));
    let absent = image(descriptor("application/vnd.oci.empty.v1+json", b"absent"), &[]).to_string();
    walk.send(&server, put("tag").body(absent), 404).await;
    walk.send(&server, put("tag").body("{}"), 400).await;
    walk.send(&server, put("tag").body(vec![b' '; 2001]), 413).await;
    let many = (0..65).map(|number| format!("tag={number}")).collect::<Vec<_>>().join("&");
    walk.send(&server, put(&format!("tag?{many}")).body(bytes.clone()), 414).await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    server.push_blob("one", "{}").await;
    server.push_blob("one", "layer").await;
    let conflict = call("put_manifest", "one/manifests/1.0.0").headers(IMAGE).body(bytes.clone());
    walk.send(&server, conflict, 409).await;
    let (name, deep) = server.push_chart_blobs("too/deep", &Chart::new("one", "1.0.0"), None).await;
    walk.send(&server, call("put_manifest", format!("{name}/manifests/1.0.0")).headers(IMAGE).body(deep), 403).await;

    let index = json!({ "schemaVersion": 2, "mediaType": INDEX, "manifests": [] }).to_string();
    server.put_manifest("app", "index", INDEX, index).await.expect(201);
    for reference in ["good", "index", &*digest] {
        walk.send(&server, call("show_manifest", format!("app/manifests/{reference}")), 200).await;
    }
    walk.send(&server, call("show_manifest", "one/manifests/1.0.0"), 200).await;
    let etag = format!("\"{digest}\"");
    let known = [("if-none-match", etag.as_str())];
    walk.send(&server, call("show_manifest", "app/manifests/good").headers(&known), 304).await;
    walk.send(&server, call("show_manifest", "app/manifests/sha256:bad"), 400).await;
    walk.send(&server, call("show_manifest", "app/manifests/absent"), 404).await;
    walk.send(&server, call("delete_manifest", "app/manifests/good"), 202).await;
    walk.send(&server, call("delete_manifest", "app/manifests/good"), 404).await;
    walk.send(&server, call("delete_manifest", "app/manifests/sha256:bad"), 400).await;
    walk.send(&server, call("delete_manifest", "stack/gateway/manifests/0.1.0"), 403).await;
}

async fn blobs(walk: &mut Walk<'_>) {
    let server = Server::with(&["--registry-max-blob-size=1000", "--registry-max-uploads=2"]).await;
    let digest = server.push_blob("app", "a blob").await;
    let blob = format!("app/blobs/{digest}");
    walk.send(&server, call("show_blob", &*blob), 200).await;
    walk.send(&server, call("show_blob", &*blob).headers(&[("range", "bytes=0-1")]), 206).await;
    let etag = format!("\"{digest}\"");
    walk.send(&server, call("show_blob", &*blob).headers(&[("if-none-match", &etag)]), 304).await;
    walk.send(&server, call("show_blob", "app/blobs/sha256:bad"), 400).await;
    walk.send(&server, call("show_blob", format!("app/blobs/{}", sha256(b"x"))), 404).await;
    walk.send(&server, call("show_blob", &*blob).headers(&[("range", "bytes=99-")]), 416).await;

    let begin = |query: &str| call("begin_upload", format!("other/blobs/uploads/{query}"));
    walk.send(&server, begin(&format!("?mount={digest}&from=app")), 201).await;
    walk.send(&server, begin("?mount=bad"), 400).await;
    walk.send(&server, begin(&format!("?digest={digest}")).body(vec![7; 1001]), 413).await;
    walk.send(&server, call("begin_upload", "never/x/y/blobs/uploads/more/"), 404).await;
    let first = walk.send(&server, begin(""), 202).await.location();
    let second = walk.send(&server, begin(""), 202).await.location();
    walk.send(&server, begin(""), 429).await;
    let (first, second) = (first.strip_prefix("/v2/").unwrap(), second.strip_prefix("/v2/").unwrap());

    walk.send(&server, call("append_upload", first).body("a ").headers(&[("content-range", "0-1")]), 202).await;
    walk.send(&server, call("append_upload", first).body("a ").headers(&[("content-range", "0-1")]), 416).await;
    walk.send(&server, call("append_upload", first).body("a ").headers(&[("content-range", "x")]), 400).await;
    walk.send(&server, call("append_upload", first).body(vec![7; 1001]), 413).await;
    walk.send(&server, call("show_upload", first), 204).await;
    let finish = |query: &str| call("finish_upload", format!("{first}?digest={query}"));
    walk.send(&server, finish(&sha256(b"other")), 400).await;
    walk.send(&server, finish(&digest).body(vec![7; 1001]), 413).await;
    walk.send(&server, finish(&digest).body("blob").headers(&[("content-range", "0-3")]), 416).await;
    walk.send(&server, finish(&digest).body("blob").headers(&[("content-range", "2-5")]), 201).await;
    walk.send(&server, finish(&digest), 404).await;
    walk.send(&server, call("append_upload", first), 404).await;
    walk.send(&server, call("show_upload", first), 404).await;
    walk.send(&server, call("cancel_upload", second), 204).await;
    walk.send(&server, call("cancel_upload", second), 404).await;
    for id in ["show_upload", "cancel_upload"] {
        walk.send(&server, call(id, "NO-NAME/blobs/uploads/x"), 400).await;
    }
    walk.send(&server, call("delete_blob", &*blob), 202).await;
    walk.send(&server, call("delete_blob", &*blob), 404).await;
    walk.send(&server, call("delete_blob", "app/blobs/sha256:bad"), 400).await;
    walk.send(&server, call("delete_blob", format!("stack/gateway/blobs/{digest}")), 403).await;
}

async fn lists(walk: &mut Walk<'_>) {
    let server = Server::start().await;
    let bytes = server.push_image("app", "a", "layer").await;
    server.put_manifest("app", "b", MANIFEST, bytes.clone()).await.expect(201);
    walk.send(&server, call("show_registry", ""), 200).await;
    server.push_image("second", "a", "layer").await;
    assert!(walk.send(&server, call("list_names", "_catalog?n=1"), 200).await.header("link").is_some());
    walk.send(&server, call("list_names", "_catalog?n=x"), 400).await;
    assert!(walk.send(&server, call("list_tags", "app/tags/list?n=1"), 200).await.header("link").is_some());
    walk.send(&server, call("list_tags", "app/tags/list?n=x"), 400).await;
    walk.send(&server, call("list_tags", "never/tags/list"), 404).await;
    let mut referrer = image(descriptor("application/vnd.oci.empty.v1+json", b"{}"), &[]);
    referrer["subject"] = json!({ "mediaType": MANIFEST, "digest": sha256(&bytes), "size": bytes.len() });
    referrer["annotations"] = json!({ "a": "b" });
    server.put_manifest("app", "referrer", MANIFEST, referrer.to_string()).await.expect(201);
    for query in ["", "?artifactType=application/x-none", "?artifactType=application/vnd.oci.empty.v1%2Bjson"] {
        walk.send(&server, call("list_referrers", format!("app/referrers/{}{query}", sha256(&bytes))), 200).await;
    }
    walk.send(&server, call("list_referrers", "app/referrers/sha256:bad"), 400).await;
    walk.send(&server, call("list_referrers", "app/referrers/sha256:ab/more"), 404).await;
}

async fn tokens(walk: &mut Walk<'_>) {
    let server = Server::with(&["--basic-auth-user=me", "--basic-auth-pass=secret"]).await;
    let basic = [("authorization", "Basic bWU6c2VjcmV0")];
    let wrong = [("authorization", "Basic bWU6d3Jvbmc=")];
    walk.send(&server, call("show_token", "-/token?scope=repository:app:pull").headers(&basic), 200).await;
    walk.send(&server, call("show_token", "-/token?offline_token=true").headers(&basic), 200).await;
    walk.send(&server, call("show_token", "-/token").headers(&wrong), 401).await;
    let form = |body: String| call("request_token", "-/token").body(body);
    let password = "grant_type=password&username=me&password=";
    walk.send(&server, form(format!("{password}secret&access_type=offline")), 200).await;
    walk.send(&server, form(format!("{password}wrong")), 401).await;
    walk.send(&server, form("grant_type=none".to_owned()), 400).await;
    walk.send(&server, form("x".repeat(70_000)), 413).await;
    // every operation asks for credentials, and says so
    for operation in walk.operations.clone() {
        if walk.contract.action(&operation).is_none() {
            continue;
        }
        let path = operation.path.replace("{name}", "app").replace("{reference}", "a").replace("{upload}", "x");
        let path = path.replace("{digest}", &sha256(b"x"));
        walk.send(&server, call(&operation.id, path.strip_prefix("/v2/").unwrap()), 401).await;
    }
    let open = Server::start().await;
    walk.send(&open, call("show_token", "-/token"), 404).await;
    walk.send(&open, call("request_token", "-/token"), 404).await;
}

/// What settings forbid, and a storage of before the registry.
async fn refusals(walk: &mut Walk<'_>) {
    let digest = sha256(b"x");
    let server = Server::with(&["--disable-api"]).await;
    for operation in walk.operations.clone() {
        if walk.contract.statuses(&operation).contains(&405) {
            let path = operation.path.replace("{name}", "app").replace("{reference}", "a").replace("{upload}", "x");
            let path = path.replace("{digest}", &digest);
            walk.send(&server, call(&operation.id, path.strip_prefix("/v2/").unwrap()), 405).await;
        }
    }
    let launch = Launch::default();
    launch.place(".chandlery/format.json", br#"{"format":1,"id":"7f1d6f6a-3b0e-4e5e-9a53-5d1c9a7b2c11"}"#);
    let first = json!({
        "sequence": 1, "id": "0b9e9a52-7c76-4f0a-8a45-51fd2f5c4f0d", "previous": "00000000-0000-0000-0000-000000000000",
        "writer": "5a0f7a0e-60cb-4b0e-9d7e-3b8f3a4f2f10", "at": "2026-01-01T00:00:00Z", "changes": ["adoption-finished"],
    });
    launch.place(".chandlery/journal/00000000000000000001.json", first.to_string().as_bytes());
    let server = launch.start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    server.get("/v2/one/manifests/1.0.0").await.expect(200);
    let refused = walk.send(&server, call("begin_upload", "app/blobs/uploads/"), 403).await;
    assert!(refused.text().contains("chandlery upgrade-storage"), "{refused:?}");
    let whole = call("begin_upload", format!("app/blobs/uploads/?digest={digest}")).body("x");
    walk.send(&server, whole, 403).await;
}

/// Whoever needs the storage must say that it is away.
async fn without_storage(walk: &mut Walk<'_>) {
    let settings = ["--read-freshness=strict", "--stale-while-down=0"];
    let server = settings.iter().fold(Launch::default(), Launch::with).start().await;
    let manifest = server.push_image("app", "a", "layer").await;
    let location = server.begin_upload("app").await;
    let upload = location.strip_prefix("/v2/").unwrap().to_owned();
    fs::rename(server.settings().storage(), server.settings().storage().with_file_name("hidden")).unwrap();
    for operation in walk.operations.clone() {
        if !walk.contract.statuses(&operation).contains(&503) {
            continue;
        }
        let digest = sha256(b"layer");
        let path = operation.path.replace("{name}/blobs/uploads/{upload}", &upload).replace("{name}", "app");
        let path = path.replace("{reference}", "a").replace("{digest}", &digest);
        let query = if operation.id == "finish_upload" { format!("?digest={digest}") } else { String::new() };
        let path = format!("{}{query}", path.strip_prefix("/v2/").unwrap());
        walk.send(&server, call(&operation.id, path).headers(IMAGE).body(manifest.clone()), 503).await;
    }
}
