//! YAML as Helm reads it.
//!
//! Helm decodes with `sigs.k8s.io/yaml`: the first document of a YAML 1.1 stream becomes JSON, and that is decoded.
//! So `yes` is true, `010` is 8, and a number becomes a text where a text is wanted. [`read`] gives the JSON value;
//! [`check`] says whether there would be one, without building it.
//!
//! What Go's reader refuses is refused, in its words and with its line numbers. On top of that come [`Limits`].

mod compose;
mod convert;
mod cursor;
mod input;
mod number;
mod parser;
mod resolve;
mod scanner;
mod timestamp;

use serde_json::Value;

use compose::Composer;
use convert::Tree;
pub(crate) use convert::{Shape, folds_to};
pub(crate) use timestamp::is_rfc3339;

/// What reading one document may cost.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Bytes of the text, and of the scalars of its value after aliases are followed.
    pub bytes: usize,
    /// Collections within collections, after aliases are followed. More than [`Limits::MAX_DEPTH`] counts as that.
    pub depth: usize,
    /// Nodes, after aliases are followed.
    pub nodes: u64,
    /// Anchors, and directives that name tags.
    pub anchors: usize,
}

impl Limits {
    /// A value of this depth still fits on any thread's stack.
    pub const MAX_DEPTH: usize = 256;
}

/// Enough for every metadata file there is, and no more than some ten MiB of memory.
impl Default for Limits {
    fn default() -> Self {
        Self { bytes: 1024 * 1024, depth: 100, nodes: 100_000, anchors: 10_000 }
    }
}

/// What a document consists of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Null, or no document at all.
    Null,
    /// True or false.
    Boolean,
    /// A number.
    Number,
    /// A text.
    String,
    /// A list of values.
    Sequence,
    /// Keys and values.
    Mapping,
}

/// Why a document cannot be read. Where Go's reader refuses it too, the text is Go's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum YamlError {
    /// More bytes than [`Limits::bytes`].
    #[error("yaml: document is larger than {limit} bytes")]
    TooLarge {
        /// The limit.
        limit: usize,
    },
    /// Deeper than [`Limits::depth`].
    #[error("yaml: exceeded max depth of {limit}")]
    TooDeep {
        /// The limit.
        limit: usize,
    },
    /// More nodes than [`Limits::nodes`].
    #[error("yaml: document has more than {limit} nodes")]
    TooManyNodes {
        /// The limit.
        limit: u64,
    },
    /// More anchors than [`Limits::anchors`].
    #[error("yaml: document has more than {limit} anchors")]
    TooManyAnchors {
        /// The limit.
        limit: usize,
    },
    /// Almost all of the document would come from aliases.
    #[error("yaml: document contains excessive aliasing")]
    Aliasing,
    /// The bytes are no text that YAML can hold.
    #[error("yaml: {0}")]
    Encoding(&'static str),
    /// The text breaks the grammar.
    #[error("yaml: {}{problem}", Line(*.line))]
    Syntax {
        /// As Go numbers lines, which may be one less; 0 if it gives none.
        line: usize,
        /// What Go says is wrong.
        problem: &'static str,
    },
    /// An alias names an anchor that does not exist, or not yet.
    #[error("yaml: unknown anchor '{0}' referenced")]
    UnknownAnchor(String),
    /// An alias stands within what it stands for.
    #[error("yaml: anchor '{0}' value contains itself")]
    OwnAnchor(String),
    /// A tag says that a scalar is what it is not.
    #[error("yaml: cannot decode {found} `{text}` as a {wanted}")]
    Tag {
        /// The tag that would be right.
        found: &'static str,
        /// The scalar.
        text: String,
        /// The tag that is there.
        wanted: &'static str,
    },
    /// `!!binary` before something else.
    #[error("yaml: !!binary value contains invalid base64 data")]
    Base64,
    /// `<<` before something that is no mapping.
    #[error("yaml: map merge requires map or sequence of maps as the value")]
    Merge,
    /// A mapping or a sequence is the key of a mapping.
    #[error("yaml: invalid map key")]
    CollectionAsKey,
    /// A key that JSON cannot have.
    #[error("unsupported map key of type: {0}")]
    Key(&'static str),
    /// A number that JSON cannot have.
    #[error("json: unsupported value: {0}")]
    Number(&'static str),
}

/// `line 3: `, or nothing for line 0.
struct Line(usize);

impl std::fmt::Display for Line {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self.0 {
            0 => Ok(()),
            line => write!(f, "line {line}: "),
        }
    }
}

impl YamlError {
    fn number(value: f64) -> Self {
        Self::Number(match value {
            value if value.is_nan() => "NaN",
            value if value > 0.0 => "+Inf",
            _ => "-Inf",
        })
    }
}

impl From<resolve::TagError> for YamlError {
    fn from(error: resolve::TagError) -> Self {
        match error {
            resolve::TagError::Mismatch { found, text, wanted } => Self::Tag { found, text, wanted },
            resolve::TagError::Base64 => Self::Base64,
        }
    }
}

/// Reads the first document as the JSON value that Helm would decode; null if there is none.
///
/// # Errors
/// If Helm could not read it, or if it exceeds the limits.
pub fn read(bytes: &[u8], limits: &Limits) -> Result<Value, YamlError> {
    read_as(bytes, limits, &Shape::Any)
}

/// [`read`] for somebody who wants the shape: numbers and booleans become texts where it has texts.
pub(crate) fn read_as(bytes: &[u8], limits: &Limits, shape: &Shape) -> Result<Value, YamlError> {
    let text = text(bytes, limits)?;
    let (_, nodes) = Composer::new(&text, limits, true).document()?;
    Tree::new(nodes).root(shape)
}

/// Says what the first document is, if [`read`] could read it: in memory that does not grow with its nodes. Texts
/// behind aliases do not count against [`Limits::bytes`] here.
///
/// # Errors
/// If Helm could not read it, or if it exceeds the limits.
pub fn check(bytes: &[u8], limits: &Limits) -> Result<Kind, YamlError> {
    let text = text(bytes, limits)?;
    let (root, _) = Composer::new(&text, limits, false).document()?;
    Ok(root)
}

fn text<'i>(bytes: &'i [u8], limits: &Limits) -> Result<std::borrow::Cow<'i, str>, YamlError> {
    if bytes.len() > limits.bytes {
        return Err(YamlError::TooLarge { limit: limits.bytes });
    }
    input::decode(bytes)
}
