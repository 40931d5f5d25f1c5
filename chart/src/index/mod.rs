//! What a repository index says, rendered: entries, pages, documents.
//!
//! A repository's index is an ordered run of [`Page`]s, each rendered once. Documents are stitched from pages
//! without rendering them again: see [`Document`].

mod body;
mod document;
mod entry;
mod json;
mod page;
mod piece;
mod stitch;
mod stored;
mod yaml;

pub use body::Body;
pub use document::{Document, Head};
pub use entry::{Entry, rfc3339};
pub use json::to_json;
pub use page::Page;

/// Names this renderer; changes whenever the same entries would be rendered into other bytes.
pub const RENDERER: &str = "1";

/// The text under `index.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// JSON, which every YAML reader accepts and Helm reads five times faster.
    #[default]
    Json,
    /// Block YAML, every string double-quoted.
    Yaml,
}
