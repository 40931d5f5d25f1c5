use axum::response::Response;
use http::StatusCode;

use crate::App;
use crate::answer::json;
use crate::auth::{Administer, Caller, Grant};
use crate::error::Error;
use crate::native::parameters::Parameters;
use crate::restore;

/// `POST /-/api/v1/trash/restore`: brings the newest removal of a version back.
pub async fn restore(app: &App, caller: &Caller<'_>, query: Option<&str>) -> Result<Response, Error> {
    let parameters = Parameters::read(query, &["repository", "name", "version"])?;
    let repository = parameters.repository_or_root(&app.settings.repository)?;
    let (name, version) = (parameters.required("name")?, parameters.required("version")?);
    let grant: Grant<Administer> = caller.grant(repository)?;
    let restored = restore::restore(&app.catalogue, &grant, name, version).await;
    restored.map_err(|error| Error::of_commit(error, Error::ChartExists, Error::NotInTrash))?;
    Ok(json(StatusCode::OK, r#"{"restored":true}"#))
}
