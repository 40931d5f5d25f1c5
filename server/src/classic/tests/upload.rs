use std::convert::Infallible;

use axum::body::Body;
use bytes::Bytes;
use futures_util::future::join_all;
use futures_util::stream;
use http::Method;

use super::fixtures::*;
use crate::config::Depth;

#[tokio::test]
async fn an_upload_is_everywhere_at_once() {
    let server = TestServer::start().await;
    let package = package("mychart", "1.0.0");
    server.post("/api/charts", package.clone()).await.is(201, r#"{"saved":true}"#);
    let digest = chart::Digest::of(&package).to_string();
    assert_eq!(server.listed().await, ["mychart 1.0.0"]);
    assert_eq!(server.get("/api/charts/mychart/1.0.0").await.json()["digest"], digest);
    assert_eq!(names(&server.get("/api/charts").await.json()), ["mychart 1.0.0"]);
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, package);
    assert_eq!(server.files().await, ["mychart-1.0.0.tgz"]);
}

/// K4: the body is the package, whatever it is called.
#[tokio::test]
async fn any_content_type_is_a_package() {
    let server = TestServer::start().await;
    for (version, content_type) in [
        ("1.0.0", "application/x-www-form-urlencoded"),
        ("1.0.1", "application/octet-stream"),
        ("1.0.2", "Multipart/Form-Data; boundary=x"),
        ("1.0.3", "multipart/form-dataX"),
        ("1.0.4", ""),
    ] {
        let answer = server
            .ask(Method::POST, "/api/charts", &[("content-type", content_type)], package("mychart", version))
            .await;
        assert_eq!(answer.status, 201, "{content_type}");
    }
    assert_eq!(server.listed().await.len(), 5);
}

#[tokio::test]
async fn what_is_no_package_is_refused_in_helms_words_and_leaves_nothing() {
    let server = TestServer::start().await;
    let no_name = packed(&[("Chart.yaml", "version: 1.0.0\n")]);
    let bad_version = packed(&[("Chart.yaml", "name: a\nversion: abc\n")]);
    let hostile = packed(&[("Chart.yaml", "name: ../evil\nversion: 1.0.0\n")]);
    let no_chart = packed(&[("values.yaml", "a: 1\n")]);
    for (body, text) in [
        (Bytes::new(), "EOF"),
        (Bytes::from_static(b"this is not gzip at all"), "gzip: invalid header"),
        (no_chart, "Chart.yaml file is missing"),
        (no_name, "validation: chart.metadata.name is required"),
        (bad_version, "validation: chart.metadata.version \\\"abc\\\" is invalid"),
        (hostile, "validation: chart.metadata.name \\\"../evil\\\" is invalid"),
    ] {
        server.post("/api/charts", body.clone()).await.is_error(400, text);
        server.form("/api/charts", &[("chart", "x.tgz", &body)]).await.is_error(400, text);
    }
    assert!(server.files().await.is_empty());
    assert!(server.listed().await.is_empty());
}

/// K1, K2, and the table of overwriting.
#[tokio::test]
async fn what_exists_is_replaced_on_request_only() {
    for (allow, force, plain, forced) in
        [(false, true, 409, 201), (false, false, 409, 409), (true, true, 201, 201), (true, false, 201, 201)]
    {
        let server = TestServer::with(|settings| {
            settings.repository.allow_overwrite = allow;
            settings.repository.force_overwrite = force;
        })
        .await;
        let first = server.publish("mychart", "1.0.0").await;
        let signed = provenance("mychart", "1.0.0", &first);
        assert_eq!(server.post("/api/prov", signed.clone()).await.status, 201);
        let other = packed(&[("Chart.yaml", &chart_yaml("mychart", "1.0.0"))]);

        let expect = |answer: Answer, status: u16, text: &str| match status {
            409 => answer.is_error(409, text),
            _ => answer.is(201, r#"{"saved":true}"#),
        };
        // provenance first: replacing a package drops what signs the old one
        expect(server.post("/api/prov", signed.replace("=hBsv", "=hBsw")).await, plain, "file already exists");
        for (query, sum) in [("force", "=hBsx"), ("force=", "=hBsy"), ("force=false", "=hBsz")] {
            let answer = server.post(&format!("/api/prov?{query}"), signed.replace("=hBsv", sum)).await;
            expect(answer, forced, "file already exists");
        }
        let form = [("chart", "c.tgz", &*other), ("prov", "c.tgz.prov", signed.as_bytes())];
        expect(server.form("/api/charts", &form).await, plain, "chart already exists");
        expect(server.form("/api/charts?force", &form).await, forced, "chart already exists");
        expect(server.post("/api/charts", first.clone()).await, plain, "file already exists");
        expect(server.post("/api/charts?force", other.clone()).await, forced, "file already exists");

        assert_eq!(server.listed().await, ["mychart 1.0.0"]);
        let served = if forced == 201 { &other } else { &first };
        assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, served, "{allow} {force}");
        let digest = chart::Digest::of(served).to_string();
        assert_eq!(server.get("/api/charts/mychart/1.0.0").await.json()["digest"], digest);
    }
}

