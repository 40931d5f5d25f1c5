//! The real Helm, both majors that people use, against charts that it made itself.

use acceptance::{Chart, ChartBuilder, Cluster, Helm, Server};
use bytes::Bytes;
use serde_json::Value;

/// Runs each test with each release of Helm.
macro_rules! with_each_helm {
    ($($test:ident),* $(,)?) => {
        mod helm_3 {
            $(#[tokio::test]
            async fn $test() {
                if let Some(helm) = acceptance::Helm::release(acceptance::HELM_3) {
                    super::$test(helm).await;
                }
            })*
        }
        mod helm_4 {
            $(#[tokio::test]
            async fn $test() {
                if let Some(helm) = acceptance::Helm::release(acceptance::HELM_4) {
                    super::$test(helm).await;
                }
            })*
        }
    };
}

with_each_helm!(
    a_chart_made_by_helm_is_found_shown_pulled_and_installed,
    versions_are_searched_by_range_and_prereleases_on_request,
    the_index_is_the_one_that_helm_makes_of_the_same_packages,
    p8_dependencies_are_updated_and_built_wherever_charts_are_pulled,
    a_provenance_is_pulled_with_its_package_and_verifies,
    the_way_of_chartmuseum_s_acceptance_suite,
    both_texts_of_an_odd_index_are_read,
    views_are_repositories,
    an_overwritten_version_is_rendered_as_it_is_now,
);

/// A package that Helm makes of a chart that Helm made.
fn create(helm: &Helm, name: &str, version: &str) -> Bytes {
    if !helm.folder().join(name).exists() {
        helm.ok(&["create", name]);
    }
    helm.ok(&["package", name, "--version", version, "--app-version", &format!("app-{version}")]);
    helm.read(&format!("{name}-{version}.tgz")).into()
}

async fn publish(server: &Server, path: &str, package: &Bytes) {
    server.post(path, package.clone()).await.expect(201);
}

/// The versions of `helm search repo … -o json`.
fn search(helm: &Helm, arguments: &[&str]) -> Vec<String> {
    let text = helm.ok(&[&["search", "repo", "-o", "json"], arguments].concat());
    let found: Vec<Value> = serde_json::from_str(&text).unwrap();
    found
        .iter()
        .map(|entry| format!("{} {}", entry["name"].as_str().unwrap(), entry["version"].as_str().unwrap()))
        .collect()
}

async fn a_chart_made_by_helm_is_found_shown_pulled_and_installed(helm: Helm) {
    let server = Server::start().await;
    let add = ["repo", "add", "museum", &server.url("")];
    helm.ok(&add);
    assert_eq!(search(&helm, &["museum/"]), [""; 0]);

    let package = create(&helm, "mychart", "0.1.0");
    publish(&server, "/api/charts", &package).await;
    helm.ok(&["repo", "update"]);
    assert_eq!(search(&helm, &["mychart"]), ["museum/mychart 0.1.0"]);
    let shown = helm.ok(&["show", "chart", "museum/mychart"]);
    assert!(shown.contains("name: mychart") && shown.contains("appVersion: app-0.1.0"), "{shown}");
    let values = helm.ok(&["show", "values", "museum/mychart", "--version", "0.1.0"]);
    assert!(values.contains("replicaCount: 1"), "{values}");

    helm.pull(&["museum/mychart"], "pulled");
    assert_eq!(helm.read("pulled/mychart-0.1.0.tgz"), package);
    helm.pull(&["mychart", "--repo", &server.url(""), "--version", "0.1.0"], "direct");
    assert_eq!(helm.read("direct/mychart-0.1.0.tgz"), package);

    let rendered = helm.ok(&["template", "release", "museum/mychart", "--set", "replicaCount=3"]);
    assert!(rendered.contains("replicas: 3") && rendered.contains("kind: Deployment"), "{rendered}");
    let cluster = Cluster::start();
    helm.write("no-cluster", cluster.configuration());
    let installed = helm.ok(&[
        "install",
        "release",
        "museum/mychart",
        "--version",
        "0.1.0",
        "--dry-run=client",
        "--disable-openapi-validation",
    ]);
    assert!(installed.contains("STATUS: pending-install") && installed.contains("kind: Service"), "{installed}");

    server.delete("/api/charts/mychart/0.1.0").await.expect(200);
    helm.ok(&["repo", "update"]);
    assert_eq!(search(&helm, &["mychart"]), [""; 0]);
    let gone = helm.run(&["pull", "mychart", "--repo", &server.url(""), "--version", "0.1.0"]);
    assert!(!gone.success, "{gone:?}");
}

