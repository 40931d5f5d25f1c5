use axum::body::Body;
use bytes::Bytes;
use http::Method;

use super::fixtures::*;

const BOUNDARY: &str = "----WebKitFormBoundary7MA4YWxkTrZu0gW";
const NOTHING: &str = "no package or provenance file found in form fields chart and prov";

impl TestServer {
    /// Posts a form of files: field, file name, bytes.
    pub async fn form(&self, path: &str, files: &[(&str, &str, &[u8])]) -> Answer {
        let body = form(
            files
                .iter()
                .map(|(field, file, bytes)| (format!("form-data; name=\"{field}\"; filename=\"{file}\""), *bytes)),
        );
        self.post_form(path, body).await
    }

    async fn post_form(&self, path: &str, body: impl Into<Body>) -> Answer {
        let content_type = format!("multipart/form-data; boundary={BOUNDARY}");
        self.ask(Method::POST, path, &[("content-type", &content_type)], body).await
    }
}

impl Answer {
    #[track_caller]
    pub fn is_too_large(&self) {
        self.is(413, "request too large");
        assert_eq!(self.header("content-type"), "text/plain; charset=utf-8");
        assert_eq!(self.header("connection"), "close");
    }
}

fn form<'a>(parts: impl IntoIterator<Item = (String, &'a [u8])>) -> Bytes {
    let mut body = Vec::new();
    for (disposition, bytes) in parts {
        body.extend_from_slice(format!("--{BOUNDARY}\r\nContent-Disposition: {disposition}\r\n").as_bytes());
        body.extend_from_slice(b"Content-Type: application/octet-stream\r\n\r\n");
        body.extend_from_slice(bytes);
        body.extend_from_slice(b"\r\n");
    }
    body.extend_from_slice(format!("--{BOUNDARY}--\r\n").as_bytes());
    body.into()
}

