use std::fmt;
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// The path of a Helm repository: zero or more segments joined by `/`; empty for the one at the root.
///
/// No segment is empty or begins with a dot: that keeps `.chandlery`, `.` and `..` out of reach.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Default)]
pub struct RepositoryPath(Arc<str>);

/// Why a text is no repository path.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0:?} is no repository path: its segments must not be empty, begin with a dot or contain control characters")]
pub struct RepositoryPathError(String);

/// Longest path, in bytes: with the longest file name a key stays within S3's 1024.
const MAX_LENGTH: usize = 512;

impl RepositoryPath {
    /// The repository at the root.
    pub fn root() -> Self {
        Self::default()
    }

    /// Checks and takes the text; `""` is the root.
    ///
    /// # Errors
    /// If a segment is not allowed.
    pub fn parse(text: &str) -> Result<Self, RepositoryPathError> {
        let allowed = |segment: &str| {
            !segment.is_empty()
                && !segment.starts_with('.')
                && segment.len() <= storage::MAX_SEGMENT_LENGTH
                && !segment.contains(|c: char| c.is_control() || c == '\\')
        };
        if text.is_empty() || (text.len() <= MAX_LENGTH && text.split('/').all(allowed)) {
            Ok(Self(text.into()))
        } else {
            Err(RepositoryPathError(text.chars().take(200).collect()))
        }
    }

    /// The text, without a slash at either end.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// True for the repository at the root.
    pub fn is_root(&self) -> bool {
        self.0.is_empty()
    }

    /// How many segments it has.
    pub fn depth(&self) -> usize {
        if self.is_root() { 0 } else { self.0.split('/').count() }
    }
}

impl fmt::Display for RepositoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for RepositoryPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.0, f)
    }
}

impl Serialize for RepositoryPath {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.0)
    }
}

impl<'de> Deserialize<'de> for RepositoryPath {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
