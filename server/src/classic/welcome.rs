//! Pages for people, and for health checks that look at a repository's address.

use axum::body::Body;
use axum::response::Response;
use catalogue::RepositoryPath;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};
use http::request::Parts;

use crate::answer::with_age;
use crate::auth::{Grant, Pull};
use crate::classic::own_pages;
use crate::config::Depth;
use crate::error::Error;
use crate::{App, VERSION, reading};

/// `GET /`: the operator's own page, or what this is and how to use it.
pub async fn root(app: &App, _grant: &Grant<Pull>, head: Parts) -> Response {
    if let Some(page) = own_pages::welcome(app, head).await {
        return page;
    }
    let place = match app.settings.repository.depth {
        Depth::Fixed(0) => "this address",
        Depth::Fixed(_) | Depth::Dynamic => "this address followed by the path of a repository",
    };
    page(&format!(
        "<h1>Chandlery</h1>\n<p>A Helm chart repository server, version {VERSION}.</p>\n\
         <p>To use its charts, add {place} to Helm:</p>\n\
         <pre>helm repo add NAME ADDRESS\nhelm search repo NAME/</pre>\n"
    ))
}

/// `GET /{repository}`: that it is a repository, and how to use it. With a dynamic depth any path could be one, so only
/// those that exist are.
pub async fn repository(app: &App, grant: &Grant<Pull>) -> Result<Response, Error> {
    let repository = grant.repository();
    let current = reading::view(&app.catalogue, |view| view.repository(repository).is_some()).await?;
    if app.settings.repository.depth == Depth::Dynamic && current.view.repository(repository).is_none() {
        return Err(Error::NotFound);
    }
    let state = &current.view.repository_or_empty(repository).repository;
    let (charts, versions) = (state.charts.len(), state.version_count());
    let path = escaped(repository);
    Ok(with_age(
        page(&format!(
            "<h1>{path}</h1>\n<p>A Helm chart repository of {charts} charts in {versions} versions.</p>\n\
             <p>To use them, add this address to Helm:</p>\n\
             <pre>helm repo add NAME ADDRESS\nhelm search repo NAME/</pre>\n"
        )),
        current.stale.is_some(),
    ))
}

fn escaped(path: &RepositoryPath) -> String {
    path.as_str().replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;")
}

fn page(content: &str) -> Response {
    let page = format!(
        "<!DOCTYPE html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n<title>Chandlery</title>\n</head>\n\
         <body>\n{content}</body>\n</html>\n"
    );
    let length = page.len();
    let mut response = Response::new(Body::from(page));
    // ChartMuseum's type has no charset either: the page says it
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("text/html"));
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    response
}
