//! What an index says: I1–I5, I7, I9, I11–I15, I17.

use acceptance::{Chart, ChartBuilder, Index, Launch, Server, exchange};
use serde_json::{Value, json};

#[tokio::test]
async fn i1_an_index_answers_200_to_a_plain_request_and_has_no_json_twin() {
    let server = Server::start().await;
    let answer = exchange(&server, "GET", "/index.yaml").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/x-yaml"));
    exchange(&server, "GET", "/index.json").await.expect_error(404, "not found");
}

#[tokio::test]
async fn i2_an_empty_repository_is_an_empty_map() {
    for format in ["json", "yaml"] {
        let server = Server::with(&[&format!("--index-format={format}"), "--depth=1"]).await;
        let index = server.index("never-heard-of").await;
        assert!(!index.answer.body.is_empty());
        assert_eq!(index.value["apiVersion"], "v1");
        assert_eq!(index.value["entries"], json!({}));
        assert!(!server.file("never-heard-of").exists(), "asking for a repository must not make it");
    }
}

#[tokio::test]
async fn i2_the_index_of_a_repository_whose_last_chart_was_removed_is_an_empty_map() {
    let server = Server::start().await;
    server.publish("", &Chart::new("only", "1.0.0")).await;
    server.delete("/api/charts/only/1.0.0").await.expect(200);
    assert_eq!(server.index("").await.value["entries"], json!({}));
    assert_eq!(server.listing("").await, json!({}));
}

#[tokio::test]
async fn i3_index_and_entries_always_name_their_api_version() {
    let server = Server::start().await;
    let old = ChartBuilder::new("old", "1.0.0").chart_yaml("name: old\nversion: 1.0.0\n").build();
    server.publish("", &old).await;
    server.publish("", &Chart::new("new", "1.0.0")).await;
    let index = server.index("").await;
    assert_eq!(index.value["apiVersion"], "v1");
    assert_eq!(index.entry("old", "1.0.0")["apiVersion"], "v1");
    assert_eq!(index.entry("new", "1.0.0")["apiVersion"], "v2");
}

#[tokio::test]
async fn i4_json_by_default_and_block_yaml_on_request_say_the_same() {
    let mut server = Server::start().await;
    server.publish("", &everything()).await;
    server.publish("", &Chart::new("zebra", "1.10.0")).await;

    let json = server.index("").await;
    let strict: Value = serde_json::from_slice(&json.answer.body).expect("the default text is JSON");
    assert_eq!(strict, json.value, "the JSON text means something else to a YAML reader");

    server.restart_with(&["--index-format=yaml"]).await;
    let yaml = server.index("").await;
    assert!(serde_json::from_slice::<Value>(&yaml.answer.body).is_err(), "{}", yaml.answer.text());
    assert_eq!(yaml.value["entries"], json.value["entries"]);
    assert_eq!(yaml.answer.header("content-type"), Some("application/x-yaml"));
    assert_eq!(json.answer.header("content-type"), Some("application/x-yaml"));
}

#[tokio::test]
async fn i4_the_json_setting_of_chartmuseum_still_chooses_the_text() {
    for (settings, is_json) in [
        (&["--json-index"][..], true),
        (&["--json-index=false"][..], false),
        (&["--json-index=false", "--index-format=json"][..], true),
        (&["--json-index", "--index-format=yaml"][..], false),
    ] {
        let server = Server::with(settings).await;
        let answer = server.get("/index.yaml").await.expect(200);
        assert_eq!(serde_json::from_slice::<Value>(&answer.body).is_ok(), is_json, "{settings:?}");
    }
}

/// What Helm's strict reader knows.
const INDEX_FIELDS: &[&str] = &["apiVersion", "entries", "generated", "serverInfo"];
const ENTRY_FIELDS: &[&str] = &[
    "name",
    "home",
    "sources",
    "version",
    "description",
    "keywords",
    "maintainers",
    "icon",
    "apiVersion",
    "condition",
    "tags",
    "appVersion",
    "deprecated",
    "annotations",
    "kubeVersion",
    "dependencies",
    "type",
    "urls",
    "created",
    "digest",
];

