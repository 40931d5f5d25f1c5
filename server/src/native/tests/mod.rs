//! The API in process, on a store in memory.

mod changes;
mod filters;
mod lists;

use http::Method;
use serde_json::Value;

use crate::classic::tests::fixtures::{Answer, TestServer, chart_yaml, packed};

/// Uploads a chart with more lines in its `Chart.yaml`.
async fn publish(server: &TestServer, repository: &str, name: &str, version: &str, lines: &str) {
    let package = packed(&[("Chart.yaml", &format!("{}{lines}", chart_yaml(name, version)))]);
    server.post(&format!("/api{repository}/charts"), package).await.is(201, r#"{"saved":true}"#);
}

/// `repository name version` of each line of a page, without what is empty.
fn lines(page: &Value, list: &str) -> Vec<String> {
    let text = |line: &Value, field: &str| line[field].as_str().unwrap_or_default().to_owned();
    let line = |line: &Value| {
        let texts = ["repository", "name", "version", "path"].map(|field| text(line, field));
        texts.into_iter().filter(|text| !text.is_empty()).collect::<Vec<_>>().join(" ")
    };
    page[list].as_array().unwrap().iter().map(line).collect()
}

/// The lines of all pages of a list, and how long each page was.
async fn pages(server: &TestServer, list: &str, query: &str) -> (Vec<String>, Vec<usize>) {
    let (mut all, mut lengths) = (Vec::new(), Vec::new());
    let mut next = format!("?{query}");
    loop {
        let page = get(server, &format!("{list}{next}")).await.json();
        let lines = lines(&page, list);
        lengths.push(lines.len());
        all.extend(lines);
        match page["next"].as_str() {
            None => return (all, lengths),
            Some(reference) => next = reference.to_owned(),
        }
    }
}

/// A read below `/-/api/v1/` that must succeed.
async fn get(server: &TestServer, path: &str) -> Answer {
    let path = path.replace('<', "%3C").replace('>', "%3E");
    let answer = server.get(&format!("/-/api/v1/{path}")).await;
    assert_eq!(answer.status, 200, "{path}: {}", answer.text());
    answer
}

async fn post(server: &TestServer, path: &str) -> Answer {
    server.ask(Method::POST, &format!("/-/api/v1/{path}"), &[], "").await
}
