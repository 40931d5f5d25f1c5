use std::sync::Arc;

use crate::ChartVersion;
use crate::text::as_text;

/// A name for a manifest: 1 to 128 letters, digits, `_`, `.` and `-`, the first neither `.` nor `-`.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Tag(Arc<str>);

/// The text is no tag.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a tag has 1 to 128 letters, digits, `_`, `.` and `-`, and begins with neither `.` nor `-`")]
pub struct TagError;

/// Of the specification.
const MAX_LENGTH: usize = 128;

impl Tag {
    /// Checks and takes the text.
    ///
    /// # Errors
    /// If it does not have the form of a tag.
    pub fn parse(text: &str) -> Result<Self, TagError> {
        let is_first = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let is_other = |byte: &u8| is_first(byte) || matches!(byte, b'.' | b'-');
        match text.as_bytes() {
            [first, rest @ ..] if rest.len() < MAX_LENGTH && is_first(first) && rest.iter().all(is_other) => {
                Ok(Self(text.into()))
            }
            _ => Err(TagError),
        }
    }

    /// The tag of a chart's version, as Helm writes it: with `_` for `+`. None if the version has no such form.
    pub fn of_version(version: &ChartVersion) -> Option<Self> {
        let text = version.as_str();
        if text.contains('+') { Self::parse(&text.replace('+', "_")) } else { Self::parse(text) }.ok()
    }

    /// The bytes of a version's tag: for the order of versions by their tags, which need not be made for that.
    pub fn text_of_version(version: &ChartVersion) -> impl Iterator<Item = u8> {
        version.as_str().bytes().map(|byte| if byte == b'+' { b'_' } else { byte })
    }

    /// What Helm takes the tag for: with `+` for `_`.
    pub fn version_text(&self) -> String {
        self.0.replace('_', "+")
    }

    /// The version that Helm takes the tag for, if it is one.
    pub fn version(&self) -> Option<ChartVersion> {
        ChartVersion::parse(&self.version_text()).ok()
    }

    /// Comes before every tag: where a range over tags begins.
    pub fn least() -> Self {
        Self("\0".into())
    }

    /// Where a text would stand among tags, of which it need not be one: for ranges over tags.
    pub fn place(text: &str) -> Self {
        Self(text.into())
    }

    /// Comes after every tag: where a range over tags ends.
    pub fn greatest() -> Self {
        Self("\u{7f}".into())
    }
}

as_text!(Tag, TagError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tags_of_the_specification_are_taken() {
        let long = "a".repeat(128);
        for text in ["a", "A", "0", "_", "_.-", "latest", "v1.2.3", "1.2.3-rc.1_build.5", "sha256-0123.sig", &long] {
            assert_eq!(Tag::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "a".repeat(129);
        for text in ["", ".", "-", ".a", "-a", "a+b", "a/b", "a:b", "a b", "é", "a\0", "..", &long] {
            assert_eq!(Tag::parse(text), Err(TagError), "{text:?}");
        }
    }

    #[test]
    fn a_version_and_its_tag_lead_to_each_other() {
        for (version, tag) in [("1.2.3", "1.2.3"), ("v1.2", "v1.2"), ("1.2.3-a.b+c.d-e", "1.2.3-a.b_c.d-e")] {
            let version = ChartVersion::parse(version).unwrap();
            let found = Tag::of_version(&version).unwrap();
            assert_eq!(found.as_str(), tag);
            assert_eq!(found.version(), Some(version));
        }
        let long = ChartVersion::parse(&format!("1.2.3-{}", "a".repeat(123))).unwrap();
        assert_eq!(Tag::of_version(&long), None);
        for text in ["latest", "1.2.3_a_b", "sha256-00.sig", "_"] {
            assert_eq!(Tag::parse(text).unwrap().version(), None, "{text}");
        }
    }
}
