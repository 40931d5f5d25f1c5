//! Uploads: U1–U11, conflicts and limits.

use acceptance::{Answer, Chart, ChartBuilder, Connection, Launch, Server, provenance};
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::{Value, json};

#[tokio::test]
async fn u1_both_path_orders_reach_the_same_repository() {
    let server = Server::with(&["--depth=2"]).await;
    let (first, second) = (Chart::new("one", "1.0.0"), Chart::new("one", "2.0.0"));
    server.post("/api/org/team/charts", first.bytes.clone()).await.expect(201);
    server.post("/org/team/api/charts", second.bytes.clone()).await.expect(201);
    server.post("/api/org/team/prov", first.provenance()).await.expect(201);
    server.post("/org/team/api/prov", second.provenance()).await.expect(201);
    assert_eq!(server.index("org/team").await.versions("one"), ["2.0.0", "1.0.0"]);
    for path in ["charts", "charts/one", "charts/one/1.0.0", "charts/one/latest/values", "charts/one/1.0.0/templates"] {
        let plugin = server.get(&format!("/api/org/team/{path}")).await.expect(200);
        let other = server.get(&format!("/org/team/api/{path}")).await.expect(200);
        assert_eq!(plugin.body, other.body);
    }
    server.delete("/org/team/api/charts/one/1.0.0").await.expect(200);
    server.delete("/api/org/team/charts/one/2.0.0").await.expect(200);
    assert_eq!(server.index("org/team").await.value["entries"], json!({}));
}

