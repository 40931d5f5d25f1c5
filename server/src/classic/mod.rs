//! ChartMuseum's door: one folder per resource, one file per verb. A handler is arguments, one call, an answer.

pub(crate) mod artifact_hub;
pub(crate) mod charts;
mod form;
pub(crate) mod health;
pub(crate) mod index;
pub(crate) mod info;
pub(crate) mod own_pages;
pub(crate) mod packages;
pub(crate) mod provenance;
#[cfg(test)]
mod tests;
pub(crate) mod welcome;

use axum::response::Response;
use http::StatusCode;
use http::request::Parts;

use crate::App;
use crate::answer;
use crate::router::query;

/// Whether what exists is replaced: always if the settings say so, else on request. `?force` counts by its presence.
fn overwrites(app: &App, head: &Parts) -> bool {
    let settings = &app.settings.repository;
    settings.allow_overwrite || (settings.force_overwrite && query::value(head.uri.query(), "force").is_some())
}

fn saved() -> Response {
    answer::json(StatusCode::CREATED, r#"{"saved":true}"#)
}
