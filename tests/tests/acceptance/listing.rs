//! `GET /api/charts`: everything, and pages of it.

use acceptance::{Chart, ChartBuilder, Server};
use serde_json::{Value, json};

const NAMES: [&str; 5] = ["Big", "a", "b", "b-2", "c"];

async fn five_charts() -> Server {
    let server = Server::start().await;
    for name in NAMES {
        for version in ["1.0.0", "2.0.0"] {
            server.publish("", &Chart::new(name, version)).await;
        }
    }
    server
}

fn names(listing: &Value) -> Vec<&str> {
    listing.as_object().unwrap().keys().map(|name| &**name).collect()
}

#[tokio::test]
async fn the_listing_holds_every_chart_with_its_versions_newest_first() {
    let server = five_charts().await;
    let answer = server.get("/api/charts").await.expect(200);
    assert_eq!(answer.header("content-type"), Some("application/json; charset=utf-8"));
    let listing = answer.json();
    assert_eq!(names(&listing), NAMES);
    let index = server.index("").await;
    assert_eq!(listing, index.value["entries"]);
}

#[tokio::test]
async fn an_empty_repository_lists_as_an_empty_object() {
    let server = Server::start().await;
    assert_eq!(server.get("/api/charts").await.expect(200).text(), "{}");
}

#[tokio::test]
async fn offset_and_limit_page_over_names() {
    let server = five_charts().await;
    for (query, expected) in [
        ("offset=0", &NAMES[..]),
        ("offset=2", &NAMES[2..]), // ChartMuseum gives nothing without a limit
        ("limit=2", &NAMES[..2]),
        ("offset=1&limit=2", &NAMES[1..3]),
        ("offset=%2B1&limit=2", &NAMES[1..3]),
        ("limit=2&offset=4", &NAMES[4..]),
        ("offset=5&limit=5", &[]),
        ("offset=99", &[]),
        ("limit=99", &NAMES[..]),
        ("limit=99999999999999999999", &NAMES[..]),
    ] {
        if query.ends_with("99999999999999999999") {
            // beyond the largest integer: refused as no integer at all
            server
                .get(&format!("/api/charts?{query}"))
                .await
                .expect_error(400, "limit is not a valid positive integer");
            continue;
        }
        let listing = server.get(&format!("/api/charts?{query}")).await.expect(200).json();
        assert_eq!(names(&listing), expected, "{query}");
        for versions in listing.as_object().unwrap().values() {
            assert_eq!(versions.as_array().unwrap().len(), 2);
        }
    }
}

#[tokio::test]
async fn bad_pages_are_refused_with_the_known_texts() {
    let server = five_charts().await;
    for query in ["offset=-1", "offset=", "offset=a", "offset=1.5", "offset=-1&limit=5"] {
        let answer = server.get(&format!("/api/charts?{query}")).await;
        answer.expect_error(400, "offset is not a valid non-negative integer");
    }
    for query in ["limit=0", "limit=-1", "limit=", "limit=x", "offset=0&limit=0"] {
        let answer = server.get(&format!("/api/charts?{query}")).await;
        answer.expect_error(400, "limit is not a valid positive integer");
    }
}

#[tokio::test]
async fn a_chart_is_a_list_of_its_versions() {
    let server = five_charts().await;
    let chart = server.get("/api/charts/b").await.expect(200).json();
    assert_eq!(chart, server.listing("").await["b"]);
    server.get("/api/charts/nothing").await.expect_error(404, "chart not found");
    server.head("/api/charts/b").await.expect(200);
    server.head("/api/charts/nothing").await.expect(404);
}

#[tokio::test]
async fn text_that_a_browser_might_run_is_escaped_and_other_scripts_are_not() {
    let server = Server::start().await;
    let chart =
        ChartBuilder::new("one", "1.0.0").metadata("description: \"<script>alert('é' & \\u007f)</script>\"").build();
    server.publish("", &chart).await;
    let answer = server.get("/api/charts/nothing<&>").await.expect(404);
    assert_eq!(answer.json(), json!({"error": "chart not found"}));
    let answer = server.get("/api/charts/one/<&>").await.expect(404);
    assert_eq!(answer.text(), r#"{"error":"improper constraint: \u003c\u0026\u003e"}"#);
    let listed = server.listing("").await;
    // Helm drops what cannot be printed from a description
    assert_eq!(listed["one"][0]["description"], "<script>alert('é' & )</script>");
}