#[tokio::test]
async fn u2_the_plugin_s_chunked_form_without_length_is_taken() {
    let server = Server::start().await;
    let chart = ChartBuilder::new("pushed", "1.2.3").ballast(100_000).build();
    let mut connection = Connection::open(&server).await;
    let head = "POST /api/charts HTTP/1.1\r\nHost: h\r\nUser-Agent: Go-http-client/1.1\r\nTransfer-Encoding: chunked\r\n\
                Content-Type: multipart/form-data; boundary=3f2a\r\nAccept-Encoding: gzip\r\n\r\n";
    connection.send(head.as_bytes()).await.unwrap();
    let part = "--3f2a\r\nContent-Disposition: form-data; name=\"chart\"; \
                filename=\"/tmp/helm-push-872349/other-9.9.9.tgz\"\r\nContent-Type: application/octet-stream\r\n\r\n";
    for piece in [part.as_bytes()].into_iter().chain(chart.bytes.chunks(32 * 1024)).chain([&b"\r\n--3f2a--\r\n"[..]]) {
        connection.send(format!("{:x}\r\n", piece.len()).as_bytes()).await.unwrap();
        connection.send(piece).await.unwrap();
        connection.send(b"\r\n").await.unwrap();
    }
    connection.send(b"0\r\n\r\n").await.unwrap();
    assert_eq!(connection.answer().await.expect(201).text(), r#"{"saved":true}"#);
    assert_eq!(server.pull("", "pushed", "1.2.3").await, chart.bytes);
    assert_eq!(server.files(""), ["pushed-1.2.3.tgz"]);
}

#[tokio::test]
async fn u3_success_is_201_and_errors_are_json_with_a_text() {
    let server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    let saved = server.upload(&chart).await.expect(201);
    assert_eq!(saved.text(), r#"{"saved":true}"#);
    assert_eq!(saved.header("content-type"), Some("application/json; charset=utf-8"));
    let refusals: [(Answer, u16); 6] = [
        (server.post("/api/charts", "no archive").await, 400),
        (server.upload(&chart).await, 409),
        (server.post_form("/api/charts", &[("chart", &chart.bytes)]).await, 409),
        (server.post_form("/api/charts", &[("other", &chart.bytes)]).await, 400),
        (server.delete("/api/charts/one/9.9.9").await, 404),
        (server.post("/api/nothing", "").await, 404),
    ];
    for (answer, status) in refusals {
        let answer = answer.expect(status);
        let body = answer.json();
        assert!(body["error"].as_str().is_some_and(|text| !text.is_empty()), "{answer:?}");
        assert_eq!(body.as_object().unwrap().len(), 1, "{answer:?}");
    }
}

#[tokio::test]
async fn u4_no_upload_is_redirected() {
    let server = Server::with(&["--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    for path in
        ["/api/org/charts/", "/api//charts", "/api/org//charts", "/API/org/charts", "/api/org", "/org/charts", "/"]
    {
        let answer = server.post(path, chart.bytes.clone()).await;
        assert_eq!(answer.status, 404, "{path}: {answer:?}");
    }
    assert_eq!(server.index("org").await.value["entries"], json!({}));
}

#[tokio::test]
async fn u5_force_counts_by_its_presence() {
    let server = Server::start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    for (number, query) in ["?force", "?force=", "?force=false", "?a=b&force=0", "?force=true"].into_iter().enumerate()
    {
        let chart = ChartBuilder::new("one", "1.0.0").file("README.md", format!("number {number}")).build();
        server.post("/api/charts", chart.bytes.clone()).await.expect(409);
        server.post(&format!("/api/charts{query}"), chart.bytes.clone()).await.expect(201);
        let index = server.index("").await;
        assert_eq!(index.versions("one"), ["1.0.0"], "{query}");
        assert_eq!(index.entry("one", "1.0.0")["digest"], chart.digest, "{query}");
        server.post(&format!("/api/prov{query}"), chart.provenance()).await.expect(201);
        let text = server.get("/charts/one-1.0.0.tgz.prov").await.expect(200);
        assert_eq!(text.text(), chart.provenance(), "{query}");
        let form = ChartBuilder::new("one", "1.0.0").file("README.md", format!("form {number}")).build();
        server.post_form(&format!("/api/charts{query}"), &[("chart", &form.bytes)]).await.expect(201);
        assert_eq!(server.pull("", "one", "1.0.0").await, form.bytes, "{query}");
    }
    for query in ["?Force", "?enforce", "?f"] {
        server.post(&format!("/api/charts{query}"), Chart::new("one", "1.0.0").bytes).await.expect(409);
    }
}

#[tokio::test]
async fn overwriting_follows_its_two_settings() {
    let table = [
        (&[][..], 409, 201),
        (&["--disable-force-overwrite"][..], 409, 409),
        (&["--allow-overwrite"][..], 201, 201),
        (&["--allow-overwrite", "--disable-force-overwrite"][..], 201, 201),
    ];
    for (settings, plain, forced) in table {
        let server = Server::with(settings).await;
        let chart = |text: &str| ChartBuilder::new("one", "1.0.0").file("README.md", text.to_owned()).build();
        server.publish("", &chart("first")).await;
        server.post("/api/prov", chart("first").provenance()).await.expect(201);
        let mut stands = chart("first");
        for (path, status, text) in [("charts", plain, "plain"), ("charts?force", forced, "forced")] {
            let other = chart(text);
            server.post(&format!("/api/{path}"), other.bytes.clone()).await.expect(status);
            if status == 201 {
                stands = other;
            }
            let path = path.replace("charts", "prov");
            // An overwritten package has lost its provenance, so this one is the first again.
            let status = if status == 201 { 201 } else { 409 };
            server.post(&format!("/api/{path}"), stands.provenance()).await.expect(status);
            assert_eq!(server.pull("", "one", "1.0.0").await, stands.bytes, "{settings:?} {path}");
        }
    }
}

#[tokio::test]
async fn u6_chart_and_provenance_are_one_unit_in_one_form() {
    let server = Server::start().await;
    let chart = Chart::new("signed", "1.0.0");
    let text = chart.provenance();
    // in either order
    let form: [(&str, &[u8]); 2] = [("prov", text.as_bytes()), ("chart", &chart.bytes)];
    server.post_form("/api/charts", &form).await.expect(201);
    assert_eq!(server.pull("", "signed", "1.0.0").await, chart.bytes);
    assert_eq!(server.get("/charts/signed-1.0.0.tgz.prov").await.expect(200).text(), text);
    assert_eq!(server.files(""), ["signed-1.0.0.tgz", "signed-1.0.0.tgz.prov"]);
    server.post_form("/api/charts", &form).await.expect_error(409, "chart already exists");

    server.delete("/api/charts/signed/1.0.0").await.expect(200);
    assert_eq!(server.files(""), [""; 0]);
    server.get("/charts/signed-1.0.0.tgz.prov").await.expect(404);
    server.post_form("/api/charts", &form).await.expect(201);
    assert_eq!(server.get("/charts/signed-1.0.0.tgz.prov").await.expect(200).text(), text);
}

#[tokio::test]
async fn u6_a_provenance_may_come_later_or_earlier_and_by_either_way() {
    let server = Server::start().await;
    let charts = [Chart::new("later", "1.0.0"), Chart::new("form", "1.0.0"), Chart::new("earlier", "1.0.0")];
    server.publish("", &charts[0]).await;
    server.post("/api/prov", charts[0].provenance()).await.expect(201);
    server.publish("", &charts[1]).await;
    server.post_form("/api/charts", &[("prov", charts[1].provenance().as_bytes())]).await.expect(201);
    server.post("/api/prov", charts[2].provenance()).await.expect(201);
    let early = server.get("/charts/earlier-1.0.0.tgz.prov").await.expect(200);
    assert_eq!(early.text(), charts[2].provenance());
    assert!(!server.index("").await.names().contains(&"earlier"), "a provenance alone is no version");
    server.publish("", &charts[2]).await;
    for chart in &charts {
        let path = format!("/charts/{}.prov", chart.file_name());
        assert_eq!(server.get(&path).await.expect(200).text(), chart.provenance());
        server.post("/api/prov", chart.provenance()).await.expect_error(409, "file already exists");
    }
}

#[tokio::test]
async fn u6_q_f9_the_form_s_other_field_names_work_beside_the_defaults() {
    let server = Server::with(&["--chart-post-form-field-name=package", "--prov-post-form-field-name=signature"]).await;
    for (number, (chart_field, prov_field)) in
        [("package", "signature"), ("chart", "prov"), ("package", "prov")].into_iter().enumerate()
    {
        let chart = Chart::new("one", &format!("{number}.0.0"));
        let text = chart.provenance();
        let form: [(&str, &[u8]); 2] = [(chart_field, &chart.bytes), (prov_field, text.as_bytes())];
        server.post_form("/api/charts", &form).await.expect(201);
        assert_eq!(server.pull("", "one", &chart.version).await, chart.bytes);
        server.get(&format!("/charts/{}.prov", chart.file_name())).await.expect(200);
    }
    server
        .post_form("/api/charts", &[("other", b"x")])
        .await
        .expect_error(400, "no package or provenance file found in form fields package and signature");
}

#[tokio::test]
async fn u7_q_f7_of_twenty_parallel_uploads_of_one_version_one_wins() {
    for same_bytes in [true, false] {
        let mut server = Server::start().await;
        let charts: Vec<Chart> = (0..20)
            .map(|n| {
                let text = if same_bytes { String::new() } else { format!("number {n}") };
                ChartBuilder::new("one", "1.0.0").file("README.md", text).build()
            })
            .collect();
        let answers = join_all(charts.iter().map(|chart| server.upload(chart))).await;
        let winners: Vec<usize> = (0..20).filter(|n| answers[*n].status == 201).collect();
        assert_eq!(winners.len(), 1, "{answers:?}");
        for answer in answers.into_iter().filter(|answer| answer.status != 201) {
            answer.expect_error(409, "file already exists");
        }
        for _ in 0..2 {
            assert_eq!(server.pull("", "one", "1.0.0").await, charts[winners[0]].bytes);
            assert_eq!(server.index("").await.versions("one"), ["1.0.0"]);
            assert_eq!(server.files(""), ["one-1.0.0.tgz"]);
            server.restart().await;
        }
    }
}

#[tokio::test]
async fn u7_the_same_bytes_again_are_a_conflict_with_the_text_of_each_form() {
    let server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("", &chart).await;
    server.upload(&chart).await.expect_error(409, "file already exists");
    server.post_form("/api/charts", &[("chart", &chart.bytes)]).await.expect_error(409, "chart already exists");
    // One of two files is there: nothing of the form is stored.
    let text = chart.provenance();
    let form: [(&str, &[u8]); 2] = [("chart", &chart.bytes), ("prov", text.as_bytes())];
    server.post_form("/api/charts", &form).await.expect_error(409, "chart already exists");
    server.get("/charts/one-1.0.0.tgz.prov").await.expect(404);
    assert_eq!(server.files(""), ["one-1.0.0.tgz"]);
}

#[tokio::test]
async fn u8_q_f8_the_answer_comes_when_the_change_is_in_the_index() {
    let server = Server::start().await;
    for n in 0..60 {
        let chart = Chart::new(&format!("chart{}", n % 3), &format!("1.{n}.0"));
        server.publish("", &chart).await;
        server.index("").await.entry(&chart.name, &chart.version);
        server.get(&format!("/api/charts/{}/{}", chart.name, chart.version)).await.expect(200);
        server.get(&format!("/charts/{}", chart.file_name())).await.expect(200);
        if n % 4 == 3 {
            server.delete(&format!("/api/charts/{}/{}", chart.name, chart.version)).await.expect(200);
            assert!(!server.index("").await.versions(&chart.name).contains(&&*chart.version));
        }
    }
}

#[tokio::test]
async fn u8_two_hundred_parallel_uploads_are_each_listed_once() {
    let server = Server::start().await;
    let charts: Vec<Chart> = (0..200).map(|n| Chart::new(&format!("chart{}", n % 7), &format!("{n}.0.0"))).collect();
    for chunk in charts.chunks(50) {
        join_all(chunk.iter().map(|chart| server.publish("", chart))).await;
    }
    let index = server.index("").await;
    for chart in &charts {
        assert_eq!(index.entry(&chart.name, &chart.version)["digest"], chart.digest);
    }
    assert_eq!(index.entries().count(), charts.len());
}

#[tokio::test]
async fn u9_name_and_version_come_from_chart_yaml_and_never_from_a_file_name() {
    let server = Server::start().await;
    let awkward = [("my-1-chart", "2.0.0-3"), ("my", "1.0.0"), ("my-1", "0.1.0-chart-2"), ("a--b", "1.0.0")];
    for (name, version) in awkward {
        server.publish("", &ChartBuilder::new(name, version).folder("other-9.9.9").build()).await;
    }
    for (name, version) in awkward {
        assert_eq!(server.index("").await.versions(name), [version]);
        server.delete(&format!("/api/charts/{name}/{version}")).await.expect(200);
        assert!(!server.index("").await.names().contains(&name));
    }
}

#[tokio::test]
async fn u9_two_versions_with_one_file_name_do_not_share_it() {
    let server = Server::start().await;
    let first = Chart::new("foo", "1.0.0-2.0.0");
    let second = Chart::new("foo-1.0.0", "2.0.0");
    assert_eq!(first.file_name(), second.file_name());
    server.publish("", &first).await;
    for _ in 0..2 {
        let text = "the file name foo-1.0.0-2.0.0.tgz belongs to foo 1.0.0-2.0.0";
        server.upload(&second).await.expect_error(409, text);
        server.post("/api/charts?force", second.bytes.clone()).await.expect(409);
    }
    assert_eq!(server.index("").await.names(), ["foo"]);
    assert_eq!(server.pull("", "foo", "1.0.0-2.0.0").await, first.bytes);
}

#[tokio::test]
async fn u10_what_helm_cannot_parse_as_a_version_is_refused_and_loose_versions_are_kept() {
    let server = Server::start().await;
    for version in ["abc", "1.0.0.0", "1.0.0-01", " 1.0.0", "1.0.0-", "V1.0.0", "latest"] {
        let text = format!("validation: chart.metadata.version {version:?} is invalid");
        server.upload(&Chart::new("one", version)).await.expect_error(400, &text);
    }
    assert_eq!(server.files(""), [""; 0]);
    for version in ["1", "1.2", "v1.2.3", "01.0.3", "1.0.0+a", "1.0.0+b", "2020-01-01"] {
        let chart = Chart::new("loose", version);
        server.publish("", &chart).await;
        assert_eq!(server.pull("", "loose", version).await, chart.bytes);
        let answer = server.get(&format!("/api/charts/loose/{version}")).await.expect(200);
        assert_eq!(answer.json()["version"], version);
    }
    assert_eq!(server.index("").await.versions("loose").len(), 7);
    let saved = server.upload(&Chart::new("other", "v1")).await.expect(201);
    let warning = "version v1 of other is not strict SemVer, and Helm does not list it in OCI registries";
    assert_eq!(saved.header("warning"), Some(&*format!("299 - \"{warning}\"")));
    server.log().find(0, |line| (line["M"] == warning && line["L"] == "WARN").then_some(())).await;
    assert_eq!(server.upload(&Chart::new("other", "1.0.0")).await.expect(201).header("warning"), None);
}

#[tokio::test]
async fn s7_what_flux_refuses_later_is_said_at_the_upload() {
    let server = Server::with(&["--max-unpacked-file-size=20Mi"]).await;
    let chart = ChartBuilder::new("large", "1.0.0").ballast(11 << 20).build();
    let saved = server.upload(&chart).await.expect(201);
    assert_eq!(saved.text(), r#"{"saved":true}"#, "the answer is ChartMuseum's to the byte");
    let warnings: Vec<_> = saved.headers.get_all("warning").iter().map(|warning| warning.to_str().unwrap()).collect();
    let size = chart.bytes.len();
    assert_eq!(
        warnings,
        [
            format!(
                "299 - \"large-1.0.0.tgz has {size} bytes, and Flux takes packages of at most 10485760 by default\""
            ),
            format!(
                "299 - \"large-1.0.0.tgz has a file of {} bytes, and Helm and Flux take at most 5242880\"",
                11 << 20
            ),
        ]
    );
}

/// Q-F13: in the upload's own commit, so two replicas that know nothing of each other keep the limit.
#[tokio::test]
async fn q_f13_racing_uploads_on_two_replicas_keep_the_limit_of_versions() {
    let first = Server::with(&["--per-chart-limit=3", "--read-freshness=strict"]).await;
    let second = Launch::default().on_storage_of(&first).with("--per-chart-limit=3").with("--read-freshness=strict");
    let second = second.start().await;
    let uploads = (0..12).map(|n| {
        let server = if n % 2 == 0 { &first } else { &second };
        async move { server.upload(&Chart::new("one", &format!("1.{n}.0"))).await.expect(201) }
    });
    join_all(uploads).await;
    let index = first.index("").await;
    assert_eq!(index.versions("one").len(), 3, "{}", index.value);
    assert_eq!(second.index("").await.answer.body, index.answer.body);
    for entry in index.entries() {
        let version = entry["version"].as_str().unwrap();
        assert_eq!(first.pull("", "one", version).await, Chart::new("one", version).bytes);
    }
    first.until("the others are in the trash", async |server| (server.files("").len() == 3).then_some(())).await;
}

#[tokio::test]
async fn u11_a_chart_api_version_that_is_not_known_yet_is_taken() {
    let server = Server::start().await;
    let chart = ChartBuilder::new("next", "1.0.0").chart_yaml("apiVersion: v3\nname: next\nversion: 1.0.0\n").build();
    server.publish("", &chart).await;
    assert_eq!(server.index("").await.entry("next", "1.0.0")["apiVersion"], "v3");
}

#[tokio::test]
async fn a_raw_upload_has_any_content_type() {
    let server = Server::start().await;
    for (number, kind) in [
        Some("application/x-www-form-urlencoded"),
        Some("application/gzip"),
        Some("text/plain; charset=utf-8"),
        Some("Multipart/Form-Data"),
        None,
    ]
    .into_iter()
    .enumerate()
    {
        let chart = Chart::new("one", &format!("{number}.0.0"));
        let request = server.request(Method::POST, "/api/charts").body(chart.bytes.clone());
        let request = kind.into_iter().fold(request, |request, kind| request.header("content-type", kind));
        server.send(request).await.expect(201);
        assert_eq!(server.pull("", "one", &chart.version).await, chart.bytes);
    }
}

#[tokio::test]
async fn every_effect_of_an_upload_is_there_and_outlives_a_kill() {
    let mut server = Server::with(&["--depth=1"]).await;
    let chart = ChartBuilder::new("one", "1.0.0").metadata("description: the one").build();
    server.publish("org", &chart).await;
    for _ in 0..2 {
        let index = server.index("org").await;
        let entry = index.entry("one", "1.0.0");
        assert_eq!(entry["description"], "the one");
        assert_eq!(entry["digest"], chart.digest);
        assert_eq!(server.listing("org").await, json!({"one": [entry]}));
        let version = server.get("/api/org/charts/one/1.0.0").await.expect(200);
        assert_eq!(&version.json(), entry);
        assert_eq!(std::fs::read(server.file("org/one-1.0.0.tgz")).unwrap(), chart.bytes);
        assert_eq!(server.get("/org/charts/one-1.0.0.tgz").await.expect(200).body, chart.bytes);
        assert_eq!(server.index("elsewhere").await.value["entries"], json!({}));
        server.restart().await;
    }
}

/// Small, so that the tests need not send megabytes.
const LIMIT: usize = 10_000;

#[tokio::test]
async fn a_body_of_the_limit_passes_and_one_more_byte_does_not() {
    let server = Server::with(&["--max-upload-size=20000"]).await;
    let chart = ChartBuilder::new("fits", "1.0.0").ballast(15_000).build();
    let exact = Server::with(&[&format!("--max-upload-size={}", chart.bytes.len())]).await;
    exact.upload(&chart).await.expect(201);
    let below = Server::with(&[&format!("--max-upload-size={}", chart.bytes.len() - 1)]).await;
    let answer = below.upload(&chart).await.expect(413);
    assert_eq!(answer.text(), "request too large");
    assert_eq!(answer.header("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(answer.header("connection"), Some("close"));
    assert_eq!(below.files(""), [""; 0]);
    for field in ["chart", "prov", "neither"] {
        server.post_form("/api/charts", &[(field, &[0; 20_001])]).await.expect(413);
    }
    server.post("/api/prov", vec![0; 20_001]).await.expect(413);
}

#[tokio::test]
async fn a_body_that_declares_too_much_is_refused_before_it_is_sent() {
    let server = Server::with(&[&format!("--max-upload-size={LIMIT}")]).await;
    for kind in ["application/gzip", "multipart/form-data; boundary=b"] {
        let mut connection = Connection::open(&server).await;
        let head = format!(
            "POST /api/charts HTTP/1.1\r\nhost: h\r\ncontent-type: {kind}\r\ncontent-length: {}\r\n\r\n",
            LIMIT + 1
        );
        connection.send(head.as_bytes()).await.unwrap();
        let answer = connection.answer().await.expect(413);
        assert_eq!(answer.text(), "request too large");
        assert!(connection.closed().await);
    }
}

#[tokio::test]
async fn a_streamed_body_is_refused_at_the_limit_and_not_read_on() {
    let server = Server::with(&[&format!("--max-upload-size={LIMIT}")]).await;
    let mut connection = Connection::open(&server).await;
    let head = "POST /api/charts HTTP/1.1\r\nhost: h\r\ntransfer-encoding: chunked\r\n\r\n";
    connection.send(head.as_bytes()).await.unwrap();
    // The body never ends; only the server can end this.
    let chunk = [&b"3e8\r\n"[..], &[0; 1000], b"\r\n"].concat();
    for _ in 0..LIMIT / 1000 + 1 {
        connection.send(&chunk).await.unwrap();
    }
    let answer = connection.answer().await.expect(413);
    assert_eq!(answer.text(), "request too large");
    assert!(connection.closed().await);
}

#[tokio::test]
async fn an_upload_that_breaks_off_leaves_nothing() {
    let server = Server::start().await;
    let chart = ChartBuilder::new("half", "1.0.0").ballast(50_000).build();
    let mut connection = Connection::open(&server).await;
    let head = format!("POST /api/charts HTTP/1.1\r\nhost: h\r\ncontent-length: {}\r\n\r\n", chart.bytes.len());
    connection.send(head.as_bytes()).await.unwrap();
    connection.send(&chart.bytes[..30_000]).await.unwrap();
    drop(connection);
    server.publish("", &Chart::new("whole", "1.0.0")).await;
    assert_eq!(server.index("").await.names(), ["whole"]);
    assert_eq!(server.files(""), ["whole-1.0.0.tgz"]);
    server.publish("", &chart).await;
}

#[tokio::test]
async fn hostile_names_in_a_provenance_write_nothing_outside() {
    let server = Server::with(&["--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("org", &chart).await;
    let evil = provenance("../evil", "1.0.0", &chart.digest);
    server
        .post("/api/org/prov", evil.clone())
        .await
        .expect_error(400, "../evil-1.0.0.tgz.prov is improperly formatted");
    for path in ["/api/org/charts", "/api/org/charts?force"] {
        let form: [(&str, &[u8]); 2] = [("chart", &chart.bytes), ("prov", evil.as_bytes())];
        server.post_form(path, &form).await.expect_error(400, "../evil-1.0.0.tgz.prov is improperly formatted");
    }
    server
        .post("/api/org/charts", Chart::new("../evil", "1.0.0").bytes)
        .await
        .expect_error(400, "validation: chart.metadata.name \"../evil\" is invalid");
    assert_eq!(server.files(""), [""; 0]);
    assert_eq!(server.files("org"), ["one-1.0.0.tgz"]);
    assert_eq!(server.pull("org", "one", "1.0.0").await, chart.bytes);
}

#[tokio::test]
async fn settings_switch_the_api_and_deletion_off() {
    let chart = Chart::new("one", "1.0.0");
    let mut server = Server::start().await;
    server.publish("", &chart).await;
    server.restart_with(&["--disable-delete"]).await;
    server.delete("/api/charts/one/1.0.0").await.expect_error(404, "not found");
    server.delete("/api/charts/one").await.expect_error(404, "not found");
    server.publish("", &Chart::new("two", "1.0.0")).await;

    server.restart_with(&["--disable-api"]).await;
    for (method, path) in [
        (Method::GET, "/api/charts"),
        (Method::GET, "/api/charts/one/1.0.0"),
        (Method::POST, "/api/charts"),
        (Method::POST, "/api/prov"),
        (Method::DELETE, "/api/charts/one/1.0.0"),
    ] {
        let answer = server.send(server.request(method, path).body(chart.bytes.clone())).await;
        answer.expect_error(404, "not found");
    }
    assert_eq!(server.pull("", "one", "1.0.0").await, chart.bytes);
    let entries: Value = server.index("").await.value["entries"].clone();
    assert_eq!(entries.as_object().unwrap().len(), 2);
}
