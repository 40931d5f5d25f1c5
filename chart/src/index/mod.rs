//! What a repository index says, rendered: entries, pages, documents.
//!
//! A repository's index is an ordered run of [`Page`]s, each rendered once. Documents are stitched from pages
//! without copying or rendering them: see [`Document`].

mod json;

use bytes::Bytes;
use jiff::Timestamp;

use crate::Digest;

pub use json::to_json;

/// The text under `index.yaml`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum Format {
    /// JSON, which every YAML reader accepts and Helm reads five times faster.
    #[default]
    Json,
    /// Block YAML, every string double-quoted.
    Yaml,
}

/// One version, as an index shows it.
#[derive(Debug, Clone, Copy)]
pub struct Entry<'a> {
    /// The canonical JSON object of [`crate::Package::metadata_json`].
    pub metadata: &'a str,
    /// Where the package is, relative to the index or absolute.
    pub url: &'a str,
    /// When it was published.
    pub created: Timestamp,
    /// Of the package.
    pub digest: Digest,
}

/// A run of rendered entries: either whole charts, or a part of one chart's entries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Page;

impl Page {
    /// Renders whole charts: names in byte order, each with its entries, newest first.
    pub fn of_charts(_format: Format, _charts: &[(&str, Vec<Entry<'_>>)]) -> Self {
        todo!()
    }

    /// Renders a part of one chart's entries, newest first. Parts of one chart follow each other in a document.
    pub fn of_part(_format: Format, _name: &str, _entries: &[Entry<'_>]) -> Self {
        todo!()
    }

    /// The JSON text of each entry, by chart, in order: slices of the page.
    pub fn charts(&self) -> Vec<(String, Vec<Bytes>)> {
        todo!()
    }

    /// Changes whenever the page's text does.
    pub fn hash(&self) -> Digest {
        todo!()
    }

    /// The page as stored in a catalogue, to be read by [`Page::from_stored`] of the same [`RENDERER`].
    pub fn to_stored(&self) -> Vec<u8> {
        todo!()
    }

    /// Reads a stored page. Never trusted blindly: lengths and checksums are verified.
    pub fn from_stored(_bytes: Bytes) -> Option<Self> {
        todo!()
    }
}

/// Names this renderer; changes whenever the same entries would be rendered into other bytes.
pub const RENDERER: &str = "1";

/// Bytes to send, in pieces that are shared with the pages they come from.
#[derive(Debug, Clone, Default)]
pub struct Body {
    /// In order.
    pub frames: std::sync::Arc<[Bytes]>,
    /// Of all frames together.
    pub length: u64,
}

/// What stands around the entries.
#[derive(Debug, Clone)]
pub struct Head<'a> {
    /// The time of the repository's last change, not of the request.
    pub generated: Timestamp,
    /// ChartMuseum's `serverInfo.contextPath`; empty if there is none.
    pub context_path: &'a str,
}

/// A whole answer in each encoding, with its entity tags. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Document {
    /// As it is.
    pub identity: Body,
    /// One gzip member, stitched from the pages' deflate blocks.
    pub gzip: Option<Body>,
    /// Strong, quoted, for `identity`. That of `gzip` ends in `-gzip"`.
    pub etag: String,
    /// Strong, quoted, for `gzip`.
    pub etag_gzip: String,
}

impl Document {
    /// `index.yaml`.
    pub fn index(_format: Format, _head: &Head<'_>, _pages: &[Page]) -> Self {
        todo!()
    }

    /// ChartMuseum's `GET /api/charts`: a JSON object from names to arrays of entries.
    pub fn listing(_pages: &[Page]) -> Self {
        todo!()
    }

    /// `index.yaml` of chosen entries only: for each chart the JSON texts of its entries. No gzip form.
    pub fn view(_format: Format, _head: &Head<'_>, _charts: &[(String, Vec<Bytes>)]) -> Self {
        todo!()
    }
}
