//! The registry door's use cases: pushing, deleting and reading what is no classic request.

mod blobs;
mod calls;
mod charts;
mod delete;
mod error;
mod load;
mod manifests;

use bytes::Bytes;
use chart::oci::{ContentDigest, Reference, Tag};

use crate::outcome::PublishOutcome;

pub use error::RegistryError;

/// A manifest that a client pushes.
#[derive(Debug, Clone)]
pub struct PutManifest {
    /// What the request names it by.
    pub reference: Reference,
    /// Further tags for it.
    pub tags: Vec<Tag>,
    /// What the request says that it is.
    pub content_type: Option<String>,
    /// Its bytes.
    pub bytes: Bytes,
    /// Bytes of the largest package that a chart's manifest may bring.
    pub package_limit: u64,
}

/// A manifest that is there now.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ManifestStored {
    /// Of its bytes.
    pub digest: ContentDigest,
    /// The manifest that it says something about.
    pub subject: Option<ContentDigest>,
    /// The tags that stand for it, of those that the request named.
    pub tags: Vec<Tag>,
    /// What became of the version that it brought; none if it brought none.
    pub published: Option<PublishOutcome>,
}
