use std::fmt;
use std::str::FromStr;

use super::{ContentDigest, ContentDigestError, Tag, TagError};

/// How a request names a manifest.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Reference {
    /// By a name that may move.
    Tag(Tag),
    /// By its content.
    Digest(ContentDigest),
}

/// Why a text names no manifest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReferenceError {
    /// It would be a digest, by its colon.
    #[error(transparent)]
    Digest(#[from] ContentDigestError),
    /// It would be a tag.
    #[error(transparent)]
    Tag(#[from] TagError),
}

impl Reference {
    /// The tag, if it is one.
    pub fn tag(&self) -> Option<&Tag> {
        match self {
            Self::Tag(tag) => Some(tag),
            Self::Digest(_) => None,
        }
    }
}

impl FromStr for Reference {
    type Err = ReferenceError;

    fn from_str(text: &str) -> Result<Self, ReferenceError> {
        if text.contains(':') { Ok(Self::Digest(text.parse()?)) } else { Ok(Self::Tag(text.parse()?)) }
    }
}

impl fmt::Display for Reference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Tag(tag) => tag.fmt(f),
            Self::Digest(digest) => digest.fmt(f),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_colon_makes_a_digest() {
        let digest = ContentDigest::of(b"");
        assert_eq!(digest.to_string().parse(), Ok(Reference::Digest(digest)));
        assert_eq!("1.2.3".parse(), Ok(Reference::Tag(Tag::parse("1.2.3").unwrap())));
        assert!(matches!("sha256:bad".parse::<Reference>(), Err(ReferenceError::Digest(ContentDigestError::Hash))));
        assert!(matches!("a:b".parse::<Reference>(), Err(ReferenceError::Digest(ContentDigestError::Algorithm))));
        assert!(matches!("-".parse::<Reference>(), Err(ReferenceError::Tag(TagError))));
    }
}
