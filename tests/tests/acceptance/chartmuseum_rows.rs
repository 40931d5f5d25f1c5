//! What ChartMuseum's own tests assert of a server, row by row, at every depth that they use.
//!
//! Two answers differ on purpose: an invalid provenance sent raw is 400 and not 500, and a download with another
//! extension is 404 and not 500. Rows with files of their own: metrics (`metrics.rs`), limits and half-sent uploads
//! (`uploads.rs`), settings and `--gen-index` (`chartmuseum_settings.rs`), pages and Artifact Hub (`web.rs`), tokens
//! (`auth_tokens.rs`), provenances and hostile names (`refusals.rs`), the helper methods of its plugin (`cm_push.rs`).

use acceptance::{Chart, ChartBuilder, Launch, Server, exchange};
use reqwest::Method;
use serde_json::{Value, json};

/// The depths of ChartMuseum's tests, each with two repositories.
const DEPTHS: [(&str, [&str; 2]); 4] = [
    ("0", ["", ""]),
    ("1", ["org1", "org2"]),
    ("2", ["org1/repoa", "org2/repob"]),
    ("3", ["org1/repoa/x", "org2/repob/y"]),
];

const SAVED: &str = r#"{"saved":true}"#;

/// Runs a row on a new server of each depth, for each of its repositories.
async fn at_every_depth(settings: &[&str], row: impl AsyncFn(&Server, &str, &str)) {
    for (depth, repositories) in DEPTHS {
        let launch = Launch::default().with(format!("--depth={depth}"));
        let server = settings.iter().fold(launch, |launch, setting| launch.with(*setting)).start().await;
        for repository in &repositories[..if depth == "0" { 1 } else { 2 }] {
            let below = if repository.is_empty() { String::new() } else { format!("/{repository}") };
            row(&server, &below, &format!("/api{below}")).await;
        }
    }
}

fn mychart() -> Chart {
    Chart::new("mychart", "0.1.0")
}

