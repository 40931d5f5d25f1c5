use std::ops::Range;
use std::sync::Arc;

use axum::body::Body;
use axum::response::Response;
use bytes::Bytes;
use catalogue::{Catalogue, PackageLocation, Repository, Spooled, layout};
use chart::Digest;
use http::header::{ACCEPT_RANGES, CACHE_CONTROL, CONTENT_LENGTH, CONTENT_RANGE, CONTENT_TYPE, ETAG};
use http::request::Parts;
use http::{HeaderMap, HeaderValue, Method, StatusCode};

use crate::App;
use crate::answer::{IMMUTABLE, Piecewise, REVALIDATE, Requested, is_known, requested, with_age};
use crate::auth::{Grant, Pull};
use crate::error::Error;
use crate::packages::{CachedFile, Package, etag};
use crate::reading::{self, Found};
use crate::router::{Parameters, is_package_file};

/// ChartMuseum's types. Never a content encoding: clients hand the bytes on as they are.
const PACKAGE: HeaderValue = HeaderValue::from_static("application/x-tar");
const PROVENANCE: HeaderValue = HeaderValue::from_static("application/pgp-signature");

/// `GET /{repository}/charts/[{digest}/]{filename}`.
pub async fn download(
    app: &App,
    grant: &Grant<Pull>,
    parameters: &Parameters<'_>,
    request: &Parts,
) -> Result<Response, Error> {
    let headers = &request.headers;
    if !is_package_file(parameters.filename) {
        return Err(Error::UnsupportedExtension);
    }
    let mut found = match find(&app.catalogue, grant, parameters).await {
        // boxed: a request that finds a version does not carry the future of one that does not
        Err(absent @ Error::ObjectNotFound) => {
            return match Box::pin(find_unlisted(app, grant, parameters)).await? {
                Some(file) => Ok(answer(headers, parameters, &Content::in_memory(&file))),
                None => Err(absent),
            };
        }
        found => found?,
    };
    let redirects = app.redirects.as_ref().filter(|redirects| redirects.cover(&found.what));
    if redirects.is_some() || app.packages.is_large(found.what.size) {
        let etag = etag(found.what.digest);
        // all that is to be said of it is known without reading it
        if request.method == Method::HEAD || is_known(headers, etag.to_str().unwrap_or_default()) {
            let content = Content { etag: &etag, length: found.what.size, bytes: Source::Nowhere };
            return Ok(with_age(answer(headers, parameters, &content), found.is_stale));
        }
    }
    if let Some(redirects) = redirects
        && let Some(redirect) = Box::pin(redirects.to(&found.what, &content_type(parameters))).await
    {
        return Ok(with_age(redirect, found.is_stale));
    }
    let package = match app.packages.open(&app.catalogue, &found.what).await {
        Ok(package) => package,
        // it may have been removed, or replaced, since the view was made
        Err(error) => {
            let again = Box::pin(find_checked(&app.catalogue, grant, parameters)).await?;
            if again.what == found.what {
                return Err(error.into());
            }
            found = again;
            app.packages.open(&app.catalogue, &found.what).await?
        }
    };
    let response = match package {
        Package::Whole(file) => answer(headers, parameters, &Content::in_memory(&file)),
        Package::Large(file) => {
            let etag = etag(found.what.digest);
            answer(headers, parameters, &Content { etag: &etag, length: file.size(), bytes: Source::Disk(&file) })
        }
    };
    Ok(with_age(response, found.is_stale))
}

/// What an answer is made of.
struct Content<'a> {
    etag: &'a HeaderValue,
    length: u64,
    bytes: Source<'a>,
}

