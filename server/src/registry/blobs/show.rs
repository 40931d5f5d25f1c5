use std::ops::Range;

use axum::body::Body;
use axum::response::Response;
use catalogue::{BlobSource, FoundBlob};
use chart::oci::ContentDigest;
use http::header::{ACCEPT_RANGES, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG, RANGE};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use super::body::BlobBody;
use crate::App;
use crate::answer::{Piecewise, Requested, is_known, requested, with_age};
use crate::auth::{Pull, RegistryGrant};
use crate::packages::Package;
use crate::reading::Found;
use crate::registry::{Fault, answer, digest, reading};

/// `GET /v2/{name}/blobs/{digest}`: a blob, or a part of it.
pub(in crate::registry) async fn show(
    app: &App,
    grant: &RegistryGrant<Pull>,
    text: &str,
    head: &Parts,
) -> Result<Response, Fault> {
    let digest = digest(text)?;
    let found = find(app, grant, digest).await?;
    let blob = &found.what;
    let etag = format!("\"{digest}\"");
    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    answer::insert(headers, ETAG, &etag);
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    if is_known(&head.headers, &etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return Ok(with_age(answer::with_digest(response, &digest), found.is_stale));
    }
    let part = match requested(&head.headers, blob.size, &etag) {
        Requested::Whole if ends_before_it_begins(&head.headers) => return Err(Fault::NoSuchRange(blob.size)),
        Requested::Whole => 0..blob.size,
        Requested::Part(part) => {
            let range = format!("bytes {}-{}/{}", part.start, part.end - 1, blob.size);
            answer::insert(headers, CONTENT_RANGE, &range);
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            part
        }
        Requested::Unsatisfiable => return Err(Fault::NoSuchRange(blob.size)),
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/octet-stream"));
    headers.insert(CONTENT_LENGTH, (part.end - part.start).into());
    if head.method != Method::HEAD {
        *response.body_mut() = match body(app, blob, part.clone()).await {
            Ok(body) => body,
            // its version may have been removed, or replaced, since the view was made
            Err(fault) => {
                app.catalogue.checked().await?;
                let again = find(app, grant, digest).await?;
                if again.what == *blob {
                    return Err(fault);
                }
                body(app, &again.what, part).await?
            }
        };
    }
    Ok(with_age(answer::with_digest(response, &digest), found.is_stale))
}

async fn find(app: &App, grant: &RegistryGrant<Pull>, digest: ContentDigest) -> Result<Found<FoundBlob>, Fault> {
    reading::find(app, Fault::BlobUnknown, |view| view.blob(grant.name(), digest)).await
}

async fn body(app: &App, blob: &FoundBlob, part: Range<u64>) -> Result<Body, Fault> {
    match &blob.source {
        BlobSource::Object(_) => Ok(Body::new(BlobBody::begin(app.catalogue.clone(), blob.clone(), part).await?)),
        BlobSource::File(location) => Ok(match app.packages.open(&app.catalogue, location).await? {
            Package::Whole(file) => Body::from(file.bytes.slice(part.start as usize..part.end as usize)),
            Package::Large(file) => Body::new(Piecewise::new((*file).clone(), part)),
        }),
        BlobSource::Metadata(_) => {
            let bytes = app.catalogue.load_blob(blob, None).await?;
            Ok(Body::from(bytes.slice(part.start as usize..part.end as usize)))
        }
    }
}

/// `bytes=9-0`: HTTP lets a server ignore it, registries must refuse it.
fn ends_before_it_begins(headers: &HeaderMap) -> bool {
    let range = headers.get(RANGE).and_then(|range| range.to_str().ok()?.strip_prefix("bytes=")?.split_once('-'));
    let number = |text: &str| text.trim().parse::<u64>().ok();
    range.is_some_and(|(first, last)| number(first).zip(number(last)).is_some_and(|(first, last)| last < first))
}
