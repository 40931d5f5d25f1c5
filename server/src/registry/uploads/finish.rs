use axum::body::Body;
use axum::response::Response;
use http::request::Parts;

use super::{created, fault, id, location, named, range, stream};
use crate::App;
use crate::auth::{Push, RegistryGrant};
use crate::registry::Fault;

/// `PUT /v2/{name}/blobs/uploads/{upload}?digest=…`: takes the last bytes, or all of them, and makes a blob of them.
pub(in crate::registry) async fn finish(
    app: &App,
    grant: &RegistryGrant<Push>,
    text: &str,
    head: &Parts,
    body: Body,
) -> Result<Response, Fault> {
    let (name, id) = (grant.name(), id(text)?);
    let digest = named(head.uri.query(), "digest")?;
    let digest = digest.ok_or_else(|| Fault::DigestInvalid("the digest is missing".to_owned()))?;
    let finished = app.catalogue.finish_upload(name, id, range(&head.headers)?, stream(body), digest).await;
    finished.map_err(|error| fault(error, &location(name, id)))?;
    Ok(created(name, &digest))
}
