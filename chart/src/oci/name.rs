use std::sync::Arc;

use crate::text::as_text;

/// The name of a repository in a registry: segments of lower-case letters and digits, joined by `/`. Within a segment
/// single dots, one or two underscores and any number of dashes may stand between them (distribution specification 1.1).
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegistryName(Arc<str>);

/// The text is no name of a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a repository's name has lower-case letters, digits and single separators, and at most 255 characters")]
pub struct RegistryNameError;

/// Clients bound host and name together by 255, so no longer name is of use to any.
const MAX_LENGTH: usize = 255;

impl RegistryName {
    /// Checks and takes the text.
    ///
    /// # Errors
    /// If it does not have the form of a name.
    pub fn parse(text: &str) -> Result<Self, RegistryNameError> {
        if text.len() <= MAX_LENGTH && text.split('/').all(is_segment) {
            Ok(Self(text.into()))
        } else {
            Err(RegistryNameError)
        }
    }

    /// What comes before the last segment, empty if it is the only one, and the last segment: where a chart is, and what it
    /// is called.
    pub fn split(&self) -> (&str, &str) {
        self.0.rsplit_once('/').unwrap_or(("", &self.0))
    }
}

fn is_segment(text: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
    let bytes = text.as_bytes();
    if !bytes.first().is_some_and(|first| is_word(*first)) || !bytes.last().is_some_and(|last| is_word(*last)) {
        return false;
    }
    let mut separators = bytes.split(|byte| is_word(*byte)).filter(|between| !between.is_empty());
    separators.all(|between| matches!(between, b"." | b"_" | b"__") || between.iter().all(|byte| *byte == b'-'))
}

as_text!(RegistryName, RegistryNameError);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_of_the_specification_are_taken() {
        for text in ["a", "0", "a/b", "a.b", "a_b", "a__b", "a-b", "a---b", "team/charts/web-app.v2", "v2", "a0/1b"] {
            assert_eq!(RegistryName::parse(text).unwrap().as_str(), text);
        }
        assert!(RegistryName::parse(&"a".repeat(255)).is_ok());
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "a".repeat(256);
        for text in [
            "",
            "/",
            "a/",
            "/a",
            "a//b",
            "A",
            "a/B",
            ".",
            "..",
            "a/../b",
            ".a",
            "a.",
            "a..b",
            "a___b",
            "_a",
            "a_",
            "-a",
            "a-",
            "a._b",
            "a-_b",
            "a b",
            "a\0",
            "é",
            "a:b",
            "a\\b",
            "a%2fb",
            ".chandlery/objects",
            &long,
        ] {
            assert_eq!(RegistryName::parse(text), Err(RegistryNameError), "{text:?}");
        }
    }

    #[test]
    fn the_last_segment_is_split_off() {
        assert_eq!(RegistryName::parse("a/b/c").unwrap().split(), ("a/b", "c"));
        assert_eq!(RegistryName::parse("c").unwrap().split(), ("", "c"));
    }
}
