use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};
use sha2::{Digest as _, Sha512};

use crate::Digest;

/// The digest that names a blob or a manifest: an algorithm and its hash, written `sha256:<hex>`.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ContentDigest {
    /// SHA-256, what everybody uses.
    Sha256([u8; 32]),
    /// SHA-512, which registries must know too.
    Sha512([u8; 64]),
}

/// Why a text is no digest.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ContentDigestError {
    /// The algorithm is none of ours, or there is none.
    #[error("a digest begins with sha256: or sha512:")]
    Algorithm,
    /// The hash is not that of the algorithm.
    #[error("a digest's hash is written in lower-case hex digits: 64 for sha256, 128 for sha512")]
    Hash,
}

impl ContentDigest {
    /// Hashes the bytes with SHA-256.
    pub fn of(bytes: &[u8]) -> Self {
        Digest::of(bytes).into()
    }

    /// True if the bytes have this digest.
    pub fn matches(&self, bytes: &[u8]) -> bool {
        match self {
            Self::Sha256(hash) => Digest::of(bytes).as_bytes() == hash,
            Self::Sha512(hash) => Sha512::digest(bytes).as_slice() == hash,
        }
    }

    /// The digest as indexes have it, if its algorithm is SHA-256.
    pub fn sha256(&self) -> Option<Digest> {
        match self {
            Self::Sha256(hash) => Some(Digest::from_bytes(*hash)),
            Self::Sha512(_) => None,
        }
    }

    /// `sha256` or `sha512`.
    pub fn algorithm(&self) -> &'static str {
        match self {
            Self::Sha256(_) => "sha256",
            Self::Sha512(_) => "sha512",
        }
    }

    /// The bytes of the hash.
    pub fn hash(&self) -> &[u8] {
        match self {
            Self::Sha256(hash) => hash,
            Self::Sha512(hash) => hash,
        }
    }
}

impl From<Digest> for ContentDigest {
    fn from(digest: Digest) -> Self {
        Self::Sha256(*digest.as_bytes())
    }
}

impl fmt::Display for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut text = [0; 128];
        let hash = self.hash();
        let text = &mut text[..hash.len() * 2];
        hex::encode_to_slice(hash, text).map_err(|_| fmt::Error)?;
        write!(f, "{}:{}", self.algorithm(), std::str::from_utf8(text).map_err(|_| fmt::Error)?)
    }
}

impl fmt::Debug for ContentDigest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

impl FromStr for ContentDigest {
    type Err = ContentDigestError;

    fn from_str(text: &str) -> Result<Self, ContentDigestError> {
        match text.split_once(':') {
            Some(("sha256", hash)) => Ok(Self::Sha256(read(hash)?)),
            Some(("sha512", hash)) => Ok(Self::Sha512(read(hash)?)),
            _ => Err(ContentDigestError::Algorithm),
        }
    }
}

fn read<const LENGTH: usize>(text: &str) -> Result<[u8; LENGTH], ContentDigestError> {
    let mut hash = [0; LENGTH];
    if text.bytes().any(|byte| byte.is_ascii_uppercase()) {
        return Err(ContentDigestError::Hash);
    }
    hex::decode_to_slice(text, &mut hash).map_err(|_| ContentDigestError::Hash)?;
    Ok(hash)
}

impl Serialize for ContentDigest {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

impl<'de> Deserialize<'de> for ContentDigest {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        text.parse().map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Of no bytes (FIPS 180-4 examples).
    const EMPTY_256: &str = "sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const EMPTY_512: &str = "sha512:cf83e1357eefb8bdf1542850d66d8007d620e4050b5715dc83f4a921d36ce9ce\
                             47d0d13c5d85f2b0ff8318d2877eec2f63b931bd47417a81a538327af927da3e";

    #[test]
    fn both_algorithms_are_written_as_they_are_read() {
        for text in [EMPTY_256, EMPTY_512] {
            let digest: ContentDigest = text.parse().unwrap();
            assert_eq!(digest.to_string(), text);
            assert!(digest.matches(b""));
            assert!(!digest.matches(b"a"));
            assert_eq!(serde_json::to_string(&digest).unwrap(), format!("\"{text}\""));
            assert_eq!(serde_json::from_str::<ContentDigest>(&format!("\"{text}\"")).unwrap(), digest);
        }
        let digest: ContentDigest = EMPTY_256.parse().unwrap();
        assert_eq!(digest, ContentDigest::of(b""));
        assert_eq!(digest.sha256(), Some(Digest::of(b"")));
        assert_eq!(EMPTY_512.parse::<ContentDigest>().unwrap().sha256(), None);
    }

    #[test]
    fn other_texts_are_refused_for_their_reason() {
        use ContentDigestError::{Algorithm, Hash};
        for (text, error) in [
            ("", Algorithm),
            ("sha256", Algorithm),
            ("SHA256:00", Algorithm),
            ("md5:d41d8cd98f00b204e9800998ecf8427e", Algorithm),
            ("sha256:", Hash),
            ("sha256:baddigeststring", Hash),
            (&EMPTY_256[..70], Hash),
            (&format!("{EMPTY_256}0"), Hash),
            (&format!("{EMPTY_256}/../x"), Hash),
            (&EMPTY_256.replace("e3b0", "E3B0"), Hash),
            (&EMPTY_256.replace("sha256", "sha512"), Hash),
            (&EMPTY_512.replace("sha512", "sha256"), Hash),
        ] {
            assert_eq!(text.parse::<ContentDigest>(), Err(error), "{text:?}");
        }
    }
}