async fn versions_are_searched_by_range_and_prereleases_on_request(helm: Helm) {
    let server = Server::with(&["--depth=1"]).await;
    for version in ["0.9.0", "1.0.0", "1.2.0", "1.10.0", "2.0.0", "2.1.0-rc.1", "2.0.0+build.5"] {
        publish(&server, "/api/org/charts", &create(&helm, "mychart", version)).await;
    }
    publish(&server, "/api/org/charts", &create(&helm, "other", "1.0.0-alpha")).await;
    helm.ok(&["repo", "add", "org", &server.url("/org")]);
    assert_eq!(search(&helm, &["mychart", "--version", "^1.0.0"]), ["org/mychart 1.10.0"]);
    assert_eq!(search(&helm, &["mychart", "--version", ">=1.0.0 <1.10.0"]), ["org/mychart 1.2.0"]);
    assert_eq!(search(&helm, &["mychart", "--version", "~0.9"]), ["org/mychart 0.9.0"]);
    assert_eq!(search(&helm, &["mychart", "--version", "3.x"]), [""; 0]);
    assert_eq!(search(&helm, &["mychart", "--devel"]), ["org/mychart 2.1.0-rc.1"]);
    assert_eq!(search(&helm, &["other"]), [""; 0]);
    assert_eq!(search(&helm, &["other", "--devel"]), ["org/other 1.0.0-alpha"]);
    let all = search(&helm, &["mychart", "--versions", "--devel"]);
    assert_eq!(all.len(), 7, "{all:?}");
    assert_eq!(all[0], "org/mychart 2.1.0-rc.1");
    assert_eq!(all[3..], ["org/mychart 1.10.0", "org/mychart 1.2.0", "org/mychart 1.0.0", "org/mychart 0.9.0"]);

    helm.pull(&["org/mychart", "--version", "1.x"], "range");
    assert!(helm.folder().join("range/mychart-1.10.0.tgz").exists());
    helm.pull(&["org/mychart", "--devel"], "devel");
    assert!(helm.folder().join("devel/mychart-2.1.0-rc.1.tgz").exists());
    helm.pull(&["org/mychart", "--version", "2.0.0+build.5"], "built");
    assert_eq!(helm.read("built/mychart-2.0.0+build.5.tgz"), helm.read("mychart-2.0.0+build.5.tgz"));
}

async fn the_index_is_the_one_that_helm_makes_of_the_same_packages(helm: Helm) {
    let mut server = Server::start().await;
    let odd = [
        Chart::new("plain", "1.0.0"),
        Chart::new("plain", "v1.1"),
        ChartBuilder::new("old", "1.0.0")
            .chart_yaml("name: old\nversion: 1.0.0\nengine: gotpl\n")
            .file("requirements.yaml", "dependencies:\n- name: a\n  version: 1\n  repository: https://example.com\n  alias: b\n")
            .build(),
        ChartBuilder::new("typed", "1.1")
            .chart_yaml(
                "apiVersion: v2\nname: typed\nversion: 1.10\nappVersion: 010\nkeywords: [yes, 1e3, ~]\nicon: \"é\\u0085\"\n\
                 annotations: {a: 1.50, b: off, c: 0o17, d: 2024-01-01, e: '1e3', f: \"x\\ny\"}\nkubeVersion: '>=1.2'\n",
            )
            .build(),
        ChartBuilder::new("full", "1.0.0")
            .metadata(
                "type: library\nhome: https://example.com\nsources: [https://example.com/a]\ndeprecated: true\n\
                 maintainers: [{name: Ada, email: a@example.com, url: https://example.com/ada}]\n\
                 dependencies:\n- {name: db, version: ~1.2, repository: https://example.com, alias: store, condition: db.on, \
                 tags: [x], import-values: [data, {child: a, parent: b}]}",
            )
            .build(),
    ];
    for chart in &odd {
        helm.write(&format!("packages/{}", chart.file_name()), &chart.bytes);
        publish(&server, "/api/charts", &chart.bytes).await;
    }
    for (name, version) in [("mychart", "0.1.0"), ("mychart", "0.2.0"), ("other", "1.0.0-rc.1")] {
        let package = create(&helm, name, version);
        helm.write(&format!("packages/{name}-{version}.tgz"), &package);
        publish(&server, "/api/charts", &package).await;
    }
    helm.ok(&["repo", "index", "packages"]);
    let mut expected: Value = serde_yaml::from_slice(&helm.read("packages/index.yaml")).unwrap();
    without_circumstances(&mut expected);
    for format in ["json", "yaml"] {
        server.restart_with(&[&format!("--index-format={format}")]).await;
        let mut index = server.index("").await.value;
        without_circumstances(&mut index);
        assert_eq!(index["entries"], expected["entries"], "{format}");
        assert_eq!(index["apiVersion"], expected["apiVersion"]);
    }
}