#[tokio::test]
async fn i5_no_unknown_field_in_either_form() {
    let mut server = Server::start().await;
    let odd = ChartBuilder::new("odd", "1.0.0")
        .metadata("engine: gotpl\nunheardOf: {a: 1}\ndigest: deadbeef\ncreated: yesterday\nurls: [oci://elsewhere]\nremoved: true")
        .build();
    server.publish("", &odd).await;
    server.publish("", &everything()).await;
    server.post("/api/prov", everything().provenance()).await.expect(201);
    for settings in [&[][..], &["--index-format=yaml"], &["--allow-overwrite", "--context-path=/below"]] {
        server.restart_with(settings).await;
        let path = if settings.len() == 2 { "below" } else { "" };
        let index = server.index(path).await;
        for field in index.value.as_object().unwrap().keys() {
            assert!(INDEX_FIELDS.contains(&&**field), "the index has a field {field}");
        }
        for entry in index.entries() {
            for field in entry.as_object().unwrap().keys() {
                assert!(ENTRY_FIELDS.contains(&&**field), "an entry has a field {field}: {entry}");
            }
        }
        assert_eq!(index.entry("odd", "1.0.0")["digest"], odd.digest);
    }
}

#[tokio::test]
async fn i7_versions_descend_by_precedence_then_by_time_then_by_text() {
    let server = Server::start().await;
    for version in
        ["1.0.0+b", "1.10.0", "1.0.0+a", "2.0.0-rc.1", "1.2.0", "2.0.0", "2.0.0-rc.10", "2.0.0-rc.2", "v1.5.0"]
    {
        server.publish("", &Chart::new("many", version)).await;
    }
    let expected =
        ["2.0.0", "2.0.0-rc.10", "2.0.0-rc.2", "2.0.0-rc.1", "1.10.0", "v1.5.0", "1.2.0", "1.0.0+a", "1.0.0+b"];
    assert_eq!(server.index("").await.versions("many"), expected);
    let listed = server.listing("").await;
    let listed: Vec<&str> =
        listed["many"].as_array().unwrap().iter().map(|entry| entry["version"].as_str().unwrap()).collect();
    assert_eq!(listed, expected);
}

#[tokio::test]
async fn i9_the_digest_is_the_bare_hash_of_the_bytes_served() {
    let server = Server::start().await;
    let charts = [
        Chart::new("a", "1.0.0"),
        Chart::new("b", "2.0.0+x"),
        ChartBuilder::new("c", "1.0.0").ballast(300_000).build(),
    ];
    for chart in &charts {
        server.publish("", chart).await;
    }
    for chart in &charts {
        assert_eq!(server.index("").await.entry(&chart.name, &chart.version)["digest"], chart.digest);
        assert_eq!(server.pull("", &chart.name, &chart.version).await, chart.bytes);
    }
}

#[tokio::test]
async fn i11_urls_are_relative_without_slash_query_or_colon_and_end_in_the_file_name() {
    for setting in ["--allow-overwrite=false", "--allow-overwrite"] {
        let server = Server::with(&[setting, "--depth=2"]).await;
        let charts =
            [Chart::new("plain", "1.0.0"), Chart::new("built", "1.0.0+20.meta"), Chart::new("Odd_Name", "v1.2")];
        for chart in &charts {
            server.publish("org/team", chart).await;
        }
        let index = server.index("org/team").await;
        for chart in &charts {
            let url = index.url(&chart.name, &chart.version);
            assert!(url.starts_with("charts/"), "{url}");
            assert!(url.ends_with(&format!("/{}", chart.file_name())), "{url}");
            assert!(!url.contains(['?', ':', '#']), "{url}");
            assert_eq!(server.get(&format!("/org/team/{url}")).await.expect(200).body, chart.bytes);
        }
    }
}

#[tokio::test]
async fn i12_absolute_urls_come_only_from_a_setting_and_are_never_stored() {
    let mut server = Server::with(&["--depth=1"]).await;
    let chart = Chart::new("one", "1.0.0");
    server.publish("org", &chart).await;
    assert_eq!(server.index("org").await.url("one", "1.0.0"), "charts/one-1.0.0.tgz");

    server.restart_with(&["--depth=1", "--chart-url=https://charts.example.com/", "--context-path=helm/"]).await;
    let index = server.index("helm/org").await;
    assert_eq!(index.url("one", "1.0.0"), "https://charts.example.com/helm/org/charts/one-1.0.0.tgz");
    server.get("/helm/api/org/charts/one/1.0.0/values").await.expect(200);

    server.restart_with(&["--depth=1"]).await;
    assert_eq!(server.index("org").await.url("one", "1.0.0"), "charts/one-1.0.0.tgz");
}

