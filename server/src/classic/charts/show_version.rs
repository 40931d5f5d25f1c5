use axum::response::Response;
use http::StatusCode;

use super::resolve::resolve;
use crate::App;
use crate::answer::{json, with_age};
use crate::auth::{Grant, Pull};
use crate::error::Error;
use crate::reading;

/// `GET /api/{repository}/charts/{name}/{version}`: the entry of one version.
pub async fn show(app: &App, grant: &Grant<Pull>, name: &str, version: &str) -> Result<Response, Error> {
    let repository = grant.repository();
    let entry = reading::find(&app.catalogue, |view| {
        let resolved = resolve(view, repository, name, version)?;
        let entries = view.repository(repository).and_then(|repository| repository.entries(name));
        let entry = entries.and_then(|entries| entries.get(resolved.position).cloned());
        entry.ok_or_else(|| Error::Internal(format!("{name} {} has no entry", resolved.version.version)))
    });
    let entry = entry.await?;
    Ok(with_age(json(StatusCode::OK, entry.what), entry.is_stale))
}