/// Takes off what depends on when and where an index was made.
fn without_circumstances(index: &mut Value) {
    for entries in index["entries"].as_object_mut().unwrap().values_mut() {
        for entry in entries.as_array_mut().unwrap() {
            let entry = entry.as_object_mut().unwrap();
            entry.remove("created").unwrap();
            entry.remove("urls").unwrap();
        }
    }
}

async fn p8_dependencies_are_updated_and_built_wherever_charts_are_pulled(helm: Helm) {
    for (settings, repository) in [
        (&[][..], ""),
        (&["--depth=2"][..], "org/team"),
        (&["--depth-dynamic", "--context-path=/helm/v1"][..], "helm/v1/a/b/c"),
        (&["--depth=1", "--index-format=yaml", "--allow-overwrite"][..], "org"),
    ] {
        let server = Server::with(settings).await;
        let base = if repository.is_empty() { String::new() } else { format!("/{repository}") };
        let api = match base.strip_prefix("/helm/v1") {
            Some(below) => format!("/helm/v1/api{below}/charts"),
            None => format!("/api{base}/charts"),
        };
        for version in ["1.0.0", "1.1.0", "2.0.0"] {
            publish(&server, &api, &Chart::new("database", version).bytes).await;
        }
        let url = server.url(&base);
        let folder = format!("parent{}", server.address().port());
        helm.write(
            &format!("{folder}/Chart.yaml"),
            format!(
                "apiVersion: v2\nname: {folder}\nversion: 1.0.0\ndependencies:\n\
                 - {{name: database, version: ^1.0.0, repository: '{url}', alias: orders}}\n\
                 - {{name: database, version: 2.0.0, repository: '{url}', alias: events}}\n"
            ),
        );
        helm.ok(&["dependency", "update", &folder]);
        let updated = helm.read(&format!("{folder}/charts/database-1.1.0.tgz"));
        assert_eq!(updated, Chart::new("database", "1.1.0").bytes);
        std::fs::remove_dir_all(helm.folder().join(format!("{folder}/charts"))).unwrap();
        // Helm builds from the lock file only from repositories that it knows.
        helm.ok(&["repo", "add", &folder, &url]);
        helm.ok(&["dependency", "build", &folder]);
        assert!(helm.folder().join(format!("{folder}/charts/database-2.0.0.tgz")).exists());
        let rendered = helm.ok(&["template", "release", &folder]);
        assert!(rendered.contains("name: release-orders") && rendered.contains("name: release-events"), "{rendered}");
        assert!(rendered.contains("version: \"1.1.0\"") && rendered.contains("version: \"2.0.0\""), "{rendered}");

        helm.ok(&["package", &folder]);
        let parent: Bytes = helm.read(&format!("{folder}-1.0.0.tgz")).into();
        publish(&server, &api, &parent).await;
        helm.ok(&["repo", "update", &folder]);
        helm.pull(&[&format!("{folder}/{folder}")], &format!("{folder}-pulled"));
        assert_eq!(helm.read(&format!("{folder}-pulled/{folder}-1.0.0.tgz")), parent);
    }
}

