//! What an OCI registry exchanges: names, tags, digests, manifests, and what Helm makes of charts there.

mod content_digest;
mod frozen;
mod manifest;
pub mod media_type;
mod name;
mod reference;
mod tag;

pub use content_digest::{ContentDigest, ContentDigestError};
pub use frozen::{ChartBlob, ChartManifest, chart_manifest};
pub use manifest::{Descriptor, Manifest, ManifestError};
pub use name::{RegistryName, RegistryNameError};
pub use reference::{Reference, ReferenceError};
pub use tag::{Tag, TagError};
