pub(super) mod delete;
mod policy;
pub(super) mod put;
pub(super) mod show;

use chart::oci::{Reference, ReferenceError};

use super::Fault;

/// A tag or a digest. What has not the form of a tag names nothing; what has not that of a digest is told so.
fn reference(text: &str) -> Result<Reference, Fault> {
    text.parse().map_err(|error| match error {
        ReferenceError::Digest(error) => Fault::DigestInvalid(error.to_string()),
        ReferenceError::Tag(error) => Fault::ManifestInvalid(error.to_string()),
    })
}
