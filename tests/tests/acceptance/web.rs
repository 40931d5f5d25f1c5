//! What browsers and other sites get: CORS, pages of the operator's own, Artifact Hub's file.

use std::fs;
use std::os::unix::fs::symlink;

use acceptance::{Answer, Chart, Launch, Server, exchange};
use reqwest::Method;

/// Asks beforehand, as a browser does: without credentials.
async fn preflight(server: &Server, path: &str, origin: &str, method: &str) -> Answer {
    let request = server
        .request(Method::OPTIONS, path)
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header("access-control-request-headers", "authorization,content-type");
    server.send(request).await
}

#[tokio::test]
async fn a_browser_may_use_the_server_from_the_origin_that_is_set() {
    let server = Launch::default()
        .environment("CORS_ALLOW_ORIGIN", "https://ui.example")
        .environment("CONTEXT_PATH", "/charts")
        .start()
        .await;
    server.post("/charts/api/charts", Chart::new("one", "1.0.0").bytes).await.expect(201);
    for (path, status) in [
        ("/charts/api/charts", 200),
        ("/charts/api/charts/one/1.0.0", 200),
        ("/charts/index.yaml", 200),
        ("/charts/charts/one-1.0.0.tgz", 200),
        ("/charts/api/charts/none", 404),
    ] {
        let answer = server.get_with(path, "origin", "https://ui.example").await.expect(status);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://ui.example"), "{path}");
        assert!(answer.header("access-control-expose-headers").unwrap().contains("etag"), "{path}");
    }
    for method in ["GET", "POST", "DELETE"] {
        let answer = preflight(&server, "/charts/api/charts", "https://ui.example", method).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), Some("https://ui.example"));
        assert!(answer.header("access-control-allow-methods").unwrap().contains(method), "{answer:?}");
        assert_eq!(answer.header("access-control-allow-headers"), Some("authorization,content-type"));
        assert!(answer.body.is_empty());
    }
    assert_eq!(server.index("charts").await.names(), ["one"]);
}

#[tokio::test]
async fn several_origins_are_told_apart_and_a_star_is_for_all() {
    let server = Server::with(&["--cors-alloworigin=https://a.example, https://b.example:8443"]).await;
    for (origin, allowed) in [
        ("https://a.example", Some("https://a.example")),
        ("https://b.example:8443", Some("https://b.example:8443")),
        ("https://c.example", None),
    ] {
        let answer = server.get_with("/index.yaml", "origin", origin).await.expect(200);
        assert_eq!(answer.header("access-control-allow-origin"), allowed);
        let varies: Vec<_> = answer.headers.get_all("vary").iter().map(|vary| vary.to_str().unwrap()).collect();
        assert!(varies.iter().any(|vary| vary.eq_ignore_ascii_case("origin")), "{varies:?}");
        assert!(varies.contains(&"Accept-Encoding"), "{varies:?}");
        assert_eq!(
            preflight(&server, "/api/charts", origin, "POST").await.header("access-control-allow-origin"),
            allowed
        );
    }
    let server = Server::with(&["--cors-alloworigin=*"]).await;
    assert_eq!(server.get("/api/charts").await.header("access-control-allow-origin"), Some("*"));
}

#[tokio::test]
async fn a_browsers_question_beforehand_needs_no_credentials_and_a_script_may_read_the_refusal() {
    let server =
        Server::with(&["--cors-alloworigin=https://ui.example", "--basic-auth-user=u", "--basic-auth-pass=p"]).await;
    let asked = preflight(&server, "/api/charts", "https://ui.example", "POST").await.expect(200);
    assert_eq!(asked.header("access-control-allow-origin"), Some("https://ui.example"));
    let refused = server.get("/api/charts").await.expect_error(401, "unauthorized");
    assert_eq!(refused.header("access-control-allow-origin"), Some("https://ui.example"));
    let request = server.request(Method::GET, "/api/charts").basic_auth("u", Some("p"));
    let answer = server.send(request).await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), Some("https://ui.example"));
}

#[tokio::test]
async fn without_the_setting_no_origin_is_allowed() {
    let server = Server::start().await;
    let answer = server.get_with("/api/charts", "origin", "https://a.example").await.expect(200);
    assert_eq!(answer.header("access-control-allow-origin"), None);
    preflight(&server, "/api/charts", "https://a.example", "POST").await.expect_error(404, "not found");
}

#[tokio::test]
async fn artifact_hub_finds_the_id_of_each_repository() {
    let server =
        Server::with(&["--depth=2", "-artifact-hub-repo-id", "org1/a=94a7a4b3", "--artifact-hub-repo-id=Org2/b=77"])
            .await;
    let answer = server.get("/org1/a/artifacthub-repo.yml").await.expect(200);
    assert_eq!(answer.text(), "repositoryID: 94a7a4b3\n");
    assert_eq!(answer.header("content-type"), Some("application/x-yaml"));
    assert_eq!(server.get("/Org2/b/artifacthub-repo.yml").await.expect(200).text(), "repositoryID: 77\n");
    let other = server.get("/org1/other/artifacthub-repo.yml").await;
    other.expect_error(404, "Artifact Hub repository ID not found");

    // one id is for the repository at the root; the environment may name several; any depth
    let server = Launch::default()
        .with("--depth-dynamic")
        .environment("ARTIFACT_HUB_REPO_ID", "94a7a4b3,org/team/x=12")
        .start()
        .await;
    assert_eq!(server.get("/artifacthub-repo.yml").await.expect(200).text(), "repositoryID: 94a7a4b3\n");
    assert_eq!(server.get("/org/team/x/artifacthub-repo.yml").await.expect(200).text(), "repositoryID: 12\n");

    let server = Server::start().await;
    server.get("/artifacthub-repo.yml").await.expect_error(404, "not found");
}

