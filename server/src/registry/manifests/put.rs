use axum::body::Body;
use axum::response::Response;
use catalogue::PutManifest;
use chart::oci::{Manifest, Tag};
use http::StatusCode;
use http::header::CONTENT_TYPE;
use http::request::Parts;

use super::{policy, reference};
use crate::App;
use crate::auth::{Origin, Push, RegistryGrant};
use crate::registry::{Fault, answer};
use crate::router::query;
use crate::{classic, upload_body};

/// Tags that one request may set besides its own; the specification asks for ten at least.
const MOST_TAGS: usize = 64;

/// `PUT /v2/{name}/manifests/{reference}`: takes a manifest, and publishes a chart if it is one and has a tag.
pub(in crate::registry) async fn put(
    app: &App,
    grant: &RegistryGrant<Push>,
    origin: &Origin,
    text: &str,
    head: &Parts,
    body: Body,
) -> Result<Response, Fault> {
    let (name, reference) = (grant.name(), reference(text)?);
    let tags = tags(head.uri.query())?;
    let limit = app.settings.registry.manifest_size;
    let bytes = upload_body::read(&head.headers, body, limit).await.map_err(|error| match error.into() {
        Fault::TooLarge(_) => Fault::TooLarge(format!("a manifest may have {limit} bytes")),
        other => other,
    })?;
    let content_type = head.headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).map(str::to_owned);
    let manifest = Manifest::parse(&bytes, content_type.as_deref())?;
    let all_tags: Vec<_> = reference.tag().into_iter().chain(&tags).collect();
    policy::check(app, name, &manifest, &all_tags, origin).await?;
    let put = PutManifest { reference, tags, content_type, bytes, package_limit: app.settings.upload.max_size };
    let stored = app.catalogue.put_manifest(name, put, classic::terms(app, head)).await?;
    let location = format!("/v2/{name}/manifests/{}", stored.digest);
    let mut response = answer::with_digest(answer::located(StatusCode::CREATED, &location), &stored.digest);
    let headers = response.headers_mut();
    if let Some(subject) = &stored.subject {
        answer::insert(headers, answer::OCI_SUBJECT.clone(), &subject.to_string());
    }
    for tag in stored.tags.iter().filter_map(|tag| tag.as_str().parse().ok()) {
        headers.append(answer::OCI_TAG.clone(), tag);
    }
    Ok(response)
}

fn tags(query: Option<&str>) -> Result<Vec<Tag>, Fault> {
    let mut tags = Vec::new();
    for (_, value) in query::pairs(query).filter(|(name, _)| name == "tag") {
        if tags.len() == MOST_TAGS {
            return Err(Fault::TooManyTags(MOST_TAGS));
        }
        tags.push(value.parse().map_err(|error: chart::oci::TagError| Fault::ManifestInvalid(error.to_string()))?);
    }
    Ok(tags)
}