/// Where the bytes come from.
enum Source<'a> {
    /// Nobody wants them.
    Nowhere,
    Memory(&'a Bytes),
    Disk(&'a Spooled),
}

impl<'a> Content<'a> {
    fn in_memory(file: &'a CachedFile) -> Self {
        Self { etag: &file.etag, length: file.bytes.len() as u64, bytes: Source::Memory(&file.bytes) }
    }

    fn part(&self, part: Range<u64>) -> Body {
        match self.bytes {
            Source::Nowhere => Body::empty(),
            Source::Memory(bytes) => Body::from(bytes.slice(part.start as usize..part.end as usize)),
            Source::Disk(file) => Body::new(Piecewise::new(file.clone(), part)),
        }
    }
}

async fn find(
    catalogue: &Catalogue,
    grant: &Grant<Pull>,
    parameters: &Parameters<'_>,
) -> Result<Found<PackageLocation>, Error> {
    reading::find(catalogue, |view| {
        let view = view.repository(grant.repository());
        view.and_then(|view| locate(&view.repository, parameters)).ok_or(Error::ObjectNotFound)
    })
    .await
}

/// What is no version, and lies in the folder all the same: ChartMuseum serves it to those who know its name.
async fn find_unlisted(
    app: &App,
    grant: &Grant<Pull>,
    Parameters { filename, digest, .. }: &Parameters<'_>,
) -> Result<Option<CachedFile>, Error> {
    if digest.is_some() {
        return Ok(None);
    }
    let bytes = app.catalogue.load_unlisted(grant.repository(), filename, app.settings.upload.max_size).await?;
    Ok(bytes.map(CachedFile::of))
}

async fn find_checked(
    catalogue: &Catalogue,
    grant: &Grant<Pull>,
    parameters: &Parameters<'_>,
) -> Result<Found<PackageLocation>, Error> {
    catalogue.checked().await?;
    find(catalogue, grant, parameters).await
}

fn locate(repository: &Arc<Repository>, parameters: &Parameters<'_>) -> Option<PackageLocation> {
    let Parameters { filename, digest, .. } = *parameters;
    match filename.strip_suffix(layout::PROVENANCE_SUFFIX) {
        None => repository.package(filename, digest),
        // a provenance belongs to the package that is there now, not to one that was replaced
        Some(package) if digest.is_none_or(|digest| is_current(repository, package, digest)) => {
            repository.provenance(package)
        }
        Some(_) => None,
    }
}

fn is_current(repository: &Repository, package: &str, digest: Digest) -> bool {
    repository.version_of_file(package).is_some_and(|version| version.package.digest == digest)
}

fn answer(request: &HeaderMap, parameters: &Parameters<'_>, content: &Content<'_>) -> Response {
    let length = content.length;
    let etag = content.etag.to_str().unwrap_or_default();
    // a digest names the package's bytes, not those of its provenance
    let names_content = parameters.digest.is_some() && !is_provenance(parameters);

    let mut response = Response::new(Body::empty());
    let headers = response.headers_mut();
    headers.insert(ETAG, content.etag.clone());
    headers.insert(ACCEPT_RANGES, HeaderValue::from_static("bytes"));
    headers.insert(CACHE_CONTROL, if names_content { IMMUTABLE } else { REVALIDATE });
    if is_known(request, etag) {
        *response.status_mut() = StatusCode::NOT_MODIFIED;
        return response;
    }
    let part = match requested(request, length, etag) {
        Requested::Whole => 0..length,
        Requested::Part(part) => {
            headers.insert(CONTENT_RANGE, content_range(&format!("{}-{}", part.start, part.end - 1), length));
            *response.status_mut() = StatusCode::PARTIAL_CONTENT;
            part
        }
        Requested::Unsatisfiable => {
            headers.insert(CONTENT_RANGE, content_range("*", length));
            headers.insert(CONTENT_LENGTH, 0.into());
            *response.status_mut() = StatusCode::RANGE_NOT_SATISFIABLE;
            return response;
        }
    };
    let headers = response.headers_mut();
    headers.insert(CONTENT_TYPE, content_type(parameters));
    headers.insert(CONTENT_LENGTH, (part.end - part.start).into());
    *response.body_mut() = content.part(part);
    response
}

fn is_provenance(parameters: &Parameters<'_>) -> bool {
    parameters.filename.ends_with(layout::PROVENANCE_SUFFIX)
}

fn content_type(parameters: &Parameters<'_>) -> HeaderValue {
    if is_provenance(parameters) { PROVENANCE } else { PACKAGE }
}

fn content_range(part: &str, length: u64) -> HeaderValue {
    HeaderValue::try_from(format!("bytes {part}/{length}")).expect("digits and signs are a header value")
}
