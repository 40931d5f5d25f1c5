//! Every route at every depth, and what is no route.

use acceptance::{Chart, Launch, Server, exchange};
use serde_json::json;

/// Depth setting and a repository of that depth.
const DEPTHS: [(&str, &str); 8] = [
    ("--depth=0", ""),
    ("--depth=1", "org"),
    ("--depth=2", "org/team"),
    ("--depth=3", "org/team/sub"),
    ("--depth-dynamic", ""),
    ("--depth-dynamic", "org"),
    ("--depth-dynamic", "org/team"),
    ("--depth-dynamic", "a/b/c/d/e"),
];

#[tokio::test]
async fn every_route_works_at_every_depth() {
    for (depth, repository) in DEPTHS {
        life_of_a_repository(&Server::with(&[depth]).await, "", repository).await;
    }
}

#[tokio::test]
async fn every_route_works_below_a_context_path() {
    for (depth, repository) in [DEPTHS[0], DEPTHS[2], DEPTHS[6]] {
        let server = Server::with(&[depth, "--context-path=/helm/v1"]).await;
        life_of_a_repository(&server, "/helm/v1", repository).await;
        for outside in ["/index.yaml", "/helm", "/helm/v1x/index.yaml", "/helm/v1index.yaml", "/", "/api/charts"] {
            server.get(outside).await.expect_error(404, "not found");
        }
    }
}

