use axum::response::Response;
use http::StatusCode;

use crate::App;
use crate::answer::json;
use crate::auth::{Delete, Grant};
use crate::error::Error;
use crate::remove::{remove_chart, remove_version};

/// `DELETE /api/{repository}/charts/{name}/{version}`: one version, named literally, and its provenance.
pub async fn version(app: &App, grant: &Grant<Delete>, name: &str, version: &str) -> Result<Response, Error> {
    let removed = remove_version(&app.catalogue, grant, name, version).await;
    removed.map_err(|error| Error::of_commit(error, Error::FileExists, Error::ObjectNotFound))?;
    Ok(deleted())
}

/// `DELETE /api/{repository}/charts/{name}`: all versions of a chart.
pub async fn chart(app: &App, grant: &Grant<Delete>, name: &str) -> Result<Response, Error> {
    let removed = remove_chart(&app.catalogue, grant, name).await;
    removed.map_err(|error| Error::of_commit(error, Error::FileExists, Error::ChartNotFound))?;
    Ok(deleted())
}

fn deleted() -> Response {
    json(StatusCode::OK, r#"{"deleted":true}"#)
}
