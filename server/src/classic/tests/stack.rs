//! The repository of our own charts.

use catalogue::RepositoryPath;
use http::Method;

use super::fixtures::{TestServer, names, package, provenance};
use crate::config::Depth;

const REFUSED: &str = "this repository is part of the server and cannot be changed; with another --stack-repository, or an \
     empty one, its name is free";

async fn serving(depth: Depth, stack: &str) -> TestServer {
    TestServer::with(|settings| {
        settings.repository.depth = depth;
        settings.repository.stack = RepositoryPath::parse(stack).ok().filter(|path| !path.is_root());
    })
    .await
}

fn depths() -> [Depth; 4] {
    [Depth::Fixed(0), Depth::Fixed(1), Depth::Fixed(2), Depth::Dynamic]
}

#[tokio::test]
async fn it_is_read_like_any_other_at_every_depth() {
    let packages = stack::packages().unwrap();
    for depth in depths() {
        for path in ["stack", "ours/stack"] {
            let server = serving(depth, path).await;
            let index = server.get(&format!("/{path}/index.yaml")).await;
            assert_eq!(index.status, 200, "{depth:?} {path}");
            let expected: Vec<_> = packages.iter().map(|of| format!("{} {}", of.name(), of.version())).collect();
            assert_eq!(names(&index.json()["entries"]), expected);
            assert_eq!(names(&server.get(&format!("/api/{path}/charts")).await.json()), expected);
            assert_eq!(server.get(&format!("/{path}")).await.status, 200);

            let package = &packages[0];
            let (name, version, file) = (package.name(), package.version(), package.file_name());
            let entry = &index.json()["entries"][name.as_str()][0];
            assert_eq!(entry["digest"], package.digest().to_string());
            assert_eq!(entry["urls"][0], format!("charts/{file}"));
            assert_eq!(entry["created"], "2026-11-25T00:00:00Z");
            for address in [format!("/{path}/charts/{file}"), format!("/-/stable/{path}/charts/{file}")] {
                let downloaded = server.get(&address).await;
                assert_eq!(downloaded.status, 200, "{address}");
                assert_eq!(downloaded.body, package.bytes(), "{address}");
            }
            let shown = server.get(&format!("/api/{path}/charts/{name}/{version}")).await.json();
            assert_eq!(shown["digest"], package.digest().to_string());
            let values = server.get(&format!("/{path}/api/charts/{name}/latest/values")).await;
            assert_eq!(values.status, 200);
            assert_eq!(server.files().await, [""; 0], "nothing is stored");
        }
    }
}

#[tokio::test]
async fn its_packages_are_sent_from_the_disk_too() {
    let server = TestServer::with(|settings| {
        settings.repository.stack = RepositoryPath::parse("stack").ok();
        settings.packages.stream_above = 1000;
    })
    .await;
    let package = &stack::packages().unwrap()[0];
    let answer = server.get(&format!("/stack/charts/{}", package.file_name())).await;
    assert_eq!((answer.status.as_u16(), &answer.body), (200, package.bytes()));
}

#[tokio::test]
async fn its_neighbours_are_where_they_were() {
    for depth in depths() {
        let server = serving(depth, "stack").await;
        for path in ["/stacks/index.yaml", "/stack/x/index.yaml", "/x/stack/index.yaml", "/api/stack"] {
            let without = TestServer::at_depth(depth).await.get(path).await;
            let with = server.get(path).await;
            assert_eq!((with.status, with.text()), (without.status, without.text()), "{depth:?} {path}");
        }
    }
    let server = serving(Depth::Fixed(0), "").await;
    server.get("/stack/index.yaml").await.is_error(404, "not found");
}

