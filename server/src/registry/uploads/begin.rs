use axum::body::Body;
use axum::response::Response;
use catalogue::DigestAlgorithm;
use chart::oci::{ContentDigest, RegistryName};
use http::StatusCode;
use http::request::Parts;

use super::{created, fault, named, progress, stream};
use crate::App;
use crate::auth::{Caller, Pull, Push, RegistryGrant};
use crate::registry::Fault;
use crate::router::query;

/// `POST /v2/{name}/blobs/uploads/`: takes a blob at once (`?digest=`), or one that another name has (`?mount=`), or begins an
/// upload.
pub(in crate::registry) async fn begin(
    app: &App,
    caller: &Caller<'_>,
    grant: &RegistryGrant<Push>,
    head: &Parts,
    body: Body,
) -> Result<Response, Fault> {
    let name = grant.name();
    let value = |parameter| query::value(head.uri.query(), parameter);
    if let Some(mounted) = named(head.uri.query(), "mount")? {
        if mount(app, caller, name, value("from").as_deref(), mounted).await? {
            return Ok(created(name, &mounted));
        }
    } else if let Some(named) = named(head.uri.query(), "digest")? {
        let uploaded = app.catalogue.upload_blob(name, stream(body), named).await;
        uploaded.map_err(|error| fault(error, ""))?;
        return Ok(created(name, &named));
    }
    let algorithm = match value("digest-algorithm").as_deref() {
        None | Some("sha256") => DigestAlgorithm::Sha256,
        Some("sha512") => DigestAlgorithm::Sha512,
        Some(_) => return Err(Fault::DigestInvalid("digest-algorithm is sha256 or sha512".to_owned())),
    };
    let session = app.catalogue.begin_upload(name, algorithm).await.map_err(|error| fault(error, ""))?;
    Ok(progress(StatusCode::ACCEPTED, &session))
}

/// Links a blob from a name that the caller may read. Whatever stands against it, the client uploads instead, and learns nothing
/// of names that it may not read.
async fn mount(
    app: &App,
    caller: &Caller<'_>,
    name: &RegistryName,
    from: Option<&str>,
    digest: ContentDigest,
) -> Result<bool, Fault> {
    let Some(from) = from.map_or(Some(name.clone()), |from| from.parse().ok()) else { return Ok(false) };
    if caller.registry_right::<Pull>(&from).is_none() {
        return Ok(false);
    }
    Ok(app.catalogue.mount_blob(&from, name, digest).await?)
}
