//! What no repository should take, with Helm's sentence for it. Nothing of it may be left anywhere.

use std::io::Write;

use acceptance::{Chart, ChartBuilder, Server, exchange};
use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use serde_json::json;

fn gzip(bytes: &[u8]) -> Bytes {
    let mut encoder = GzEncoder::new(Vec::new(), Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap().into()
}

/// An archive of these files, paths as they are.
fn archive(files: &[(&str, &[u8])]) -> Bytes {
    let mut builder = tar::Builder::new(Vec::new());
    for (path, content) in files {
        let mut header = tar::Header::new_gnu();
        header.as_old_mut().name[..path.len()].copy_from_slice(path.as_bytes());
        header.set_size(content.len() as u64);
        header.set_mode(0o644);
        header.set_cksum();
        builder.append(&header, *content).unwrap();
    }
    gzip(&builder.into_inner().unwrap())
}

const CHART_YAML: &[u8] = b"apiVersion: v2\nname: one\nversion: 1.0.0\n";

fn with_metadata(lines: &str) -> Bytes {
    ChartBuilder::new("one", "1.0.0").metadata(lines).build().bytes
}

fn with_chart_yaml(text: &str) -> Bytes {
    ChartBuilder::new("", "").chart_yaml(text).build().bytes
}

#[tokio::test]
async fn bad_packages_are_refused_with_helms_sentence_and_leave_nothing() {
    let server = Server::start().await;
    let good = Chart::new("one", "1.0.0").bytes;
    let table: Vec<(Bytes, &str)> = vec![
        (Bytes::new(), "EOF"),
        (Bytes::from_static(b"this is no gzip at all"), "gzip: invalid header"),
        (good.slice(..good.len() / 2), "unexpected EOF"),
        (gzip(&[7; 1024]), "archive/tar: invalid tar header"),
        (archive(&[]), "no files in chart archive"),
        (
            archive(&[("Chart.yaml", CHART_YAML)]),
            "chart illegally contains content outside the base directory: \"Chart.yaml\"",
        ),
        (archive(&[("/one/Chart.yaml", CHART_YAML)]), "chart illegally contains absolute paths"),
        (archive(&[("one/../Chart.yaml", CHART_YAML)]), "chart illegally references parent directory"),
        (archive(&[("one/values.yaml", b"a: 1\n")]), "Chart.yaml file is missing"),
        (with_chart_yaml("apiVersion: v2\nversion: 1.0.0\n"), "validation: chart.metadata.name is required"),
        (with_chart_yaml("apiVersion: v2\nname: one\n"), "validation: chart.metadata.version is required"),
        (Chart::new("..", "1.0.0").bytes, "validation: chart.metadata.name \"..\" is not allowed"),
        (Chart::new("a/b", "1.0.0").bytes, "validation: chart.metadata.name \"a/b\" is invalid"),
        (Chart::new("one", "abc").bytes, "validation: chart.metadata.version \"abc\" is invalid"),
        (with_metadata("type: plugin"), "validation: chart.metadata.type must be application or library"),
        (with_metadata("maintainers: [null]"), "validation: maintainers must not contain empty or null nodes"),
        (with_metadata("dependencies: [null]"), "validation: dependencies must not contain empty or null nodes"),
        (
            with_metadata("dependencies: [{name: a, alias: a.b}]"),
            "validation: dependency \"a\" has disallowed characters in the alias",
        ),
        (
            with_metadata("dependencies: [{name: a}, {name: a}]"),
            "validation: more than one dependency with name or alias \"a\"",
        ),
    ];
    for (bytes, text) in table {
        let raw = server.post("/api/charts", bytes.clone()).await;
        assert_eq!((raw.status, raw.json()), (400, json!({ "error": text })));
        if !bytes.is_empty() {
            let form = server.post_form("/api/charts", &[("chart", &bytes)]).await;
            assert_eq!((form.status, form.json()), (400, json!({ "error": text })));
        }
    }
    let answer = server.post("/api/charts", with_chart_yaml("a: [")).await.expect(400);
    assert!(answer.json()["error"].as_str().unwrap().starts_with("cannot load Chart.yaml: "), "{answer:?}");

    assert_eq!(server.index("").await.value["entries"], json!({}));
    assert_eq!(server.listing("").await, json!({}));
    assert_eq!(server.files(""), [""; 0]);
}

#[tokio::test]
async fn a_package_that_unpacks_to_too_much_is_refused() {
    let server = Server::start().await;
    let large_file = ChartBuilder::new("one", "1.0.0").file("big.txt", vec![b'a'; 5 * 1024 * 1024 + 1]).build();
    let text = "decompressed chart file \"chart/big.txt\" is larger than the maximum file size 5242880";
    server.upload(&large_file).await.expect_error(400, text);
    let many = (0..21).fold(ChartBuilder::new("one", "1.0.0"), |chart, n| {
        chart.file(&format!("big{n}.txt"), vec![b'a'; 5 * 1024 * 1024])
    });
    server.upload(&many.build()).await.expect(400);
    assert_eq!(server.files(""), [""; 0]);
    server.publish("", &Chart::new("one", "1.0.0")).await;
}

#[tokio::test]
async fn bad_provenances_are_refused_and_leave_nothing() {
    let server = Server::start().await;
    let chart = Chart::new("one", "1.0.0");
    let good = chart.provenance();
    for text in [
        "",
        "name: one\nversion: 1.0.0\n",
        &format!("\n{good}"),
        &good.replace("name: one", "nome: one"),
        &good.replace("\nversion: 1.0.0", ""),
    ] {
        server.post("/api/prov", text.to_owned()).await.expect_error(400, "invalid provenance file");
        if !text.is_empty() {
            let form = server.post_form("/api/charts", &[("prov", text.as_bytes())]).await;
            form.expect_error(400, "invalid provenance file");
            let form = server.post_form("/api/charts", &[("chart", &chart.bytes), ("prov", text.as_bytes())]).await;
            form.expect_error(400, "invalid provenance file");
        }
    }
    server.post("/api/prov", chart.bytes.clone()).await.expect_error(400, "invalid provenance file");
    server.post_form("/api/charts", &[("prov", &chart.bytes)]).await.expect_error(400, "invalid provenance file");
    server.post_form("/api/charts", &[("chart", good.as_bytes())]).await.expect(400);
    server.post("/api/charts", good).await.expect_error(400, "gzip: invalid header");
    assert_eq!(server.files(""), [""; 0]);
    assert_eq!(server.index("").await.value["entries"], json!({}));
}

/// ChartMuseum stops checking names once a part before has met a conflict.
#[tokio::test]
async fn q_s2_a_provenance_with_a_hostile_name_is_refused_also_beside_a_chart_that_exists() {
    for settings in [&["--depth=1"][..], &["--depth=1", "--allow-overwrite"]] {
        let server = Server::with(settings).await;
        let chart = Chart::new("one", "1.0.0");
        server.publish("org", &chart).await;
        for name in ["../evil", "../../evil", "/tmp/evil", "evil/x", "..%2fevil/"] {
            let hostile = acceptance::provenance(name, "1.0.0", &chart.digest);
            let text = format!("{name}-1.0.0.tgz.prov is improperly formatted");
            for query in ["", "?force"] {
                let raw = server.post(&format!("/api/org/prov{query}"), hostile.clone()).await;
                raw.expect_error(400, &text);
                let path = format!("/api/org/charts{query}");
                for parts in [
                    &[("chart", &chart.bytes[..]), ("prov", hostile.as_bytes())][..],
                    &[("prov", hostile.as_bytes()), ("chart", &chart.bytes[..])],
                    &[("prov", hostile.as_bytes())],
                ] {
                    server.post_form(&path, parts).await.expect_error(400, &text);
                }
            }
        }
        assert_eq!(server.files("org"), ["one-1.0.0.tgz"]);
        assert_eq!((server.files(""), server.files("..")), (Vec::new(), Vec::new()));
        assert_eq!(server.pull("org", "one", "1.0.0").await, chart.bytes);
    }
}

#[tokio::test]
async fn a_form_without_a_usable_part_is_refused() {
    let server = Server::start().await;
    let text = "no package or provenance file found in form fields chart and prov";
    server.post_form("/api/charts", &[("file", b"x")]).await.expect_error(400, text);
    let post = async |kind: &str, body: &'static str| {
        let request = server.request(reqwest::Method::POST, "/api/charts").header("content-type", kind);
        server.send(request.body(body)).await
    };
    post("multipart/form-data", "--b\r\n").await.expect_error(400, text);
    post("multipart/form-data; boundary=b", "no form at all").await.expect_error(400, text);
    post("multipart/form-data; boundary=b", "").await.expect_error(400, text);
    // a field that is no file
    let field = "--b\r\nContent-Disposition: form-data; name=\"chart\"\r\n\r\ntext\r\n--b--\r\n";
    post("multipart/form-data; boundary=b", field).await.expect_error(400, text);
}

