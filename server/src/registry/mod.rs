//! The registry's door: one folder per resource, one file per verb. A handler is arguments, one call, an answer.
//!
//! It has its own form of errors, of challenges and of rights; who may what is the same as at the classic door.

mod answer;
mod blobs;
mod error;
mod manifests;
mod names;
mod origin;
mod paging;
mod reading;
mod referrers;
mod tags;
mod tokens;
mod uploads;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use chart::oci::{ContentDigest, RegistryName};
use http::request::Parts;

use crate::App;
use crate::auth::{Caller, Delete, Pull, Push, RegistryGrant};
use crate::error::Error;
use crate::router::{RegistryOperation, Resource};
pub use error::Fault;

/// Answers a request to the registry. `operation` is absent if the method is none that the resource has.
pub async fn answer(
    app: &App,
    caller: &Caller<'_>,
    (resource, operation): (Resource<'_>, Option<RegistryOperation>),
    head: &Parts,
    body: Body,
) -> Response {
    dispatch(app, caller, (resource, operation), head, body).await.unwrap_or_else(IntoResponse::into_response)
}

/// Answers a path that no name can have.
pub fn bad_path() -> Response {
    Fault::NameInvalid("this path has no name as names are".to_owned()).into_response()
}

/// Answers a path that leads nowhere.
pub fn no_route() -> Response {
    Fault::NoRoute.into_response()
}

async fn dispatch(
    app: &App,
    caller: &Caller<'_>,
    (resource, operation): (Resource<'_>, Option<RegistryOperation>),
    head: &Parts,
    body: Body,
) -> Result<Response, Fault> {
    let origin = origin::of(&app.settings, head);
    let name = |text: &str| text.parse::<RegistryName>().map_err(|error| Fault::NameInvalid(error.to_string()));
    let pull = |text: &str| Ok::<_, Fault>(caller.registry_grant::<Pull>(&name(text)?, &origin)?);
    let push = |text: &str| {
        let grant = caller.registry_grant::<Push>(&name(text)?, &origin)?;
        if app.settings.repository.api { Ok(grant) } else { Err(read_only("pushed")) }
    };
    let delete = |text: &str| {
        let grant = caller.registry_grant::<Delete>(&name(text)?, &origin)?;
        let may = app.settings.repository.api && app.settings.repository.delete;
        if may { Ok(grant) } else { Err(read_only("deleted")) }
    };
    use RegistryOperation as Do;
    let query = head.uri.query();
    match (operation, resource) {
        (Some(Do::ShowRegistry), _) => names::show::show(caller, &origin),
        (Some(Do::ListNames), _) => names::list::list(app, &caller.catalog(&origin)?, query).await,
        (Some(Do::ShowToken), _) => tokens::show::show(app, caller, query),
        (Some(Do::RequestToken), _) => tokens::request::request(app, head, body).await,
        (Some(Do::ShowBlob), Resource::Blob { name, digest }) => {
            blobs::show::show(app, &pull(name)?, digest, head).await
        }
        (Some(Do::DeleteBlob), Resource::Blob { name, digest }) => {
            blobs::delete::delete(app, &changeable(app, delete(name)?)?, digest).await
        }
        (Some(Do::BeginUpload), Resource::Uploads { name }) => {
            uploads::begin::begin(app, caller, &changeable(app, push(name)?)?, head, body).await
        }
        (Some(Do::ShowUpload), Resource::Upload { name, id }) => uploads::show::show(app, &push(name)?, id).await,
        (Some(Do::AppendUpload), Resource::Upload { name, id }) => {
            uploads::append::append(app, &push(name)?, id, &head.headers, body).await
        }
        (Some(Do::FinishUpload), Resource::Upload { name, id }) => {
            uploads::finish::finish(app, &push(name)?, id, head, body).await
        }
        (Some(Do::CancelUpload), Resource::Upload { name, id }) => uploads::cancel::cancel(app, &push(name)?, id).await,
        (Some(Do::ShowManifest), Resource::Manifest { name, reference }) => {
            manifests::show::show(app, &pull(name)?, reference, &head.headers).await
        }
        (Some(Do::PutManifest), Resource::Manifest { name, reference }) => {
            manifests::put::put(app, &changeable(app, push(name)?)?, &origin, reference, head, body).await
        }
        (Some(Do::DeleteManifest), Resource::Manifest { name, reference }) => {
            manifests::delete::delete(app, &changeable(app, delete(name)?)?, reference).await
        }
        (Some(Do::ListTags), Resource::Tags { name }) => tags::list::list(app, &pull(name)?, query).await,
        (Some(Do::ListReferrers), Resource::Referrers { name, digest }) => {
            referrers::list::list(app, &pull(name)?, digest, query).await
        }
        _ => Err(Fault::Unsupported(format!("{} cannot be done with this", head.method))),
    }
}

/// What is part of the program cannot be changed: that is said before any of a body is read.
fn changeable<A>(app: &App, grant: RegistryGrant<A>) -> Result<RegistryGrant<A>, Fault> {
    match app.catalogue.view().is_embedded_name(grant.name()) {
        true => Err(Fault::Denied(Error::Embedded.to_string())),
        false => Ok(grant),
    }
}

fn read_only(done: &str) -> Fault {
    Fault::Unsupported(format!("nothing can be {done} here: the settings of this server say so"))
}

fn digest(text: &str) -> Result<ContentDigest, Fault> {
    text.parse().map_err(|error: chart::oci::ContentDigestError| Fault::DigestInvalid(error.to_string()))
}
