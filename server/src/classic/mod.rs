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
pub(crate) mod tests;
pub(crate) mod welcome;

use axum::response::Response;
use catalogue::Terms;
use http::StatusCode;
use http::header::WARNING;
use http::request::Parts;

use crate::App;
use crate::answer;
use crate::auth::{Grant, Push};
use crate::error::Error;
use crate::router::query;
use crate::warnings::Warning;

/// What an upload may do. What exists is replaced always if the settings say so, else on request: `?force` counts by its
/// presence.
pub(crate) fn terms(app: &App, head: &Parts) -> Terms {
    let settings = &app.settings.repository;
    let forced = || settings.force_overwrite && query::value(head.uri.query(), "force").is_some();
    Terms {
        overwrite: settings.allow_overwrite || forced(),
        files_per_repository: app.settings.upload.files_per_repository,
        versions_per_chart: app.settings.upload.versions_per_chart,
    }
}

/// What cannot be published in the end is refused before any of it is read.
fn refuse_embedded(app: &App, grant: &Grant<Push>) -> Result<(), Error> {
    if app.catalogue.view().is_embedded(grant.repository()) { Err(Error::Embedded) } else { Ok(()) }
}

/// ChartMuseum's answer to the letter. What clients may trip over later is told beside it.
fn saved(warnings: &[Warning]) -> Response {
    let mut response = answer::json(StatusCode::CREATED, r#"{"saved":true}"#);
    for warning in warnings {
        response.headers_mut().append(WARNING, warning.header());
    }
    response
}
