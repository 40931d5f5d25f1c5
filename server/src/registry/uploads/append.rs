use axum::body::Body;
use axum::response::Response;
use http::{HeaderMap, StatusCode};

use super::{fault, id, location, progress, range, stream};
use crate::App;
use crate::auth::{Push, RegistryGrant};
use crate::registry::Fault;

/// `PATCH /v2/{name}/blobs/uploads/{upload}`: adds bytes at the end, those of a range or as many as come.
pub(in crate::registry) async fn append(
    app: &App,
    grant: &RegistryGrant<Push>,
    text: &str,
    headers: &HeaderMap,
    body: Body,
) -> Result<Response, Fault> {
    let (name, id) = (grant.name(), id(text)?);
    let appended = app.catalogue.append_upload(name, id, range(headers)?, stream(body)).await;
    let session = appended.map_err(|error| fault(error, &location(name, id)))?;
    Ok(progress(StatusCode::ACCEPTED, &session))
}
