use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A chart's version: the text as it was written, and the order that the text means.
///
/// Equality is that of the text: `1.0.0+a` and `1.0.0+b`, or `1.0` and `1.0.0`, are two versions.
#[derive(Clone)]
pub struct ChartVersion {
    text: Arc<str>,
    semver: semver::Version,
}

/// The text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no semantic version: {reason}")]
pub struct VersionError {
    text: String,
    reason: &'static str,
}

impl ChartVersion {
    /// Reads a version as Helm's library does by default: `v1.2.3`, `1.2` and `01.0.0` are versions.
    ///
    /// # Errors
    /// If Helm would refuse the text too.
    pub fn parse(_text: &str) -> Result<Self, VersionError> {
        todo!()
    }

    /// Reads a version by the letter of SemVer 2, as Helm does for tags.
    ///
    /// # Errors
    /// If the text is not a complete semantic version.
    pub fn parse_strict(_text: &str) -> Result<Self, VersionError> {
        todo!()
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the text means.
    pub fn semver(&self) -> &semver::Version {
        &self.semver
    }

    /// True if it is a pre-release.
    pub fn is_prerelease(&self) -> bool {
        !self.semver.pre.is_empty()
    }

    /// SemVer precedence: build metadata does not count.
    pub fn cmp_precedence(&self, other: &Self) -> Ordering {
        self.semver.cmp_precedence(&other.semver)
    }
}

impl PartialEq for ChartVersion {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for ChartVersion {}

impl Hash for ChartVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl Serialize for ChartVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ChartVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}