#[tokio::test]
async fn welcome_health_and_index_answer_with_an_id() {
    at_every_depth(&[], async |server, below, api| {
        let welcome = server.get("/").await.expect(200);
        assert!(welcome.header("content-type").unwrap().starts_with("text/html"), "{welcome:?}");
        assert_eq!(server.get("/health").await.expect(200).text(), r#"{"healthy":true}"#);
        let index = format!("{below}/index.yaml");
        for _ in 0..2 {
            server.get(&index).await.expect(200);
            assert!(server.head(&index).await.expect(200).body.is_empty());
            server.post(&format!("{api}/charts"), mychart().bytes).await.expect(201);
            server.delete(&format!("{api}/charts/mychart/0.1.0")).await.expect(200);
        }
        for path in [&*index, "/", "/health", "/no/such/path/at/all"] {
            assert!(!server.get(path).await.header("x-request-id").unwrap().is_empty(), "{path}");
        }
    })
    .await;
}

#[tokio::test]
async fn downloads_of_packages_and_provenances() {
    at_every_depth(&[], async |server, below, api| {
        let chart = mychart();
        server.post(&format!("{api}/charts"), chart.bytes.clone()).await.expect(201);
        server.post(&format!("{api}/prov"), chart.provenance()).await.expect(201);
        let package = server.get(&format!("{below}/charts/mychart-0.1.0.tgz")).await.expect(200);
        assert_eq!((package.header("content-type"), &package.body), (Some("application/x-tar"), &chart.bytes));
        let signed = server.get(&format!("{below}/charts/mychart-0.1.0.tgz.prov")).await.expect(200);
        assert_eq!(signed.header("content-type"), Some("application/pgp-signature"));
        assert_eq!(signed.text(), chart.provenance());
        for file in ["fakechart-0.1.0.tgz", "fakechart-0.1.0.tgz.prov"] {
            server.get(&format!("{below}/charts/{file}")).await.expect_error(404, "object not found");
        }
        let other = server.get(&format!("{below}/charts/fakechart-0.1.0.bad")).await;
        other.expect_error(404, "unsupported file extension");
    })
    .await;
}

#[tokio::test]
async fn lists_charts_and_versions() {
    at_every_depth(&[], async |server, _, api| {
        server.post(&format!("{api}/charts"), mychart().bytes).await.expect(201);
        let all = server.get(&format!("{api}/charts")).await.expect(200).json();
        assert_eq!(all["mychart"][0]["version"], "0.1.0");
        assert_eq!(server.get(&format!("{api}/charts?offset=10&limit=5")).await.expect(200).text(), "{}");
        let negative = server.get(&format!("{api}/charts?offset=-1&limit=5")).await;
        negative.expect_error(400, "offset is not a valid non-negative integer");
        let none = server.get(&format!("{api}/charts?offset=0&limit=0")).await;
        none.expect_error(400, "limit is not a valid positive integer");
        for (path, status) in [
            ("mychart", 200),
            ("fakechart", 404),
            ("mychart/0.1.0", 200),
            ("mychart/latest", 200),
            ("mychart/0.0.0", 404),
            ("fakechart/0.1.0", 404),
            ("fakechart/latest", 404),
            ("mychart/0.1.0/templates", 200),
            ("mychart/latest/templates", 200),
            ("mychart/0.0.0/templates", 404),
            ("fakechart/0.1.0/templates", 404),
            ("mychart/0.1.0/values", 200),
            ("mychart/latest/values", 200),
            ("mychart/0.0.0/values", 404),
            ("fakechart/0.1.0/values", 404),
        ] {
            let path = format!("{api}/charts/{path}");
            let answer = server.get(&path).await.expect(status);
            assert_eq!(status == 404, answer.text().starts_with("{\"error\":\""), "{answer:?}");
            assert!(server.head(&path).await.expect(status).body.is_empty());
        }
    })
    .await;
}

#[tokio::test]
async fn raw_uploads_and_deletion_without_overwriting() {
    at_every_depth(&["--disable-force-overwrite"], async |server, _, api| {
        let chart = mychart();
        server.post(&format!("{api}/charts"), "").await.expect_error(400, "EOF");
        server.post(&format!("{api}/prov"), "").await.expect_error(400, "invalid provenance file");
        for _ in 0..2 {
            for (path, body) in [("charts", chart.bytes.clone()), ("prov", chart.provenance().into())] {
                let path = format!("{api}/{path}");
                assert_eq!(server.post(&path, body.clone()).await.expect(201).text(), SAVED);
                for query in ["", "?force"] {
                    let again = server.post(&format!("{path}{query}"), body.clone()).await;
                    again.expect_error(409, "file already exists");
                }
            }
            // clears both, so that both can be posted again
            let path = format!("{api}/charts/mychart/0.1.0");
            assert_eq!(server.delete(&path).await.expect(200).text(), r#"{"deleted":true}"#);
            server.delete(&path).await.expect(404);
        }
    })
    .await;
}

#[tokio::test]
async fn forms_without_overwriting() {
    at_every_depth(&["--disable-force-overwrite"], async |server, _, api| {
        let chart = mychart();
        let text = chart.provenance();
        let path = format!("{api}/charts");
        let (package, signed) = (("chart", &*chart.bytes), ("prov", text.as_bytes()));
        for parts in [&[package][..], &[signed], &[package, signed]] {
            assert_eq!(server.post_form(&path, parts).await.expect(201).text(), SAVED);
            for query in ["", "?force"] {
                let again = server.post_form(&format!("{path}{query}"), parts).await;
                again.expect_error(409, "chart already exists");
            }
            if parts.len() == 1 && parts[0].0 == "prov" {
                server.delete(&format!("{path}/mychart/0.1.0")).await.expect(200);
            }
        }
        let unknown = server.post_form(&path, &[("unknown", &chart.bytes)]).await;
        unknown.expect_error(400, "no package or provenance file found in form fields chart and prov");
        server.post_form(&path, &[("chart", text.as_bytes())]).await.expect(400);
        server.post_form(&path, &[("prov", &chart.bytes)]).await.expect_error(400, "invalid provenance file");
    })
    .await;
}

#[tokio::test]
async fn a_disabled_api_and_disabled_deletion() {
    at_every_depth(&["--disable-api"], async |server, below, api| {
        for path in ["charts", "charts/mychart", "charts/mychart/0.1.0"] {
            server.get(&format!("{api}/{path}")).await.expect_error(404, "not found");
        }
        server.post(&format!("{api}/charts"), mychart().bytes).await.expect_error(404, "not found");
        server.post(&format!("{api}/prov"), mychart().provenance()).await.expect_error(404, "not found");
        server.delete(&format!("{api}/charts/mychart/0.1.0")).await.expect_error(404, "not found");
        server.get(&format!("{below}/index.yaml")).await.expect(200);
    })
    .await;
    at_every_depth(&["--disable-delete"], async |server, _, api| {
        server.post(&format!("{api}/charts"), mychart().bytes).await.expect(201);
        server.delete(&format!("{api}/charts/mychart/0.1.0")).await.expect_error(404, "not found");
        server.get(&format!("{api}/charts/mychart/0.1.0")).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn overwriting_keeps_one_entry() {
    for (settings, query) in [(&["--allow-overwrite"][..], ""), (&[][..], "?force")] {
        at_every_depth(settings, async |server, below, api| {
            let build = |text: &str| ChartBuilder::new("mychart", "0.1.0").file("x", text.to_owned()).build();
            for chart in [build("first"), build("second")] {
                let text = chart.provenance();
                let path = format!("{api}/charts{query}");
                server.post(&path, chart.bytes.clone()).await.expect(201);
                for _ in 0..2 {
                    server.post(&format!("{api}/prov{query}"), text.clone()).await.expect(201);
                }
                server.post_form(&path, &[("chart", &chart.bytes), ("prov", text.as_bytes())]).await.expect(201);
                let index = server.index(below.trim_start_matches('/')).await;
                assert_eq!(index.entry("mychart", "0.1.0")["digest"], chart.digest);
                assert_eq!(index.entries().count(), 1);
            }
            if !query.is_empty() {
                server.post(&format!("{api}/charts"), mychart().bytes).await.expect_error(409, "file already exists");
            }
        })
        .await;
    }
}

#[tokio::test]
async fn a_full_repository_takes_what_it_has_and_nothing_else() {
    at_every_depth(&["--max-storage-objects=2", "--allow-overwrite"], async |server, _, api| {
        let chart = mychart();
        for _ in 0..2 {
            server.post(&format!("{api}/charts"), chart.bytes.clone()).await.expect(201);
            server.post(&format!("{api}/prov"), chart.provenance()).await.expect(201);
        }
        let other = Chart::new("other", "0.1.0");
        let text = "repo has reached storage limit";
        server.post(&format!("{api}/charts"), other.bytes.clone()).await.expect_error(507, text);
        server.post(&format!("{api}/prov"), other.provenance()).await.expect_error(507, text);
        server.post_form(&format!("{api}/charts"), &[("chart", &other.bytes)]).await.expect_error(507, text);
    })
    .await;
}

#[tokio::test]
async fn two_versions_per_chart_raw_and_in_forms() {
    at_every_depth(&["--per-chart-limit=2"], async |server, below, api| {
        let path = format!("{api}/charts");
        let neighbour = Chart::new("mychart-service", "0.0.1");
        server.post(&path, neighbour.bytes.clone()).await.expect(201);
        for name in ["mychart", "formchart"] {
            for version in ["0.1.0", "0.2.0", "0.3.0"] {
                let chart = Chart::new(name, version);
                if name == "mychart" {
                    server.post(&path, chart.bytes.clone()).await.expect(201);
                } else {
                    let text = chart.provenance();
                    let parts = [("chart", &*chart.bytes), ("prov", text.as_bytes())];
                    server.post_form(&path, &parts).await.expect(201);
                }
            }
            server.get(&format!("{path}/{name}/0.1.0")).await.expect(404);
            for version in ["0.2.0", "0.3.0"] {
                server.get(&format!("{path}/{name}/{version}")).await.expect(200);
            }
        }
        server.get(&format!("{below}/charts/formchart-0.3.0.tgz.prov")).await.expect(200);
        server.get(&format!("{path}/mychart-service/0.0.1")).await.expect(200);
    })
    .await;
}

#[tokio::test]
async fn an_upload_of_at_most_one_byte() {
    at_every_depth(&["--max-upload-size=1"], async |server, _, api| {
        let chart = mychart();
        server.post(&format!("{api}/charts"), chart.bytes.clone()).await.expect(413);
        server.post(&format!("{api}/prov"), chart.provenance()).await.expect(413);
        server.post_form(&format!("{api}/charts"), &[("chart", &chart.bytes)]).await.expect(413);
    })
    .await;
}

#[tokio::test]
async fn artifact_hub_ids_and_absolute_urls_at_every_depth() {
    for (depth, [repository, _]) in DEPTHS {
        let id = if repository.is_empty() { "some-id".to_owned() } else { format!("{repository}=some-id") };
        let settings = [
            format!("--depth={depth}"),
            format!("--artifact-hub-repo-id={id}"),
            "--chart-url=https://charts.example/base/".to_owned(),
        ];
        let server = settings.iter().fold(Launch::default(), Launch::with).start().await;
        let below = if repository.is_empty() { String::new() } else { format!("/{repository}") };
        let file = server.get(&format!("{below}/artifacthub-repo.yml")).await.expect(200);
        assert_eq!(file.text(), "repositoryID: some-id\n");
        server.publish(repository, &mychart()).await;
        let url = format!("https://charts.example/base{below}/charts/mychart-0.1.0.tgz");
        assert_eq!(server.index(repository).await.url("mychart", "0.1.0"), url);
    }
}

/// Touched, broken, mended and removed: reading the storage again never fails.
#[tokio::test]
async fn files_that_come_change_and_go() {
    at_every_depth(&["--always-regenerate-chart-index"], async |server, below, api| {
        let repository = below.trim_start_matches('/');
        let key = |file: &str| format!("{repository}/{file}").trim_start_matches('/').to_owned();
        server.post(&format!("{api}/charts"), mychart().bytes).await.expect(201);
        server.place(&key("mychart-0.1.0.tgz"), &mychart().bytes);
        assert_eq!(server.index(repository).await.names(), ["mychart"]);
        for content in [&b"brokentest"[..], b"broken, and longer than before"] {
            server.place(&key("brokentest-1.0.0.tgz"), content);
            assert_eq!(server.index(repository).await.names(), ["mychart"]);
        }
        std::fs::remove_file(server.file(&key("brokentest-1.0.0.tgz"))).unwrap();
        assert_eq!(server.index(repository).await.names(), ["mychart"]);
        server.get(&format!("{api}/charts/mychart/0.1.0")).await.expect(200);
    })
    .await;
    let server = Server::with(&["--depth=1"]).await;
    assert_eq!(server.listing("never").await, json!({}));
}

/// Context paths of none to three segments, all depths, and with dynamic depth the same again.
#[tokio::test]
async fn every_route_below_every_context_path() {
    for context in ["", "/x", "/x/y", "/x/y/z"] {
        for (depth, [repository, _]) in DEPTHS {
            for setting in [format!("--depth={depth}"), "--depth-dynamic".to_owned()] {
                let launch = Launch::default().with(format!("--context-path={context}")).with(&setting);
                let server = launch.start().await;
                let below = if repository.is_empty() { context.to_owned() } else { format!("{context}/{repository}") };
                let api = format!("{context}/api{}", &below[context.len()..]);
                server.get(&format!("{context}/")).await.expect(200);
                server.get(&format!("{context}/health")).await.expect(200);
                server.post(&format!("{api}/charts"), mychart().bytes).await.expect(201);
                server.post(&format!("{api}/prov"), mychart().provenance()).await.expect(201);
                for path in [
                    format!("{below}/index.yaml"),
                    format!("{below}/charts/mychart-0.1.0.tgz"),
                    format!("{below}/charts/mychart-0.1.0.tgz.prov"),
                    format!("{api}/charts"),
                    format!("{api}/charts/mychart"),
                    format!("{api}/charts/mychart/0.1.0"),
                ] {
                    server.get(&path).await.expect(200);
                }
                server.delete(&format!("{api}/charts/mychart/0.1.0")).await.expect(200);
                let unknown = server.get(&format!("{context}/a/b/c/d/e/f/unknown")).await;
                unknown.expect_error(404, "not found");
                if !context.is_empty() {
                    server.get("/index.yaml").await.expect_error(404, "not found");
                    server.get(&format!("{context}x/health")).await.expect_error(404, "not found");
                }
            }
        }
    }
}

#[tokio::test]
async fn a_pair_guards_all_but_health() {
    let pair = ["--basic-auth-user=user", "--basic-auth-pass=pass"];
    let server = Server::with(&pair).await;
    let with = async |method: Method, path: &str, password: &str| {
        server.send(server.request(method, path).basic_auth("user", Some(password))).await
    };
    server.get("/health").await.expect(200);
    server.get("/").await.expect_error(401, "unauthorized");
    with(Method::GET, "/", "wrong").await.expect_error(401, "unauthorized");
    with(Method::GET, "/", "pass").await.expect(200);
    let server = Server::with(&[pair[0], pair[1], "--auth-anonymous-get"]).await;
    server.get("/").await.expect(200);
    server.upload(&mychart()).await.expect_error(401, "unauthorized");
}

/// What ChartMuseum's tests ask of file names shows in where a version is kept and what is found again after a restart.
#[tokio::test]
async fn file_names_follow_from_name_and_version_and_back() {
    let mut server = Server::with(&["--per-chart-limit=5"]).await;
    let charts = [
        ("mychart", "0.1.0"),
        ("mychart", "1.0.4-SNAPSHOT"),
        ("my-multi-hyphen-chart", "1.0.4"),
        ("mychart-1x", "1.0.4"),
        ("mychart", "1.0.4-rc1"),
        ("mychart", "1.0.4-rc1-SNAPSHOT"),
        ("mychart", "1.0.4-SNAPSHOT-1"),
        ("foo", "v1.2"),
        ("a--b", "1.0.0"),
    ];
    for (name, version) in charts {
        let chart = Chart::new(name, version);
        server.publish("", &chart).await;
        assert!(server.file(&format!("{name}-{version}.tgz")).is_file(), "{name} {version}");
    }
    // a name that says nothing, and one that says something else than its content
    server.place("nohyphen.tgz", &Chart::new("content", "1.0.0").bytes);
    server.place("liar-9.9.9.tgz", &Chart::new("honest", "1.0.0").bytes);
    for round in ["as it is", "after a restart"] {
        for (name, version) in charts {
            assert_eq!(server.pull("", name, version).await, Chart::new(name, version).bytes, "{round}");
        }
        if round == "as it is" {
            server.restart_with(&["--always-regenerate-chart-index"]).await;
        }
    }
    let index = server.index("").await;
    assert_eq!(index.url("content", "1.0.0"), "charts/nohyphen.tgz");
    assert_eq!(index.url("honest", "1.0.0"), "charts/liar-9.9.9.tgz");
    server.get("/api/charts/liar").await.expect(404);
}

/// The index's own rows: default text, JSON on request, context path only when set, no chart left without a version.
#[tokio::test]
async fn an_index_of_charts_added_and_removed() {
    for (setting, is_json) in [("--json-index=true", true), ("--json-index=false", false)] {
        let server = Server::with(&[setting]).await;
        server.publish("", &mychart()).await;
        server.publish("", &Chart::new("mychart", "0.2.0")).await;
        let index = server.index("").await;
        assert_eq!(index.versions("mychart"), ["0.2.0", "0.1.0"]);
        assert_eq!(index.url("mychart", "0.1.0"), "charts/mychart-0.1.0.tgz");
        assert_eq!(serde_json::from_slice::<Value>(&index.answer.body).is_ok(), is_json);
        assert!(!index.answer.text().contains("contextPath"));
        server.delete("/api/charts/mychart/0.1.0").await.expect(200);
        assert_eq!(server.index("").await.versions("mychart"), ["0.2.0"]);
        server.delete("/api/charts/mychart/0.2.0").await.expect(200);
        assert_eq!(server.index("").await.value["entries"], json!({}));
    }
    let server = Server::with(&["--context-path=/x"]).await;
    let index: Value = serde_yaml::from_str(exchange(&server, "GET", "/x/index.yaml").await.text()).unwrap();
    assert_eq!(index["serverInfo"]["contextPath"], "/x");
}

#[tokio::test]
async fn the_name_in_a_provenance_is_the_chart_s_also_behind_a_maintainer_s() {
    let server = Server::start().await;
    let signed = mychart().provenance().replace("apiVersion: v2", "apiVersion: v2\nmaintainers:\n- name: somebody");
    server.post("/api/prov", signed.clone()).await.expect(201);
    assert_eq!(server.get("/charts/mychart-0.1.0.tgz.prov").await.expect(200).text(), signed);
}
