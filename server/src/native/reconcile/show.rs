use axum::response::Response;
use catalogue::RepositoryPath;
use chart::index::to_json;
use http::StatusCode;
use serde::Serialize;

use super::report::Report;
use crate::App;
use crate::answer::json;
use crate::auth::{Administer, Caller, Grant};
use crate::error::Error;

/// What this replica did of its own accord or on request.
#[derive(Serialize)]
struct Shown<'a> {
    running: bool,
    /// `null` before the first has ended.
    last: Option<Report<'a>>,
}

/// `GET /-/api/v1/reconcile`: what the last reconcile of this replica found, and whether one is under way.
pub fn show(app: &App, caller: &Caller<'_>) -> Result<Response, Error> {
    let _: Grant<Administer> = caller.grant(RepositoryPath::root())?;
    let (last, running) = app.catalogue.reconciled();
    let last = last.as_deref().map(Report::of);
    Ok(json(StatusCode::OK, to_json(&Shown { running, last })))
}