async fn life_of_a_repository(server: &Server, context: &str, repository: &str) {
    let below = if repository.is_empty() { context.to_owned() } else { format!("{context}/{repository}") };
    let api = format!("{context}/api{}", below.strip_prefix(context).unwrap());
    let (first, second) = (Chart::new("one", "1.0.0"), Chart::new("one", "2.0.0"));

    server.get(&format!("{context}/")).await.expect(200);
    assert_eq!(server.get(&format!("{context}/health")).await.expect(200).text(), r#"{"healthy":true}"#);
    let info = server.get(&format!("{context}/info")).await.expect(200);
    assert_eq!(info.json()["version"], env!("CARGO_PKG_VERSION"));
    server.head(&format!("{below}/index.yaml")).await.expect(200);
    server.get(&format!("{below}/index.yaml")).await.expect(200);
    server.post(&format!("{api}/charts"), "").await.expect_error(400, "EOF");
    server.post(&format!("{api}/prov"), "").await.expect_error(400, "invalid provenance file");

    server.post(&format!("{api}/charts"), first.bytes.clone()).await.expect(201);
    server.post(&format!("{api}/prov"), first.provenance()).await.expect(201);
    let text = second.provenance();
    let form: [(&str, &[u8]); 2] = [("chart", &second.bytes), ("prov", text.as_bytes())];
    server.post_form(&format!("{api}/charts"), &form).await.expect(201);

    for chart in [&first, &second] {
        let file = format!("{below}/charts/{}", chart.file_name());
        assert_eq!(server.get(&file).await.expect(200).body, chart.bytes);
        assert_eq!(server.get(&format!("{file}.prov")).await.expect(200).text(), chart.provenance());
        server.head(&file).await.expect(200);
        let key = format!("{repository}/{}", chart.file_name());
        assert!(server.file(key.trim_start_matches('/')).is_file());
    }
    let listing = server.get(&format!("{api}/charts")).await.expect(200).json();
    assert_eq!(listing["one"].as_array().unwrap().len(), 2);
    assert_eq!(server.get(&format!("{api}/charts?offset=10&limit=5")).await.expect(200).text(), "{}");
    for path in [
        "charts/one",
        "charts/one/1.0.0",
        "charts/one/latest",
        "charts/one/1.0.0/templates",
        "charts/one/latest/values",
    ] {
        server.get(&format!("{api}/{path}")).await.expect(200);
        server.head(&format!("{api}/{path}")).await.expect(200);
    }
    for path in
        ["charts/two", "charts/one/3.0.0", "charts/two/1.0.0", "charts/two/latest/templates", "charts/one/3/values"]
    {
        server.get(&format!("{api}/{path}")).await.expect(404);
        server.head(&format!("{api}/{path}")).await.expect(404);
    }
    server.delete(&format!("{api}/charts/one/1.0.0")).await.expect(200);
    server.delete(&format!("{api}/charts/one/1.0.0")).await.expect(404);
    server.delete(&format!("{api}/charts/one")).await.expect(200);
    assert_eq!(server.get(&format!("{api}/charts")).await.expect(200).text(), "{}");
    server.get(&format!("{below}/index.yaml")).await.expect(200);
    server.post(&format!("{api}/charts"), first.bytes.clone()).await.expect(201);
}

#[tokio::test]
async fn repositories_do_not_see_each_other() {
    let server = Server::with(&["--depth-dynamic"]).await;
    for repository in ["", "org", "org/team", "other"] {
        server.publish(repository, &Chart::new(&format!("of-{}", repository.replace('/', "-")), "1.0.0")).await;
    }
    for repository in ["", "org", "org/team", "other"] {
        let expected = format!("of-{}", repository.replace('/', "-"));
        assert_eq!(server.index(repository).await.names(), [&*expected]);
        assert_eq!(server.listing(repository).await.as_object().unwrap().len(), 1);
    }
    assert_eq!(server.index("org/nothing").await.value["entries"], json!({}));
}

#[tokio::test]
async fn a_tree_serves_at_another_depth_than_it_was_filled() {
    let launch = Launch::default();
    launch.place("root-1.0.0.tgz", &Chart::new("root", "1.0.0").bytes);
    launch.place("org/one-1.0.0.tgz", &Chart::new("one", "1.0.0").bytes);
    launch.place("org/team/two-1.0.0.tgz", &Chart::new("two", "1.0.0").bytes);
    let mut server = launch.start().await;
    assert_eq!(server.index("").await.names(), ["root"]);
    server.restart_with(&["--depth=1"]).await;
    assert_eq!(server.index("org").await.names(), ["one"]);
    server.restart_with(&["--depth-dynamic"]).await;
    assert_eq!(server.index("org/team").await.names(), ["two"]);
    assert_eq!(server.index("").await.names(), ["root"]);
}

#[tokio::test]
async fn repositories_may_have_the_names_of_routes() {
    let server = Server::with(&["--depth=1"]).await;
    for repository in ["api", "apix", "health", "info", "charts", "index.yaml", "static", "v2", "prov"] {
        let chart = Chart::new(repository, "1.0.0");
        server.publish(repository, &chart).await;
        assert_eq!(server.pull(repository, repository, "1.0.0").await, chart.bytes);
    }
}

#[tokio::test]
async fn charts_may_have_the_names_of_routes() {
    let server = Server::start().await;
    for name in ["charts", "api", "prov", "index.yaml", "latest", "values", "templates", "x.tgz"] {
        let chart = Chart::new(name, "1.0.0");
        server.publish("", &chart).await;
        assert_eq!(server.pull("", name, "1.0.0").await, chart.bytes);
        let answer = server.get(&format!("/api/charts/{name}/1.0.0")).await.expect(200);
        assert_eq!(answer.json()["name"], name);
    }
}

#[tokio::test]
async fn what_is_no_route_is_404_and_no_welcome() {
    let table: [(&str, &[&str]); 5] = [
        (
            "--depth=0",
            &[
                "/anything",
                "/org/index.yaml",
                "/api",
                "/api/prov",
                "/health/",
                "/info/",
                "/charts",
                "/index.yaml/",
                "/INDEX.YAML",
            ],
        ),
        ("--depth=1", &["/index.yaml", "/org/anything", "/a/b/index.yaml", "/api/a/b/charts", "/org/team/x"]),
        ("--depth=2", &["/o", "/o/index.yaml", "/index.yaml", "/a/b/c/index.yaml", "/a/b/anything", "/api/a/charts"]),
        ("--depth=3", &["/a/b", "/a/b/index.yaml", "/a/b/c/anything"]),
        ("--depth-dynamic", &["/a/b/charts", "/api/x", "/api/prov"]),
    ];
    for (depth, paths) in table {
        let server = Server::with(&[depth]).await;
        for path in paths {
            let answer = server.get(path).await;
            assert_eq!((answer.status, answer.json()), (404, json!({"error": "not found"})), "{depth} {path}");
        }
    }
}

#[tokio::test]
async fn a_known_path_with_another_method_is_404() {
    let server = Server::start().await;
    server.publish("", &Chart::new("one", "1.0.0")).await;
    for (method, target) in [
        ("PUT", "/api/charts"),
        ("POST", "/index.yaml"),
        ("POST", "/charts/one-1.0.0.tgz"),
        ("PUT", "/charts/one-1.0.0.tgz"),
        ("DELETE", "/charts/one-1.0.0.tgz"),
        ("DELETE", "/api/charts"),
        ("POST", "/api/charts/one"),
        ("GET", "/api/prov"),
        ("PATCH", "/api/charts/one/1.0.0"),
        ("POST", "/health"),
    ] {
        exchange(&server, method, target).await.expect_error(404, "not found");
    }
    assert_eq!(server.index("").await.versions("one"), ["1.0.0"]);
}

#[tokio::test]
async fn segments_are_those_of_the_decoded_path() {
    let server = Server::with(&["--depth=2"]).await;
    let chart = Chart::new("with space", "1.0.0");
    server.publish("org/team é", &chart).await;
    for target in
        ["/org/team%20%C3%A9/index.yaml", "/org%2Fteam%20%c3%a9/index.yaml", "/%6Frg/team%20%C3%A9/index.yaml"]
    {
        assert!(exchange(&server, "GET", target).await.expect(200).text().contains("with space"), "{target}");
    }
    let file = "/org/team%20%C3%A9/charts/with%20space-1.0.0.tgz";
    assert_eq!(exchange(&server, "GET", file).await.expect(200).body, chart.bytes);
    assert!(server.file("org/team é/with space-1.0.0.tgz").is_file());
}

#[tokio::test]
async fn the_surprises_of_empty_segments_are_kept_where_they_mean_something() {
    let server = Server::start().await;
    server.publish("", &Chart::new("foo", "1.0.0")).await;
    assert_eq!(exchange(&server, "GET", "/api/charts/foo/").await.expect(200).json()["version"], "1.0.0");
    exchange(&server, "GET", "/api/charts/").await.expect(404);
    let server = Server::with(&["--depth-dynamic"]).await;
    server.publish("charts", &Chart::new("foo", "1.0.0")).await;
    assert!(server.get("/api/charts/charts").await.expect(200).json().get("foo").is_some());
}
