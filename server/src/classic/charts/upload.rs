use axum::body::Body;
use axum::response::Response;
use catalogue::Upload;
use chart::Package;
use http::request::Parts;

use crate::App;
use crate::auth::{Grant, Push};
use crate::classic::{form, refuse_embedded, saved, terms};
use crate::error::Error;
use crate::publish::publish;
use crate::upload_body;

/// `POST /api/{repository}/charts`: a package as the body, or a form with a package, a provenance, or both.
pub async fn upload(app: &App, grant: &Grant<Push>, head: Parts, body: Body) -> Result<Response, Error> {
    refuse_embedded(app, grant)?;
    let terms = terms(app, &head);
    let (upload, exists) = if form::is_form(&head.headers) {
        (form::read(app, head, body).await?, Error::ChartExists)
    } else {
        let bytes = upload_body::read(&head.headers, body, app.settings.upload.max_size).await?;
        let package = app.parsing.run(move |limits| Package::parse(bytes, limits)).await?;
        (Upload { packages: vec![package], provenances: Vec::new() }, Error::FileExists)
    };
    let published = publish(&app.catalogue, grant, upload, terms).await;
    Ok(saved(&published.map_err(|error| Error::of_commit(error, exists, Error::ObjectNotFound))?))
}