#[tokio::test]
async fn a_provenance_may_come_first_and_belongs_to_a_name() {
    let server = TestServer::start().await;
    let package = package("mychart", "1.0.0");
    server.post("/api/prov", provenance("mychart", "1.0.0", &package)).await.is(201, r#"{"saved":true}"#);
    server.post("/api/prov", provenance("mychart", "1.0.0", b"other")).await.is_error(409, "file already exists");
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz.prov").await.status, 200);
    assert!(server.listed().await.is_empty());
    assert_eq!(server.post("/api/charts", package).await.status, 201);
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz.prov").await.status, 200);
    assert_eq!(server.files().await, ["mychart-1.0.0.tgz", "mychart-1.0.0.tgz.prov"]);
}

/// 400 on both routes, where ChartMuseum has 500 on one of them; Q-S2.
#[tokio::test]
async fn what_is_no_provenance_is_refused() {
    let server = TestServer::start().await;
    let package = package("mychart", "1.0.0");
    for body in [Bytes::new(), Bytes::from_static(b"name: a\nversion: 1.0.0\n"), package] {
        server.post("/api/prov", body.clone()).await.is_error(400, "invalid provenance file");
        server.form("/api/charts", &[("prov", "x.prov", &body)]).await.is_error(400, "invalid provenance file");
    }
    let hostile = provenance("../evil", "1.0.0", b"");
    let text = "../evil-1.0.0.tgz.prov is improperly formatted";
    server.post("/api/prov", hostile.clone()).await.is_error(400, text);
    server.form("/api/charts", &[("prov", "x.prov", hostile.as_bytes())]).await.is_error(400, text);
    server.publish("mychart", "1.0.0").await;
    let existing = super::fixtures::package("mychart", "1.0.0");
    let form = [("chart", "c.tgz", &*existing), ("prov", "c.prov", hostile.as_bytes())];
    for query in ["", "?force"] {
        server.form(&format!("/api/charts{query}"), &form).await.is_error(400, text);
    }
    assert_eq!(server.files().await, ["mychart-1.0.0.tgz"]);
}

/// K14.
#[tokio::test]
async fn a_body_beyond_the_limit_is_not_read_to_its_end() {
    let package = package("mychart", "1.0.0");
    let size = package.len() as u64;
    let server = TestServer::with(|settings| settings.upload.max_size = size).await;
    for path in ["/api/charts", "/api/prov"] {
        for content_type in ["application/gzip", "multipart/form-data; boundary=x"] {
            let chunk =
                Bytes::from(format!("--x\r\nContent-Disposition: form-data; name=a\r\n\r\n{}", "a".repeat(500)));
            let endless = Body::from_stream(stream::repeat_with(move || Ok::<_, Infallible>(chunk.clone())));
            let answer = server.ask(Method::POST, path, &[("content-type", content_type)], endless).await;
            answer.is_too_large();
            // declared and never read
            let unread = Body::from_stream(stream::pending::<Result<Bytes, Infallible>>());
            let declared = (size + 1).to_string();
            let headers = [("content-type", content_type), ("content-length", &*declared)];
            server.ask(Method::POST, path, &headers, unread).await.is_too_large();
        }
    }
    let mut larger = package.to_vec();
    larger.push(0);
    server.post("/api/charts", larger).await.is_too_large();
    // over the whole form, not its files
    server.form("/api/charts", &[("chart", "c.tgz", &package)]).await.is_too_large();
    assert!(server.files().await.is_empty());
    assert_eq!(server.post("/api/charts", package).await.status, 201);
}

#[tokio::test]
async fn a_limit_of_zero_refuses_every_upload() {
    let server = TestServer::with(|settings| settings.upload.max_size = 0).await;
    server.post("/api/charts", "a").await.is_too_large();
    server.post("/api/charts", "").await.is_error(400, "EOF");
}

#[tokio::test]
async fn one_of_many_uploads_of_a_version_wins() {
    let server = TestServer::start().await;
    let bodies: Vec<_> = (0..20)
        .map(|number| {
            let values = format!("number: {number}\n");
            packed(&[("Chart.yaml", &chart_yaml("mychart", "1.0.0")), ("values.yaml", &values)])
        })
        .collect();
    let answers = join_all(bodies.iter().map(|body| server.post("/api/charts", body.clone()))).await;
    let won: Vec<_> = (0..20).filter(|at| answers[*at].status == 201).collect();
    assert_eq!(won.len(), 1, "{won:?}");
    for (_, answer) in answers.iter().enumerate().filter(|(at, _)| *at != won[0]) {
        answer.is_error(409, "file already exists");
    }
    assert_eq!(server.get("/charts/mychart-1.0.0.tgz").await.body, bodies[won[0]]);
    assert_eq!(server.listed().await, ["mychart 1.0.0"]);
    assert_eq!(server.files().await, ["mychart-1.0.0.tgz"]);
}

/// `foo` 1.0.0-2.0.0 and `foo-1.0.0` 2.0.0 would be one file.
#[tokio::test]
async fn a_file_name_belongs_to_one_chart() {
    let server = TestServer::start().await;
    server.publish("foo", "1.0.0-2.0.0").await;
    let answer = server.post("/api/charts", package("foo-1.0.0", "2.0.0")).await;
    answer.is_error(409, "the file name foo-1.0.0-2.0.0.tgz belongs to foo 1.0.0-2.0.0");
    assert_eq!(server.listed().await, ["foo 1.0.0-2.0.0"]);
}

#[tokio::test]
async fn no_repository_leads_out_of_the_storage() {
    let server = TestServer::at_depth(Depth::Dynamic).await;
    for path in [
        "/api/../charts",
        "/api/%2e%2e/charts",
        "/api/a/%2e%2e/%2e%2e/charts",
        "/api/.chandlery/charts",
        "/../api/charts",
        "/api/-/charts",
    ] {
        server.post(path, package("mychart", "1.0.0")).await.is_error(404, "not found");
    }
    assert!(server.files().await.is_empty());
}

#[tokio::test]
async fn without_the_api_nothing_can_be_uploaded() {
    let server = TestServer::with(|settings| settings.repository.api = false).await;
    server.post("/api/charts", package("mychart", "1.0.0")).await.is_error(404, "not found");
    server.post("/api/prov", "").await.is_error(404, "not found");
    server.get("/api/charts").await.is_error(404, "not found");
    assert_eq!(server.get("/index.yaml").await.status, 200);
}
