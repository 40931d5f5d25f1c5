use std::io::Read;

use serde_json::json;

use super::{get, lines, pages, publish};
use crate::classic::tests::fixtures::{TestServer, package, provenance};
use crate::config::Depth;

async fn three_repositories() -> TestServer {
    let server = TestServer::at_depth(Depth::Dynamic).await;
    for (repository, name, version) in [
        ("", "root", "1.0.0"),
        ("/org/team", "web", "1.0.0"),
        ("/org/team", "web", "1.1.0"),
        ("/org/team", "web", "2.0.0-rc.1"),
        ("/org/team", "db", "0.1.0"),
        ("/org", "web", "3.0.0"),
    ] {
        publish(&server, repository, name, version, "").await;
    }
    server
}

#[tokio::test]
async fn repositories_are_counted() {
    let server = three_repositories().await;
    let page = get(&server, "repositories").await.json();
    let shown = |at: usize| (&page["repositories"][at]["path"], &page["repositories"][at]["versions"]);
    assert_eq!(shown(0), (&json!(""), &json!(1)));
    assert_eq!(shown(1), (&json!("org"), &json!(1)));
    assert_eq!(shown(2), (&json!("org/team"), &json!(4)));
    assert_eq!(page["repositories"][2]["charts"], 2);
    let index = server.get("/org/team/index.yaml").await.json();
    assert_eq!(page["repositories"][2]["changed"], index["generated"]);
    assert!(page.get("next").is_none());

    let (all, lengths) = pages(&server, "repositories", "limit=1").await;
    assert_eq!((all, lengths), (vec![String::new(), "org".to_owned(), "org/team".to_owned()], vec![1; 3]));
    for (pattern, expected) in [("org", vec!["org"]), ("org/*", vec!["org/team"]), ("", vec![""]), ("x*", vec![])] {
        assert_eq!(pages(&server, "repositories", &format!("path={pattern}")).await.0, expected, "{pattern}");
    }
}

#[tokio::test]
async fn charts_are_shown_by_their_newest_stable_version() {
    let server = three_repositories().await;
    let all = ["root 1.0.0", "org web 3.0.0", "org/team db 0.1.0", "org/team web 1.1.0"];
    for limit in 1..6 {
        assert_eq!(pages(&server, "charts", &format!("limit={limit}")).await.0, all, "{limit}");
    }
    let team = get(&server, "charts?repository=org/team&devel=true&fields=version,versions").await.json();
    let expected = json!({"charts": [{"version": "0.1.0", "versions": 1}, {"version": "2.0.0-rc.1", "versions": 3}]});
    assert_eq!(team, expected);
    assert_eq!(pages(&server, "charts", "repository=").await.0, ["root 1.0.0"]);
    assert_eq!(pages(&server, "charts", "repository=nobody").await.0, [""; 0]);
    assert_eq!(pages(&server, "charts", "range=%5E1").await.0, ["root 1.0.0", "org/team web 1.1.0"]);
}

#[tokio::test]
async fn versions_are_listed_newest_first_in_pages_of_any_size() {
    let server = three_repositories().await;
    let all = [
        "root 1.0.0",
        "org web 3.0.0",
        "org/team db 0.1.0",
        "org/team web 2.0.0-rc.1",
        "org/team web 1.1.0",
        "org/team web 1.0.0",
    ];
    for limit in 1..8 {
        let (lines, lengths) = pages(&server, "versions", &format!("limit={limit}")).await;
        assert_eq!(lines, all, "{limit}");
        assert!(lengths.iter().rev().skip(1).all(|length| *length == limit), "{lengths:?}");
    }
    assert_eq!(
        pages(&server, "versions", "repository=org/team&name=web&range=*&limit=1").await.0,
        ["org/team web 1.1.0", "org/team web 1.0.0"]
    );
    assert_eq!(pages(&server, "versions", "name=w%3Fb&repository=org").await.0, ["org web 3.0.0"]);
}