async fn a_provenance_is_pulled_with_its_package_and_verifies(helm: Helm) {
    let server = Server::start().await;
    let chart = Chart::new("formal", "1.0.0");
    publish(&server, "/api/charts", &chart.bytes).await;
    server.post("/api/prov", chart.provenance()).await.expect(201);
    helm.ok(&["repo", "add", "museum", &server.url("")]);
    helm.pull(&["museum/formal", "--prov"], "pulled");
    assert_eq!(helm.read("pulled/formal-1.0.0.tgz"), chart.bytes);
    assert_eq!(helm.read("pulled/formal-1.0.0.tgz.prov"), chart.provenance().as_bytes());

    let Some(keys) = helm.key_ring("Chandlery Test") else { return };
    helm.ok(&["create", "signed"]);
    let passphrase = ["--passphrase-file", "passphrase"];
    helm.write("passphrase", "\n");
    helm.ok(&[&["package", "signed", "--sign", "--key", "Chandlery Test", "--keyring", &keys.secret], &passphrase[..]]
        .concat());
    let (package, prov) = (helm.read("signed-0.1.0.tgz"), helm.read("signed-0.1.0.tgz.prov"));
    server.post_form("/api/charts", &[("chart", &package), ("prov", &prov)]).await.expect(201);
    publish(&server, "/api/charts", &Chart::new("unsigned", "1.0.0").bytes).await;
    helm.ok(&["repo", "update"]);
    helm.pull(&["museum/signed", "--verify", "--keyring", &keys.public], "verified");
    assert_eq!(helm.read("verified/signed-0.1.0.tgz"), package);
    assert_eq!(helm.read("verified/signed-0.1.0.tgz.prov"), prov);
    let refused = helm.run(&["pull", "museum/unsigned", "--verify", "--keyring", &keys.public, "-d", "refused"]);
    assert!(!refused.success, "{refused:?}");
}

