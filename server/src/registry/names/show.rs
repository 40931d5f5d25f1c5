use axum::response::Response;

use crate::auth::{Caller, Origin};
use crate::registry::{Fault, answer};

/// `GET /v2/`: that this is a registry, for those who may use it.
pub(in crate::registry) fn show(caller: &Caller<'_>, origin: &Origin) -> Result<Response, Fault> {
    caller.enter_registry(origin)?;
    let mut response = answer::json("{}");
    // clients of before the specification look for it
    let version = http::HeaderName::from_static("docker-distribution-api-version");
    answer::insert(response.headers_mut(), version, "registry/2.0");
    Ok(response)
}
