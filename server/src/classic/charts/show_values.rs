use axum::body::Body;
use axum::response::Response;
use chart::Package;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use super::resolve::resolve;
use crate::App;
use crate::answer::with_age;
use crate::auth::{Grant, Pull};
use crate::error::Error;
use crate::reading;

/// `GET /api/{repository}/charts/{name}/{version}/values`: `values.yaml` as it is, comments and all.
pub async fn show(app: &App, grant: &Grant<Pull>, name: &str, version: &str) -> Result<Response, Error> {
    let found = reading::find(&app.catalogue, |view| resolve(view, grant.repository(), name, version)).await?;
    let package = app.packages.get(&app.catalogue, &found.what.package()).await?;
    let values = app.parsing.run(move |limits| Package::values(&package.bytes, limits)).await;
    let values = values.map_err(|error| Error::Internal(error.to_string()))?.ok_or(Error::NoValues)?;

    let length = values.len();
    let mut response = Response::new(Body::from(values));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/yaml"));
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    Ok(with_age(response, found.is_stale))
}
