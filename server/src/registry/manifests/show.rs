use axum::response::Response;
use chart::oci::Reference;
use http::header::{CONTENT_TYPE, ETAG};
use http::{HeaderMap, StatusCode};

use super::reference;
use crate::App;
use crate::answer::{is_known, with_age};
use crate::auth::{Pull, RegistryGrant};
use crate::registry::{Fault, answer, reading};

/// `GET /v2/{name}/manifests/{reference}`: the bytes as they were pushed.
pub(in crate::registry) async fn show(
    app: &App,
    grant: &RegistryGrant<Pull>,
    text: &str,
    headers: &HeaderMap,
) -> Result<Response, Fault> {
    let (name, reference) = (grant.name(), reference(text).map_err(unknown_tag)?);
    let found = reading::find(app, Fault::ManifestUnknown, |view| view.manifest(name, &reference)).await?;
    let manifest = &found.what;
    // whoever asks by a digest is answered with that digest, whatever others the manifest has
    let digest = if let Reference::Digest(digest) = reference { digest } else { manifest.digest };
    let etag = format!("\"{digest}\"");
    let mut response = if is_known(headers, &etag) {
        let mut response = Response::default();
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        response
    } else {
        let bytes = app.catalogue.load_manifest(manifest).await?;
        let mut response = answer::bytes(StatusCode::OK, bytes);
        answer::insert(response.headers_mut(), CONTENT_TYPE, &manifest.media_type);
        response
    };
    answer::insert(response.headers_mut(), ETAG, &etag);
    Ok(with_age(answer::with_digest(response, &digest), found.is_stale))
}

/// What cannot be a tag is a tag that is not there.
fn unknown_tag(fault: Fault) -> Fault {
    if matches!(fault, Fault::ManifestInvalid(_)) { Fault::ManifestUnknown } else { fault }
}