/// U2, U6, K18.
#[tokio::test]
async fn a_package_its_provenance_or_both_in_any_order() {
    for provenance_first in [false, true] {
        let server = TestServer::start().await;
        let package = package("mychart", "1.0.0");
        let signed = provenance("mychart", "1.0.0", &package);
        // cm-push sends the whole path of a temporary file
        let mut files =
            vec![("chart", "/tmp/helm-push-123/mychart-1.0.0.tgz", &*package), ("prov", "p", signed.as_bytes())];
        if provenance_first {
            files.reverse();
        }
        server.form("/api/charts", &files).await.is(201, r#"{"saved":true}"#);
        assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, package);
        assert_eq!(server.get("/charts/mychart-1.0.0.tgz.prov").await.text(), signed);
        assert_eq!(server.files().await, ["mychart-1.0.0.tgz", "mychart-1.0.0.tgz.prov"]);
    }
    let server = TestServer::start().await;
    let package = package("mychart", "1.0.0");
    let signed = provenance("mychart", "1.0.0", &package);
    server.form("/api/charts", &[("prov", "p", signed.as_bytes())]).await.is(201, r#"{"saved":true}"#);
    assert!(server.listed().await.is_empty());
    // any of the files is enough for a conflict, and then none is stored
    let other = provenance("mychart", "1.0.0", b"other");
    let both = [("chart", "c", &*package), ("prov", "p", other.as_bytes())];
    server.form("/api/charts", &both).await.is_error(409, "chart already exists");
    assert!(server.listed().await.is_empty());
    // the very same provenance may be what an upload left that broke off
    let both = [("chart", "c", &*package), ("prov", "p", signed.as_bytes())];
    server.form("/api/charts", &both).await.is(201, r#"{"saved":true}"#);
    server.form("/api/charts", &both).await.is_error(409, "chart already exists");
    server.form("/api/charts?force", &both).await.is(201, r#"{"saved":true}"#);
    assert_eq!(server.listed().await, ["mychart 1.0.0"]);
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz.prov").await.text(), signed);
}

#[tokio::test]
async fn q_f6_a_package_and_the_provenance_of_another() {
    let server = TestServer::start().await;
    let package = package("mychart", "1.0.0");
    let signed = provenance("other", "2.0.0", b"");
    let files = [("chart", "c", &*package), ("prov", "p", signed.as_bytes())];
    server.form("/api/charts", &files).await.is(201, r#"{"saved":true}"#);
    assert_eq!(server.listed().await, ["mychart 1.0.0"]);
    assert_eq!(server.get("/charts/other-2.0.0.tgz.prov").await.text(), signed);
    // both or none: either exists now
    let new = super::fixtures::package("new", "1.0.0");
    let files = [("chart", "c", &*new), ("prov", "p", signed.as_bytes())];
    server.form("/api/charts", &files).await.is_error(409, "chart already exists");
    assert_eq!(server.listed().await, ["mychart 1.0.0"]);
}

/// K3.
#[tokio::test]
async fn k3_q_f9_fields_by_default_and_by_settings() {
    let server = TestServer::with(|settings| {
        settings.upload.chart_field = "package".to_owned();
        settings.upload.provenance_field = "signature".to_owned();
    })
    .await;
    let [one, two] = [package("one", "1.0.0"), package("two", "1.0.0")];
    let signed = provenance("two", "1.0.0", &two);
    let files = [("chart", "c", &*one), ("package", "c", &*two), ("signature", "p", signed.as_bytes())];
    server.form("/api/charts", &files).await.is(201, r#"{"saved":true}"#);
    // Q-F9: whatever the field is called, the chart is listed
    assert_eq!(server.listed().await, ["one 1.0.0", "two 1.0.0"]);
    assert_eq!(server.get("/charts/two-1.0.0.tgz.prov").await.text(), signed);
    // twice the same is once
    let three = package("three", "1.0.0");
    let files = [("chart", "c", &*three), ("package", "c", &*three)];
    server.form("/api/charts", &files).await.is(201, r#"{"saved":true}"#);
    let text = "no package or provenance file found in form fields package and signature";
    server.form("/api/charts", &[("file", "c", &*three)]).await.is_error(400, text);
}

#[tokio::test]
async fn the_first_file_of_a_field_counts() {
    let server = TestServer::start().await;
    let [one, two] = [package("one", "1.0.0"), package("two", "1.0.0")];
    let files = [("other", "c", &b"ignored"[..]), ("chart", "c", &*one), ("chart", "c", &*two)];
    server.form("/api/charts", &files).await.is(201, r#"{"saved":true}"#);
    assert_eq!(server.listed().await, ["one 1.0.0"]);
}

#[tokio::test]
async fn forms_without_a_file() {
    let server = TestServer::start().await;
    let package = package("mychart", "1.0.0");
    server.form("/api/charts", &[]).await.is_error(400, NOTHING);
    server.form("/api/charts", &[("unknown", "c", &package)]).await.is_error(400, NOTHING);
    // a value, not a file
    let value = form([("form-data; name=\"chart\"".to_owned(), &*package)]);
    server.post_form("/api/charts", value).await.is_error(400, NOTHING);
    server.post_form("/api/charts", "").await.is_error(400, NOTHING);
    server.post_form("/api/charts", "garbage").await.is_error(400, NOTHING);
    let whole = form([("form-data; name=\"chart\"; filename=\"c\"".to_owned(), &*package)]);
    server.post_form("/api/charts", whole.slice(..whole.len() - BOUNDARY.len() - 10)).await.is_error(400, NOTHING);
    for content_type in ["multipart/form-data", "multipart/form-data; charset=utf-8", "multipart/form-data boundary"] {
        let answer = server.ask(Method::POST, "/api/charts", &[("content-type", content_type)], whole.clone()).await;
        answer.is_error(400, NOTHING);
    }
    assert!(server.files().await.is_empty());
}

/// Where only the file itself is taken a form is no provenance.
#[tokio::test]
async fn a_form_is_no_provenance() {
    let server = TestServer::start().await;
    let signed = provenance("mychart", "1.0.0", b"");
    server.form("/api/prov", &[("prov", "p", signed.as_bytes())]).await.is_error(400, "invalid provenance file");
}
