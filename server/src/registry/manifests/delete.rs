use axum::response::Response;
use bytes::Bytes;
use http::StatusCode;

use super::reference;
use crate::App;
use crate::auth::{Delete, RegistryGrant};
use crate::registry::{Fault, answer};

/// `DELETE /v2/{name}/manifests/{reference}`: by digest the manifest and all its tags, by tag the tag; and the version with them,
/// if it is a chart's.
pub(in crate::registry) async fn delete(
    app: &App,
    grant: &RegistryGrant<Delete>,
    text: &str,
) -> Result<Response, Fault> {
    app.catalogue.delete_manifest(grant.name(), &reference(text)?).await?;
    Ok(answer::bytes(StatusCode::ACCEPTED, Bytes::new()))
}