/// A folder of pages, and beside it a file that is nobody's business.
fn pages(launch: &Launch) -> String {
    let folder = launch.storage().with_file_name("pages");
    fs::create_dir_all(folder.join("static/img")).unwrap();
    fs::create_dir_all(folder.join("..data")).unwrap();
    fs::write(folder.join("index.html"), "<h1>Charts of Example</h1>").unwrap();
    fs::write(folder.join("other.html"), "other").unwrap();
    fs::write(folder.join("static/main.css"), "h1 { color: teal }").unwrap();
    fs::write(folder.join("static/img/logo.svg"), "<svg/>").unwrap();
    fs::write(folder.join("static/.hidden"), "hidden").unwrap();
    fs::write(folder.join("..data/linked.js"), "let linked = 1;").unwrap();
    fs::write(folder.with_file_name("secret.txt"), "secret").unwrap();
    symlink("../..data/linked.js", folder.join("static/linked.js")).unwrap();
    symlink("../../secret.txt", folder.join("static/secret.txt")).unwrap();
    symlink("../..", folder.join("static/out")).unwrap();
    format!("--web-template-path={}", folder.display())
}

#[tokio::test]
async fn q_s11_pages_of_the_operators_own_are_served_and_nothing_else() {
    for context in ["", "/below"] {
        let launch = Launch::default().with(format!("--context-path={context}"));
        let setting = pages(&launch);
        let server = launch.with(setting).start().await;
        let page = server.get(&format!("{context}/")).await.expect(200);
        assert_eq!(page.text(), "<h1>Charts of Example</h1>");
        assert_eq!(page.header("content-type"), Some("text/html; charset=utf-8"));
        for (file, kind, content) in [
            ("main.css", "text/css; charset=utf-8", "h1 { color: teal }"),
            ("img/logo.svg", "image/svg+xml", "<svg/>"),
            ("linked.js", "text/javascript; charset=utf-8", "let linked = 1;"),
        ] {
            let answer = server.get(&format!("{context}/static/{file}")).await.expect(200);
            assert_eq!((answer.header("content-type"), answer.text()), (Some(kind), content));
            let etag = answer.header("etag").unwrap();
            server.get_with(&format!("{context}/static/{file}"), "if-none-match", etag).await.expect(304);
        }
        let part = server.get_with(&format!("{context}/static/main.css"), "range", "bytes=0-1").await.expect(206);
        assert_eq!(part.text(), "h1");
        for target in [
            "/static",
            "/static/",
            "/static/img",
            "/static/img/",
            "/static/none.css",
            "/static/.hidden",
            "/static/secret.txt",
            "/static/out/secret.txt",
            "/static/../index.html",
            "/static/../../secret.txt",
            "/static/%2e%2e/%2e%2e/secret.txt",
            "/static/..%2f..%2fsecret.txt",
            "/static/..%5c..%5csecret.txt",
            "/static/%252e%252e/other.html",
            "/static//etc/passwd",
            "/static/main.css%00",
            "/staticx/main.css",
            "/static/../..data/linked.js",
            "/other.html",
        ] {
            let answer = exchange(&server, "GET", &format!("{context}{target}")).await;
            assert_eq!(answer.status, 404, "{target}: {answer:?}");
            assert!(!answer.text().contains("secret"), "{target}: {answer:?}");
        }
    }
}

#[tokio::test]
async fn a_repository_may_be_called_static() {
    let launch = Launch::default().with("--depth=1");
    let setting = pages(&launch);
    let server = launch.with(setting).start().await;
    server.publish("static", &Chart::new("one", "1.0.0")).await;
    server.pull("static", "one", "1.0.0").await;
    server.get("/static/main.css").await.expect(200);
}

#[tokio::test]
async fn a_missing_page_is_said_and_the_servers_own_is_shown() {
    let launch = Launch::default();
    let folder = launch.storage().with_file_name("nowhere");
    let server = launch.with(format!("--web-template-path={}", folder.display())).start().await;
    let page = server.get("/").await.expect(200);
    assert!(page.text().contains("helm repo add"), "{}", page.text());
    server.get("/static/main.css").await.expect_error(404, "not found");
    let warning = server
        .log()
        .find(0, |line| (line["L"] == "WARN" && line["M"].as_str()?.contains("nowhere/index.html")).then_some(()));
    tokio::time::timeout(std::time::Duration::from_secs(60), warning).await.expect("the log says it");
}
