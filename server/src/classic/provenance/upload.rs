use axum::body::Body;
use axum::response::Response;
use catalogue::Upload;
use chart::Provenance;
use http::request::Parts;

use crate::App;
use crate::auth::{Grant, Push};
use crate::classic::{refuse_embedded, saved, terms};
use crate::error::Error;
use crate::publish::publish;
use crate::upload_body;

/// `POST /api/{repository}/prov`: a provenance as the body, whatever its content type. Its package may come later.
pub async fn upload(app: &App, grant: &Grant<Push>, head: Parts, body: Body) -> Result<Response, Error> {
    refuse_embedded(app, grant)?;
    let bytes = upload_body::read(&head.headers, body, app.settings.upload.max_size).await?;
    let provenance = Provenance::parse(&bytes)?;
    let upload = Upload { packages: Vec::new(), provenances: vec![(provenance, bytes)] };
    let published = publish(&app.catalogue, grant, upload, terms(app, &head)).await;
    Ok(saved(&published.map_err(|error| Error::of_commit(error, Error::FileExists, Error::ObjectNotFound))?))
}