#[tokio::test]
async fn i13_no_url_asks_for_another_protocol() {
    let server = Server::start().await;
    let chart = ChartBuilder::new("one", "1.0.0").metadata("urls: ['oci://registry.example.com/one']").build();
    server.publish("", &chart).await;
    assert!(!server.get("/index.yaml").await.expect(200).text().contains("oci://"));
}

#[tokio::test]
async fn i14_every_field_of_chart_yaml_is_kept() {
    for format in ["json", "yaml"] {
        let server = Server::with(&[&format!("--index-format={format}")]).await;
        let chart = everything();
        server.publish("", &chart).await;
        let index = server.index("").await;
        let mut entry = index.entry("everything", "1.2.3-rc.1+build.5").clone();
        let created = entry.as_object_mut().unwrap().remove("created").unwrap();
        assert!(created.as_str().unwrap().ends_with('Z'));
        let expected = json!({
            "apiVersion": "v2",
            "name": "everything",
            "version": "1.2.3-rc.1+build.5",
            "kubeVersion": ">=1.28.0-0",
            "description": "Every field, \"quoted\" & <marked> – once",
            "type": "application",
            "keywords": ["one", "true", "2"],
            "home": "https://example.com/everything",
            "sources": ["https://example.com/source"],
            "dependencies": [
                {
                    "name": "database",
                    "version": "~1.2",
                    "repository": "https://example.com/charts",
                    "condition": "database.enabled,global.database",
                    "tags": ["backend", "state"],
                    "import-values": ["data", {"child": "exports", "parent": "imports"}],
                    "alias": "store",
                },
                {"name": "database", "version": "1.x.x", "repository": "file://../database"},
            ],
            "maintainers": [{"name": "Ada", "email": "ada@example.com", "url": "https://example.com/ada"}, {"name": "Bob"}],
            "icon": "https://example.com/icon.svg",
            "appVersion": "1.1",
            "deprecated": true,
            "annotations": {"category": "Database", "number": "1.5", "list": "- a\n- b\n", "flag": "true"},
            "urls": ["charts/everything-1.2.3-rc.1+build.5.tgz"],
            "digest": chart.digest,
        });
        assert_eq!(entry, expected);
    }
}

#[tokio::test]
async fn i14_dependencies_of_the_old_requirements_file_are_kept() {
    let server = Server::start().await;
    let chart = ChartBuilder::new("old", "1.0.0")
        .chart_yaml("apiVersion: v1\nname: old\nversion: 1.0.0\n")
        .file(
            "requirements.yaml",
            "dependencies:\n- name: a\n  version: 1.0.0\n  repository: https://example.com\n  alias: b\n",
        )
        .build();
    server.publish("", &chart).await;
    assert_eq!(
        server.index("").await.entry("old", "1.0.0")["dependencies"],
        json!([{"name": "a", "version": "1.0.0", "repository": "https://example.com", "alias": "b"}])
    );
}

#[tokio::test]
async fn i15_an_unreadable_file_harms_no_other() {
    let launch = Launch::default();
    let good = [Chart::new("good", "1.0.0"), Chart::new("good", "2.0.0"), Chart::new("other", "1.0.0")];
    for chart in &good {
        launch.place(&chart.file_name(), &chart.bytes);
    }
    launch.place("broken-1.0.0.tgz", b"this is no archive");
    launch.place("empty-1.0.0.tgz", b"");
    launch.place("good-3.0.0.tgz", &good[0].bytes[..40]);
    launch.place("notes.txt", b"not a package");
    let server = launch.start().await;
    let index = server.index("").await;
    assert_eq!(index.names(), ["good", "other"]);
    assert_eq!(index.versions("good"), ["2.0.0", "1.0.0"]);
    for chart in &good {
        assert_eq!(server.pull("", &chart.name, &chart.version).await, chart.bytes);
    }
    for file in ["broken-1.0.0.tgz", "empty-1.0.0.tgz", "good-3.0.0.tgz"] {
        server
            .until(&format!("the log names {file}"), async |server| server.log().text().contains(file).then_some(()))
            .await;
    }
}

