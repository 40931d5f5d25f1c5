use axum::response::Response;
use catalogue::Referrer;
use chart::oci::{ContentDigest, media_type};
use http::HeaderValue;
use http::header::CONTENT_TYPE;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};
use serde_json::{Map, Value, json};

use crate::App;
use crate::answer::with_age;
use crate::auth::{Pull, RegistryGrant};
use crate::registry::{Fault, answer, digest};
use crate::router::query;

/// Clients read at most 4 MiB of a list: a page ends before half of that.
const PAGE: usize = 2 * 1024 * 1024;
/// Most descriptors of a page.
const MOST: usize = 1000;

/// `GET /v2/{name}/referrers/{digest}`: what refers to a manifest, as an image index. Nothing refers to what is not there.
pub(in crate::registry) async fn list(
    app: &App,
    grant: &RegistryGrant<Pull>,
    text: &str,
    query: Option<&str>,
) -> Result<Response, Fault> {
    let (name, subject) = (grant.name(), digest(text)?);
    let kind = query::value(query, "artifactType").filter(|kind| !kind.is_empty());
    let after = query::value(query, "last").map(|last| digest(&last)).transpose()?;
    let look = |view: &catalogue::View| view.referrers(name, subject, kind.as_deref(), after, MOST + 1);
    // that there is nothing may only be said of a view that was checked
    let is_some = |view: &catalogue::View| !view.referrers(name, subject, kind.as_deref(), after, 1).is_empty();
    let current = crate::reading::view(&app.catalogue, is_some).await?;
    let mut found = look(&current.view).into_iter().peekable();
    let (mut manifests, mut size, mut last) = (Vec::new(), 0, None);
    while let Some(referrer) =
        found.next_if(|referrer| manifests.is_empty() || (size + weight(referrer) <= PAGE && manifests.len() < MOST))
    {
        size += weight(&referrer);
        last = Some(referrer.digest);
        manifests.push(shown(&referrer));
    }
    let index = json!({ "schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": manifests });
    let mut response = answer::json(index.to_string());
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static(media_type::INDEX));
    if kind.is_some() {
        answer::insert(headers, answer::OCI_FILTERS_APPLIED.clone(), "artifactType");
    }
    if let Some(last) = last.filter(|_| found.peek().is_some()) {
        response =
            answer::with_next(response, &next(&format!("/v2/{name}/referrers/{subject}"), kind.as_deref(), last));
    }
    Ok(with_age(response, current.stale.is_some()))
}

fn next(path: &str, kind: Option<&str>, last: ContentDigest) -> String {
    let kind = kind.map(|kind| format!("&artifactType={}", utf8_percent_encode(kind, NON_ALPHANUMERIC)));
    format!("{path}?last={last}{}", kind.unwrap_or_default())
}

/// About what its text takes: escapes make a byte six at most.
fn weight(referrer: &Referrer) -> usize {
    /// Digest, size, names and punctuation.
    const FRAME: usize = 512;
    let manifest = &referrer.manifest;
    let texts = manifest.annotations.iter().map(|(key, value)| key.len() + value.len() + 6);
    texts.sum::<usize>() + manifest.kind.as_ref().map_or(0, String::len) + manifest.media_type.len() + FRAME
}

fn shown(referrer: &Referrer) -> Value {
    let manifest = &referrer.manifest;
    let mut fields = Map::new();
    fields.insert("mediaType".to_owned(), manifest.media_type.clone().into());
    fields.insert("digest".to_owned(), referrer.digest.to_string().into());
    fields.insert("size".to_owned(), referrer.size.into());
    if let Some(kind) = &manifest.kind {
        fields.insert("artifactType".to_owned(), kind.clone().into());
    }
    if !manifest.annotations.is_empty() {
        fields.insert("annotations".to_owned(), json!(manifest.annotations));
    }
    fields.into()
}
