use chart::oci::ContentDigest;
use serde::{Deserialize, Serialize};
use sha2::digest::common::hazmat::SerializableState;
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

/// How the library writes a SHA-256 in the making, by its version: what is written otherwise gets another name.
const SHA256_FORM: &str = "sha256 of sha2 0.11";
/// The same of SHA-512.
const SHA512_FORM: &str = "sha512 of sha2 0.11";

/// A digest in the making, with which another request goes on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct HashState {
    /// How it is written.
    form: String,
    /// In hexadecimal.
    state: String,
}

/// A digest in the making.
#[derive(Clone)]
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

    pub(super) fn algorithm(&self) -> DigestAlgorithm {
        match self {
            Self::Sha256(_) => DigestAlgorithm::Sha256,
            Self::Sha512(_) => DigestAlgorithm::Sha512,
        }
    }

    /// Where it stands.
    pub(super) fn state(&self) -> HashState {
        let (form, state) = match self {
            Self::Sha256(hasher) => (SHA256_FORM, hex::encode(hasher.serialize())),
            Self::Sha512(hasher) => (SHA512_FORM, hex::encode(hasher.serialize())),
        };
        HashState { form: form.to_owned(), state }
    }

    /// Goes on; not with what this program does not understand.
    pub(super) fn resume(state: &HashState) -> Option<Self> {
        fn read<H: SerializableState>(text: &str) -> Option<H> {
            let bytes = hex::decode(text).ok()?;
            H::deserialize(bytes.as_slice().try_into().ok()?).ok()
        }
        match &*state.form {
            SHA256_FORM => read(&state.state).map(Self::Sha256),
            SHA512_FORM => read(&state.state).map(Self::Sha512),
            _ => None,
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

    #[test]
    fn goes_on_in_another_process_wherever_it_stopped() {
        let bytes: Vec<u8> = (0..1000_u16).map(|n| (n % 251) as u8).collect();
        for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
            for at in [0, 1, 63, 64, 65, 127, 128, 500, 1000] {
                let mut hasher = ContentHasher::new(algorithm);
                hasher.update(&bytes[..at]);
                let text = serde_json::to_string(&hasher.state()).unwrap();
                let mut hasher = ContentHasher::resume(&serde_json::from_str(&text).unwrap()).unwrap();
                assert_eq!(hasher.algorithm(), algorithm);
                hasher.update(&bytes[at..]);
                assert!(hasher.finish().matches(&bytes), "{algorithm:?} from {at} on");
            }
        }
    }

    /// Replicas of two versions read each other's.
    #[test]
    fn is_written_as_it_always_was() {
        let mut hasher = ContentHasher::new(DigestAlgorithm::Sha256);
        hasher.update(b"a blob");
        let chaining = "67e6096a85ae67bb72f36e3c3af54fa57f520e518c68059babd9831f19cde05b";
        let (blocks, waiting) = ("0".repeat(16), "066120626c6f62");
        let state = format!("{chaining}{blocks}{waiting}{}", "0".repeat(114));
        assert_eq!(
            serde_json::to_string(&hasher.state()).unwrap(),
            format!(r#"{{"form":"sha256 of sha2 0.11","state":"{state}"}}"#)
        );
    }

    #[test]
    fn nobody_goes_on_with_what_is_not_understood() {
        let sound = ContentHasher::new(DigestAlgorithm::Sha256).state();
        assert!(ContentHasher::resume(&sound).is_some());
        for (form, state) in
            [("another", &*sound.state), (SHA512_FORM, &sound.state), (SHA256_FORM, "00"), (SHA256_FORM, "odd")]
        {
            let state = HashState { form: form.to_owned(), state: state.to_owned() };
            assert!(ContentHasher::resume(&state).is_none(), "{state:?}");
        }
    }
}
