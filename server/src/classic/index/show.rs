use std::sync::Arc;

use axum::response::Response;
use http::{HeaderMap, HeaderValue};

use super::IndexView;
use crate::App;
use crate::answer::{prepared, with_age};
use crate::auth::{Grant, Pull};
use crate::error::Error;
use crate::reading;

const YAML: HeaderValue = HeaderValue::from_static("application/x-yaml");

/// `GET /{repository}/index.yaml`. A repository that nobody has pushed to is an empty one.
pub async fn whole(app: &App, grant: &Grant<Pull>, headers: &HeaderMap) -> Result<Response, Error> {
    let repository = grant.repository();
    let current = reading::view(&app.catalogue, |view| view.repository(repository).is_some()).await?;
    let index = current.view.repository_or_empty(repository).index();
    Ok(with_age(prepared(headers, index, YAML), current.stale.is_some()))
}

/// The same with chosen versions only.
pub async fn part(app: &App, grant: &Grant<Pull>, headers: &HeaderMap, view: IndexView) -> Result<Response, Error> {
    let repository = grant.repository();
    let current = reading::view(&app.catalogue, |view| view.repository(repository).is_some()).await?;
    let whole = Arc::clone(current.view.repository_or_empty(repository));
    let part = app.views.get(whole, view).await;
    Ok(with_age(prepared(headers, &part, YAML), current.stale.is_some()))
}