/// From an empty repository to signed charts that verify, and back to an empty one.
async fn the_way_of_chartmuseum_s_acceptance_suite(helm: Helm) {
    let server = Server::start().await;
    let Some(keys) = helm.key_ring("Chandlery Test") else { return };
    let pull = |version: &str| {
        let version = ["--version", version, "--verify", "--keyring", &keys.public, "-d", "."];
        helm.run(&[&["pull", "museum/mychart"], &version[..]].concat())
    };
    let versions = ["0.1.0", "0.2.0", "0.1.0-SNAPSHOT-1"];
    helm.ok(&["repo", "add", "museum", &server.url("")]);
    assert_eq!(search(&helm, &["museum/mychart"]), [""; 0]);
    assert!(!pull("0.1.0").success);

    helm.ok(&["create", "mychart"]);
    helm.write("passphrase", "\n");
    let sign = ["--sign", "--key", "Chandlery Test", "--keyring", &keys.secret, "--passphrase-file", "passphrase"];
    let mut provenances = Vec::new();
    for version in versions {
        helm.ok(&[&["package", "mychart", "--version", version], &sign[..]].concat());
        publish(&server, "/api/charts", &helm.read(&format!("mychart-{version}.tgz")).into()).await;
        provenances.push(helm.read(&format!("mychart-{version}.tgz.prov")));
    }
    // as charts were before they had an `apiVersion`
    let old = ChartBuilder::new("old", "0.1.0").chart_yaml("name: old\nversion: 0.1.0\n").build();
    publish(&server, "/api/charts", &old.bytes).await;
    for provenance in &provenances {
        server.post("/api/prov", provenance.clone()).await.expect(201);
    }
    server.upload(&Chart::new("../../evil", "0.1.0")).await.expect(400);
    server.post("/api/prov", acceptance::provenance("../../evil", "0.1.0", &old.digest)).await.expect(400);

    helm.ok(&["repo", "update"]);
    assert_eq!(search(&helm, &["museum/mychart"]), ["museum/mychart 0.2.0"]);
    assert_eq!(search(&helm, &["museum/mychart", "--versions", "--devel"]).len(), 3);
    assert_eq!(search(&helm, &["museum/old"]), ["museum/old 0.1.0"]);
    for version in versions {
        let package = helm.read(&format!("mychart-{version}.tgz"));
        std::fs::remove_file(helm.folder().join(format!("mychart-{version}.tgz"))).unwrap();
        let pulled = pull(version);
        assert!(pulled.success, "{version}: {pulled:?}");
        assert_eq!(helm.read(&format!("mychart-{version}.tgz")), package);
    }

    for (name, version) in versions.map(|version| ("mychart", version)).into_iter().chain([("old", "0.1.0")]) {
        let path = format!("/api/charts/{name}/{version}");
        assert_eq!(server.delete(&path).await.expect(200).text(), r#"{"deleted":true}"#);
    }
    helm.ok(&["repo", "update"]);
    for version in versions {
        server.get(&format!("/api/charts/mychart/{version}")).await.expect(404);
        assert!(!pull(version).success);
    }
    assert_eq!(search(&helm, &["museum/", "--devel"]), [""; 0]);
}

async fn both_texts_of_an_odd_index_are_read(helm: Helm) {
    let mut server = Server::start().await;
    let odd = ChartBuilder::new("odd", "1.0.0")
        .metadata(
            "description: \"a: b # c\\t\\u007f\\u0085\\ufeff 'quoted' \\\"twice\\\" – é 😀\"\nappVersion: '1e3'\n\
             keywords: ['yes', 'null', '1_000', '0o17', '- a', '{}', '~', '']\n\
             annotations: {a: '1e3', b: 'yes', c: '0o17', d: '1_000', e: '', f: \"x\\n  y\\n\", g: '!!str a', 'h: i': '*j'}",
        )
        .build();
    publish(&server, "/api/charts", &odd.bytes).await;
    for version in ["1.0.0+a", "1.0.0+b", "2.0"] {
        publish(&server, "/api/charts", &Chart::new("loose", version).bytes).await;
    }
    for (name, format) in [("first", "json"), ("second", "yaml")] {
        server.restart_with(&[&format!("--index-format={format}")]).await;
        helm.ok(&["repo", "add", name, &server.url("")]);
        let found = search(&helm, &[&format!("{name}/"), "--versions"]);
        assert_eq!(found.len(), 4, "{format}: {found:?}");
        helm.pull(&[&format!("{name}/odd")], name);
        assert_eq!(helm.read(&format!("{name}/odd-1.0.0.tgz")), odd.bytes);
    }
}

async fn views_are_repositories(helm: Helm) {
    let server = Server::with(&["--depth=1"]).await;
    for version in ["1.0.0", "1.1.0", "2.0.0-rc.1"] {
        publish(&server, "/api/org/charts", &Chart::new("one", version).bytes).await;
        publish(&server, "/api/org/charts", &Chart::new("two", version).bytes).await;
    }
    for (name, view, count) in [("newest", "latest/1", 2), ("stable", "stable", 4), ("single", "chart/one", 3)] {
        helm.ok(&["repo", "add", name, &server.url(&format!("/-/{view}/org"))]);
        let found = search(&helm, &[&format!("{name}/"), "--versions", "--devel"]);
        assert_eq!(found.len(), count, "{name}: {found:?}");
        helm.pull(&[&format!("{name}/one"), "--devel"], name);
    }
    assert_eq!(helm.read("newest/one-2.0.0-rc.1.tgz"), Chart::new("one", "2.0.0-rc.1").bytes);
    assert_eq!(helm.read("stable/one-1.1.0.tgz"), Chart::new("one", "1.1.0").bytes);
}

/// Helm 4 keeps packages by the digest in the index and never checks them.
async fn an_overwritten_version_is_rendered_as_it_is_now(helm: Helm) {
    let server = Server::with(&["--allow-overwrite"]).await;
    let chart = |text: &str| {
        ChartBuilder::new("one", "1.0.0")
            .file("templates/config.yaml", format!("apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: {text}}}\n"))
            .build()
    };
    publish(&server, "/api/charts", &chart("first").bytes).await;
    helm.ok(&["repo", "add", "museum", &server.url("")]);
    let render = || helm.ok(&["template", "release", "museum/one", "--version", "1.0.0"]);
    assert!(render().contains("first"));
    // Helm still has the old index: it must get the old bytes, or it would keep the new ones under the old digest.
    publish(&server, "/api/charts", &chart("second").bytes).await;
    let old = render();
    assert!(old.contains("first"), "{old}");
    helm.ok(&["repo", "update"]);
    let new = render();
    assert!(new.contains("second"), "{new}");
    server.post("/api/charts?force", chart("first").bytes).await.expect(201);
    helm.ok(&["repo", "update"]);
    assert!(render().contains("first"));
    assert_eq!(server.index("").await.versions("one"), ["1.0.0"]);
}
