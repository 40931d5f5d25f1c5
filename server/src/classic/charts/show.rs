use axum::response::Response;
use chart::index::Body;

use crate::App;
use crate::answer::{json_frames, with_age};
use crate::auth::{Grant, Pull};
use crate::error::Error;
use crate::reading;

/// `GET /api/{repository}/charts/{name}`: all versions of a chart, newest first.
pub async fn show(app: &App, grant: &Grant<Pull>, name: &str) -> Result<Response, Error> {
    let entries = reading::find(&app.catalogue, |view| {
        let repository = view.repository(grant.repository());
        repository.and_then(|repository| repository.entries(name)).ok_or(Error::ChartNotFound)
    });
    let entries = entries.await?;
    Ok(with_age(json_frames(&Body::array(&entries.what)), entries.is_stale))
}
