use axum::response::Response;
use catalogue::RepositoryPath;
use chart::index::to_json;
use http::StatusCode;

use super::report::Report;
use crate::App;
use crate::answer::json;
use crate::auth::{Administer, Caller, Grant};
use crate::error::Error;
use crate::native::parameters::Parameters;
use crate::reconcile;

/// `POST /-/api/v1/reconcile`: compares the storage with the catalogue now, and tells what was found.
pub async fn run(app: &App, caller: &Caller<'_>, query: Option<&str>) -> Result<Response, Error> {
    let parameters = Parameters::read(query, &["acceptLoss"])?;
    let accept_loss = parameters.boolean("acceptLoss")?.unwrap_or(false);
    let grant: Grant<Administer> = caller.grant(RepositoryPath::root())?;
    let reconciled = reconcile::reconcile(&app.catalogue, &grant, accept_loss).await;
    let reconciled = reconciled.map_err(|error| Error::of_commit(error, Error::ChartExists, Error::NotFound))?;
    Ok(json(StatusCode::OK, to_json(&Report::of(&reconciled))))
}
