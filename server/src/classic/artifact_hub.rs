use axum::body::Body;
use axum::response::Response;
use http::HeaderValue;
use http::header::{CONTENT_LENGTH, CONTENT_TYPE};

use crate::App;
use crate::auth::{Grant, Pull};
use crate::error::Error;

/// `GET /{repository}/artifacthub-repo.yml`: the id that proves to Artifact Hub whose a repository is.
pub fn show(app: &App, grant: &Grant<Pull>) -> Result<Response, Error> {
    let ids = &app.settings.web.artifact_hub_ids;
    let id = ids.get(grant.repository()).ok_or(Error::NoArtifactHubId)?;
    let text = format!("repositoryID: {id}\n");
    let length = text.len();
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(CONTENT_TYPE, HeaderValue::from_static("application/x-yaml"));
    response.headers_mut().insert(CONTENT_LENGTH, length.into());
    Ok(response)
}