#[tokio::test]
async fn q_s1_paths_that_lead_out_of_the_storage_are_no_routes() {
    for depth in ["--depth=1", "--depth=2", "--depth-dynamic"] {
        let server = Server::with(&[depth]).await;
        server.place("../outside-1.0.0.tgz", b"secret");
        for target in [
            "/../index.yaml",
            "/%2e%2e/index.yaml",
            "/%2E./index.yaml",
            "/org/../index.yaml",
            "/./index.yaml",
            "//index.yaml",
            "/org//index.yaml",
            "/.chandlery/index.yaml",
            "/.hidden/index.yaml",
            "/../charts/outside-1.0.0.tgz",
            "/%2e%2e/charts/outside-1.0.0.tgz",
            "/org/charts/..%2foutside-1.0.0.tgz",
            "/org/team/charts/%2e%2e/%2e%2e/outside-1.0.0.tgz",
            "/api/../charts",
            "/api/%2e%2e/charts",
            "/api/org/%2e%2e/charts",
            "/a%00b/index.yaml",
            "/%00/index.yaml",
            "/..%00/index.yaml",
            "/..%5c..%5cindex.yaml",
            "/%252e%252e/charts/outside-1.0.0.tgz",
            "/..%255c/charts/outside-1.0.0.tgz",
        ] {
            let answer = exchange(&server, "GET", target).await;
            assert_eq!(answer.status, 404, "{depth}: {answer:?}");
        }
        for target in ["/api/../charts", "/api/%2e%2e/charts", "/../api/charts", "/api/.chandlery/charts"] {
            let answer = exchange(&server, "POST", target).await;
            assert_eq!(answer.status, 404, "{depth}: {answer:?}");
        }
        exchange(&server, "DELETE", "/api/%2e%2e/charts/outside/1.0.0").await.expect(404);
        // encoded twice it is a name like any other
        let index = exchange(&server, "GET", "/%252e%252e/index.yaml").await;
        assert!(!index.text().contains("outside"), "{depth}: {index:?}");
        if depth != "--depth=2" {
            server.post("/api/%252e%252e/charts", Chart::new("one", "1.0.0").bytes).await.expect(201);
            assert!(server.file("%2e%2e/one-1.0.0.tgz").is_file());
        }
        assert_eq!(server.files(".."), ["outside-1.0.0.tgz"]);
    }
}

#[tokio::test]
async fn odd_requests_do_not_harm() {
    let server = Server::start().await;
    for target in ["/%", "/%zz/index.yaml", "/%ff/index.yaml", "/api/charts/%ff", "/charts/%ff.tgz", "/?", "/%2", "*"] {
        let answer = exchange(&server, "GET", target).await;
        assert!(answer.status < 500, "{answer:?}");
    }
    let long = format!("/{}", "a".repeat(20_000));
    let answer = exchange(&server, "GET", &long).await;
    assert!((400..500).contains(&answer.status), "{}", answer.status);
    for method in ["PUT", "PATCH", "TRACE", "BREW"] {
        exchange(&server, method, "/index.yaml").await.expect_error(404, "not found");
    }
    server.get("/health").await.expect(200);
}
