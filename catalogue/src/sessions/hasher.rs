use chart::oci::ContentDigest;
use serde::{Deserialize, Serialize};
use sha2::{Digest as _, Sha256, Sha512};

/// How a blob is hashed.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum DigestAlgorithm {
    /// SHA-256, what everybody uses.
    #[default]
    Sha256,
    /// SHA-512.
    Sha512,
}

impl DigestAlgorithm {
    /// That of a digest.
    pub fn of(digest: &ContentDigest) -> Self {
        match digest {
            ContentDigest::Sha256(_) => Self::Sha256,
            ContentDigest::Sha512(_) => Self::Sha512,
        }
    }
}

/// A digest in the making.
pub(super) enum ContentHasher {
    Sha256(Sha256),
    Sha512(Sha512),
}

impl ContentHasher {
    pub(super) fn new(algorithm: DigestAlgorithm) -> Self {
        match algorithm {
            DigestAlgorithm::Sha256 => Self::Sha256(Sha256::new()),
            DigestAlgorithm::Sha512 => Self::Sha512(Sha512::new()),
        }
    }

    pub(super) fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(hasher) => hasher.update(bytes),
            Self::Sha512(hasher) => hasher.update(bytes),
        }
    }

    pub(super) fn finish(self) -> ContentDigest {
        match self {
            Self::Sha256(hasher) => ContentDigest::Sha256(hasher.finalize().into()),
            Self::Sha512(hasher) => ContentDigest::Sha512(hasher.finalize().into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hashes_in_pieces_as_at_once() {
        for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
            let mut hasher = ContentHasher::new(algorithm);
            ["a b", "", "lob"].iter().for_each(|piece| hasher.update(piece.as_bytes()));
            let digest = hasher.finish();
            assert!(digest.matches(b"a blob") && !digest.matches(b"ablob"));
            assert_eq!(DigestAlgorithm::of(&digest), algorithm);
        }
    }
}
