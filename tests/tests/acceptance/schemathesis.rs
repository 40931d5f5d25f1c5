//! Requests that nobody thought of: made from `openapi.yaml`, answered as it says.

use acceptance::{ChartBuilder, Contract, Launch, Schemathesis, Server};
use serde_json::{Map, Value, json};

/// The names that openapi.yaml has in its examples, so that its examples find something.
async fn fill(server: &Server, repository: &str) {
    for version in ["1.2.3", "1.2.4-rc.1", "2.0.0+build"] {
        let chart = ChartBuilder::new("nginx", version)
            .metadata("description: A web server\nkeywords: [http, proxy]\nappVersion: 1.27.0\nkubeVersion: '>=1.20.0'")
            .metadata("maintainers: [{name: a, email: a@example.com}]\nannotations: {category: network}")
            .metadata("dependencies: [{name: common, version: ^1, repository: 'https://charts.example.com'}]")
            .build();
        server.publish(repository, &chart).await;
        let provenances = format!("/api/{repository}/prov").replace("//", "/");
        server.post(&provenances, chart.provenance()).await.expect(201);
    }
    for name in ["gone", "old"] {
        let chart = ChartBuilder::new(name, "1.0.0").metadata("deprecated: true\ntype: library").build();
        server.publish(repository, &chart).await;
    }
    server.delete(&format!("/api/{repository}/charts/gone/1.0.0").replace("//", "/")).await.expect(200);
}

/// The document for a server that has only the repository at its root, and that of our charts: its paths have no parameter
/// for it.
fn at_the_root(mut document: Value) -> Value {
    let Value::Object(paths) = document["paths"].take() else { panic!("openapi.yaml has paths") };
    let mut kept = Map::new();
    for (path, mut operations) in paths {
        for operation in operations.as_object_mut().unwrap().values_mut() {
            if let Some(Value::Array(parameters)) = operation.get_mut("parameters") {
                parameters.retain(|parameter| parameter["$ref"] != "#/components/parameters/repository");
            }
        }
        let path = path.replace("/{repository}", "");
        // some routes are others with a repository in front; the first is meant
        kept.entry(if path.is_empty() { "/".to_owned() } else { path }).or_insert(operations);
    }
    document["paths"] = kept.into();
    document["components"]["schemas"]["RepositoryPath"]["enum"] = json!(["", "stack"]);
    document
}

/// No status that is not documented, no body or header of another form, nothing from 500 on but 503.
async fn hold(schemathesis: &Schemathesis, settings: &str, repositories: &[&str], document: &Value) {
    let server = Launch::default().with(settings).with("--cache-interval=0").with("--enable-metrics").start().await;
    for repository in repositories {
        fill(&server, repository).await;
    }
    for method in [["--exclude-method", "DELETE"], ["--include-method", "DELETE"]] {
        let requests = schemathesis.run(&server, document, &[&method[..], &["--max-examples", "10"]].concat());
        assert!(requests > 20, "hardly a request was made");
    }
    assert_eq!(server.get("/-/ready").await.expect(200).json(), json!({"ready": true}));
}

#[tokio::test]
async fn generated_requests_are_answered_as_documented_at_any_depth() {
    let Some(schemathesis) = Schemathesis::installed() else { return };
    let document = Contract::read().document().clone();
    hold(&schemathesis, "--depth-dynamic", &["", "team/charts"], &document).await;
}

#[tokio::test]
async fn generated_requests_are_answered_as_documented_at_the_root() {
    let Some(schemathesis) = Schemathesis::installed() else { return };
    let document = at_the_root(Contract::read().document().clone());
    hold(&schemathesis, "--depth=0", &[""], &document).await;
}