#[tokio::test]
async fn nothing_changes_it() {
    let chart = package("web", "1.0.0");
    let prov = provenance("web", "1.0.0", &chart);
    let own = &stack::packages().unwrap()[0];
    let version = format!("{}/{}", own.name(), own.version());
    for depth in depths() {
        let server = serving(depth, "stack").await;
        for (method, path, body) in [
            (Method::POST, "/api/stack/charts".to_owned(), chart.clone()),
            (Method::POST, "/api/stack/charts?force".to_owned(), own.bytes().clone()),
            (Method::POST, "/stack/api/prov".to_owned(), prov.clone().into()),
            (Method::DELETE, format!("/api/stack/charts/{version}"), prov.clone().into()),
            (Method::DELETE, format!("/api/stack/charts/{}", own.name()), prov.clone().into()),
            (Method::POST, "/-/api/v1/trash/restore?repository=stack&name=web&version=1.0.0".to_owned(), chart.clone()),
        ] {
            server.ask(method, &path, &[], body).await.is_error(403, REFUSED);
        }
        assert_eq!(server.listed_in("/stack").await.len(), stack::packages().unwrap().len());
        assert_eq!(server.files().await, [""; 0], "{depth:?}");
    }
}

#[tokio::test]
async fn it_gives_way_to_a_repository_of_the_storage() {
    let plain = TestServer::at_depth(Depth::Fixed(1)).await;
    plain.post("/api/stack/charts", package("web", "1.0.0")).await.is(201, r#"{"saved":true}"#);
    let named = |depth| {
        let sharing = TestServer::sharing(&plain, move |settings| {
            settings.repository.depth = depth;
            settings.repository.stack = RepositoryPath::parse("stack").ok();
        });
        Box::pin(sharing)
    };
    let server = named(Depth::Fixed(1)).await;
    assert_eq!(server.listed_in("/stack").await, ["web 1.0.0"]);
    server.post("/api/stack/charts", package("web", "1.1.0")).await.is(201, r#"{"saved":true}"#);
    assert_eq!(server.listed_in("/stack").await, ["web 1.1.0", "web 1.0.0"]);
    let flat = named(Depth::Fixed(0)).await;
    flat.get("/stack/index.yaml").await.is_error(404, "not found");
    assert_eq!(flat.get("/-/api/v1/charts").await.json()["charts"].as_array().unwrap().len(), 0);

    // also when it comes while the server runs
    let other = TestServer::at_depth(Depth::Fixed(1)).await;
    let running = TestServer::sharing(&other, |settings| {
        settings.repository.stack = RepositoryPath::parse("stack").ok();
    })
    .await;
    assert_eq!(running.listed_in("/stack").await.len(), stack::packages().unwrap().len());
    other.post("/api/stack/charts", package("web", "1.0.0")).await.is(201, r#"{"saved":true}"#);
    assert_eq!(running.listed_in("/stack").await, ["web 1.0.0"]);
}

#[tokio::test]
async fn lists_of_all_repositories_have_it_in_its_place() {
    let count = stack::packages().unwrap().len();
    for depth in [Depth::Fixed(1), Depth::Dynamic] {
        let server = serving(depth, "stack").await;
        for repository in ["alpha", "zeta"] {
            server
                .post(&format!("/api/{repository}/charts"), package("web", "1.0.0"))
                .await
                .is(201, r#"{"saved":true}"#);
        }
        let repositories = server.get("/-/api/v1/repositories").await.json();
        let paths: Vec<_> = repositories["repositories"].as_array().unwrap().iter().map(|line| &line["path"]).collect();
        assert_eq!(paths, ["alpha", "stack", "zeta"]);
        assert_eq!(repositories["repositories"][1]["charts"], count);
        let charts = server.get("/-/api/v1/charts").await.json();
        assert_eq!(charts["charts"].as_array().unwrap().len(), count + 2);
    }
    let flat = serving(Depth::Fixed(0), "stack").await;
    flat.publish("web", "1.0.0").await;
    let versions = flat.get("/-/api/v1/versions?repository=stack").await.json();
    assert_eq!(versions["versions"].as_array().unwrap().len(), count);
    assert_eq!(flat.get("/-/api/v1/charts").await.json()["charts"].as_array().unwrap().len(), count + 1);
    let one = flat.get("/-/api/v1/charts/wordpress?repository=stack").await;
    assert_eq!(one.json()["name"], "wordpress");
}
