use axum::response::Response;
use http::StatusCode;

use super::{fault, id};
use crate::App;
use crate::auth::{Push, RegistryGrant};
use crate::registry::Fault;

/// `DELETE /v2/{name}/blobs/uploads/{upload}`: gives it up.
pub(in crate::registry) async fn cancel(app: &App, grant: &RegistryGrant<Push>, text: &str) -> Result<Response, Fault> {
    let cancelled = app.catalogue.cancel_upload(grant.name(), id(text)?).await;
    cancelled.map_err(|error| fault(error, ""))?;
    let mut response = Response::default();
    *response.status_mut() = StatusCode::NO_CONTENT;
    Ok(response)
}
