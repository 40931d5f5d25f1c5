use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;

use crate::App;
use crate::auth::{Delete, RegistryGrant};
use crate::registry::{Fault, answer, digest};

/// `DELETE /v2/{name}/blobs/{digest}`: the name has it no more. Others may.
pub(in crate::registry) async fn delete(
    app: &App,
    grant: &RegistryGrant<Delete>,
    text: &str,
) -> Result<Response, Fault> {
    app.catalogue.delete_blob(grant.name(), digest(text)?).await?;
    Ok(answer::bytes(StatusCode::ACCEPTED, Bytes::new()))
}