/// What is neither added nor removed between two pages is listed once, whatever else is.
#[tokio::test]
async fn a_cursor_outlives_what_it_points_to() {
    let server = TestServer::start().await;
    for version in ["1.0.0", "1.1.0", "1.2.0", "1.3.0"] {
        server.publish("web", version).await;
    }
    let page = get(&server, "versions?limit=2").await.json();
    assert_eq!(lines(&page, "versions"), ["web 1.3.0", "web 1.2.0"]);
    let next = page["next"].as_str().unwrap();
    assert!(next.starts_with("?limit=2&cursor="), "{next}");
    server.delete("/api/charts/web/1.2.0").await.is(200, r#"{"deleted":true}"#);
    server.delete("/api/charts/web/1.3.0").await.is(200, r#"{"deleted":true}"#);
    for (name, version) in [("web", "2.0.0"), ("web", "1.1.5"), ("app", "1.0.0")] {
        server.publish(name, version).await;
    }
    let page = get(&server, &format!("versions{next}")).await.json();
    assert_eq!(lines(&page, "versions"), ["web 1.1.5", "web 1.1.0"]);
    let page = get(&server, &format!("versions{}", page["next"].as_str().unwrap())).await.json();
    assert_eq!(lines(&page, "versions"), ["web 1.0.0"]);
    assert!(page.get("next").is_none());

    // a chart's cursor, when its chart is gone
    server.publish("xyz", "1.0.0").await;
    let page = get(&server, "charts?limit=2").await.json();
    assert_eq!(lines(&page, "charts"), ["app 1.0.0", "web 2.0.0"]);
    server.delete("/api/charts/web").await.is(200, r#"{"deleted":true}"#);
    let page = get(&server, &format!("charts{}", page["next"].as_str().unwrap())).await.json();
    assert_eq!(lines(&page, "charts"), ["xyz 1.0.0"]);
}

#[tokio::test]
async fn a_line_has_what_the_index_has_and_where_the_package_is() {
    let server = TestServer::with(|settings| {
        settings.repository.depth = Depth::Fixed(2);
        settings.repository.context_path = "/helm".to_owned();
    })
    .await;
    let bytes = package("web", "1.0.0+b");
    let signed = provenance("web", "1.0.0+b", &bytes);
    assert_eq!(server.post("/helm/api/o%20g/t%C3%A9/charts", bytes.clone()).await.status, 201);
    assert_eq!(server.post("/helm/api/o%20g/t%C3%A9/prov", signed.clone()).await.status, 201);
    let index = server.get("/helm/o%20g/t%C3%A9/index.yaml").await.json();
    let mut expected = index["entries"]["web"][0].clone();
    let line = server.get("/helm/-/api/v1/charts/web?repository=o+g/t%C3%A9").await.json();
    let url = line["url"].as_str().unwrap();
    assert_eq!(url, "/helm/o%20g/t%C3%A9/charts/web-1.0.0+b.tgz");
    assert_eq!(server.get(url).await.body, bytes);
    assert_eq!(server.get(&format!("{url}.prov")).await.text(), signed);
    let entry = expected.as_object_mut().unwrap();
    entry.remove("urls");
    for (field, value) in [
        ("repository", json!("o g/té")),
        ("versions", json!(1)),
        ("size", json!(bytes.len())),
        ("url", json!(url)),
        ("provenance", json!(true)),
    ] {
        entry.insert(field.to_owned(), value);
    }
    assert_eq!(line, expected);
    server.get("/-/api/v1/charts").await.is_error(404, "not found");
}

#[tokio::test]
async fn chosen_fields_come_in_one_order_and_absent_ones_are_left_out() {
    let server = TestServer::start().await;
    publish(&server, "", "web", "1.0.0", "appVersion: \"7\"\n").await;
    for (fields, expected) in [
        ("name,version", r#"{"name":"web","version":"1.0.0"}"#),
        ("version,name", r#"{"name":"web","version":"1.0.0"}"#),
        ("home,+icon", "{}"),
        ("appVersion,deprecated,provenance", r#"{"appVersion":"7","provenance":false}"#),
    ] {
        let answer = get(&server, &format!("charts/web?fields={fields}")).await;
        answer.is(200, expected);
        get(&server, &format!("versions?fields={fields}")).await.is(200, &format!(r#"{{"versions":[{expected}]}}"#));
    }
}

#[tokio::test]
async fn answers_can_be_revalidated_and_compressed() {
    let server = TestServer::start().await;
    publish(&server, "", "web", "1.0.0", &format!("description: {}\n", "word ".repeat(500))).await;
    for path in ["charts", "versions", "charts/web"] {
        let path = format!("/-/api/v1/{path}");
        let plain = server.get(&path).await;
        assert_eq!((plain.status.as_u16(), plain.header("content-encoding")), (200, ""));
        assert_eq!(plain.header("content-type"), "application/json; charset=utf-8");
        let gzip = server.get_with(&path, &[("accept-encoding", "gzip")]).await;
        assert_eq!(gzip.header("content-encoding"), "gzip");
        let mut text = String::new();
        flate2::read::GzDecoder::new(&*gzip.body).read_to_string(&mut text).unwrap();
        assert_eq!(text, plain.text());
        let head = server.head(&path).await;
        assert_eq!(
            (head.header("etag"), head.header("content-length")),
            (plain.header("etag"), plain.header("content-length"))
        );
        for answer in [plain, gzip] {
            let encoding = if answer.header("content-encoding").is_empty() { "identity" } else { "gzip" };
            let headers = [("if-none-match", answer.header("etag")), ("accept-encoding", encoding)];
            assert_eq!(server.get_with(&path, &headers).await.status, 304);
        }
    }
    let before = server.get("/-/api/v1/charts").await.header("etag").to_owned();
    server.publish("web", "1.0.1").await;
    assert_eq!(server.get_with("/-/api/v1/charts", &[("if-none-match", &before)]).await.status, 200);
}

#[tokio::test]
async fn what_cannot_be_reached_is_not_listed() {
    let server = three_repositories().await;
    let both = TestServer::sharing(&server, |settings| settings.repository.depth = Depth::Fixed(1)).await;
    assert_eq!(pages(&both, "repositories", "").await.0, ["org"]);
    assert_eq!(pages(&both, "versions", "").await.0, ["org web 3.0.0"]);
    let sentence = "repository is one segment of a path, which does not begin with a dot";
    for path in ["charts?repository=", "charts?repository=org/team", "charts/web", "charts?repository=-"] {
        both.get(&format!("/-/api/v1/{path}")).await.is_error(400, sentence);
    }
}

#[tokio::test]
async fn without_an_api_there_is_none() {
    let server = TestServer::with(|settings| settings.repository.api = false).await;
    for path in ["repositories", "charts", "versions", "trash", "reconcile", "charts/web"] {
        server.get(&format!("/-/api/v1/{path}")).await.is_error(404, "not found");
    }
}
