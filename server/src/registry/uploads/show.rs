use axum::response::Response;
use http::StatusCode;

use super::{fault, id, progress};
use crate::App;
use crate::auth::{Push, RegistryGrant};
use crate::registry::Fault;

/// `GET /v2/{name}/blobs/uploads/{upload}`: how far an upload is.
pub(in crate::registry) async fn show(app: &App, grant: &RegistryGrant<Push>, text: &str) -> Result<Response, Fault> {
    let session = app.catalogue.upload_session(grant.name(), id(text)?).await;
    Ok(progress(StatusCode::NO_CONTENT, &session.map_err(|error| fault(error, ""))?))
}