#[tokio::test]
async fn i15_a_version_is_a_string_whatever_it_looks_like() {
    let mut server = Server::start().await;
    for (written, meant) in [("1.10", "1.1"), ("1e3", "1000"), ("0x10", "16"), ("2", "2"), ("'3.0'", "3.0")] {
        let text = format!(
            "apiVersion: v2\nname: number\nversion: {written}\nappVersion: {written}\nannotations: {{number: {written}}}\n"
        );
        let chart = ChartBuilder::new("number", meant).chart_yaml(&text).build();
        server.publish("", &chart).await;
    }
    for settings in [&[][..], &["--index-format=yaml"]] {
        server.restart_with(settings).await;
        let index = server.index("").await;
        assert_eq!(index.versions("number"), ["1000", "16", "3.0", "2", "1.1"]);
        for entry in index.entries() {
            assert!(entry["appVersion"].is_string() && entry["annotations"]["number"].is_string(), "{entry}");
        }
    }
}

#[tokio::test]
async fn i15_every_entry_has_a_version_and_a_url_and_no_chart_is_empty() {
    let server = Server::start().await;
    for (name, version) in [("gone", "1.0.0"), ("stays", "1.0.0"), ("stays", "2.0.0")] {
        server.publish("", &Chart::new(name, version)).await;
    }
    server.delete("/api/charts/gone/1.0.0").await.expect(200);
    server.delete("/api/charts/stays/2.0.0").await.expect(200);
    let index = server.index("").await;
    assert_eq!(index.names(), ["stays"]);
    for (name, entries) in index.charts() {
        assert!(!entries.is_empty(), "{name} has no versions");
        for entry in entries {
            assert!(!entry["version"].as_str().unwrap().is_empty());
            assert!(!entry["urls"][0].as_str().unwrap().is_empty());
        }
    }
}

#[tokio::test]
async fn i17_the_context_path_is_in_the_index_of_a_server_that_has_one() {
    let mut server = Server::with(&["--context-path=/helm/v1", "--depth=1"]).await;
    let index = server.index("helm/v1/org").await;
    assert_eq!(index.value["serverInfo"], json!({"contextPath": "/helm/v1"}));
    // what a plugin makes of it
    let chart = Chart::new("pushed", "1.0.0");
    server.post("/helm/v1/api/org/charts", chart.bytes.clone()).await.expect(201);
    assert_eq!(server.pull("helm/v1/org", "pushed", "1.0.0").await, chart.bytes);

    server.restart_with(&["--context-path=helm/v1/", "--depth=1", "--index-format=yaml"]).await;
    assert_eq!(server.index("helm/v1/org").await.value["serverInfo"], json!({"contextPath": "/helm/v1"}));

    server.restart_with(&["--depth=1"]).await;
    assert_eq!(server.index("org").await.value["serverInfo"], json!({}));
}

/// A chart with every field of the format.
fn everything() -> Chart {
    ChartBuilder::new("everything", "1.2.3-rc.1+build.5")
        .metadata(
            r#"kubeVersion: ">=1.28.0-0"
description: "Every field, \"quoted\" & <marked> – once"
type: application
keywords: [one, yes, 2]
home: https://example.com/everything
sources: [https://example.com/source]
dependencies:
- name: database
  version: ~1.2
  repository: https://example.com/charts
  condition: database.enabled,global.database
  tags: [backend, state]
  import-values:
  - data
  - child: exports
    parent: imports
  alias: store
- name: database
  version: 1.x.x
  repository: file://../database
maintainers:
- name: Ada
  email: ada@example.com
  url: https://example.com/ada
- name: Bob
icon: https://example.com/icon.svg
appVersion: 1.10
deprecated: true
annotations:
  category: Database
  number: 1.50
  list: |
    - a
    - b
  flag: yes"#,
        )
        .build()
}

#[tokio::test]
async fn names_are_in_byte_order_and_each_chart_is_listed_once() {
    let server = Server::start().await;
    for name in ["zeta", "Alpha", "alpha", "chart-10", "chart-9", "été", "with space"] {
        server.publish("", &Chart::new(name, "1.0.0")).await;
    }
    let mut sorted = vec!["zeta", "Alpha", "alpha", "chart-10", "chart-9", "été", "with space"];
    sorted.sort_unstable();
    let index = Index::read(server.get("/index.yaml").await);
    assert_eq!(index.names(), sorted);
    assert_eq!(server.listing("").await.as_object().unwrap().keys().collect::<Vec<_>>(), sorted);
}
