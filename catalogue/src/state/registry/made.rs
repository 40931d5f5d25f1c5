//! The manifests of charts that nobody pushed: made of what is known of a version, by a function that never changes, and
//! made again whenever they are read.

use chart::Digest;
use chart::oci::{ChartBlob, chart_manifest};
use serde::{Deserialize, Serialize};

use super::super::{ProvenanceFacts, Version};
use crate::change::StoredFile;

/// The manifests made of a version.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Made {
    /// Of the metadata's bytes: the config of each of them.
    pub config: Digest,
    /// What the version's tag stands for, unless somebody pushed a manifest for it. None if it was deleted while one of
    /// those stood for it.
    pub current: Option<MadeManifest>,
    /// Those that a provenance which came later made way for, and what they need.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub earlier: Option<Box<Earlier>>,
}

/// One of them.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct MadeManifest {
    /// Of its bytes.
    pub digest: Digest,
    /// Their length.
    pub size: u32,
    /// The provenance that it names.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub provenance: Option<Box<SignedBlob>>,
}

/// A provenance as a manifest names it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct SignedBlob {
    /// Of its bytes.
    pub digest: Digest,
    /// Their length.
    pub size: u64,
}

/// What a version had before.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Earlier {
    /// Manifests, the oldest first.
    pub manifests: Vec<MadeManifest>,
    /// Provenances that were replaced and that a manifest of the version names.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub provenances: Vec<StoredFile>,
}

/// No digest of anything that anybody has: nothing was made yet.
const NOTHING: [u8; 32] = [0; 32];

/// What was written before there was a registry has none.
impl Default for Made {
    fn default() -> Self {
        Self { config: Digest::from_bytes(NOTHING), current: None, earlier: None }
    }
}

impl Made {
    /// Nothing was made of the version yet.
    pub(crate) fn is_nothing(&self) -> bool {
        *self.config.as_bytes() == NOTHING
    }

    /// The current one and those before.
    pub fn all(&self) -> impl Iterator<Item = &MadeManifest> {
        self.current.iter().chain(self.earlier.iter().flat_map(|earlier| &earlier.manifests))
    }

    /// Replaced provenances that are still named.
    pub fn provenances(&self) -> impl Iterator<Item = &StoredFile> {
        self.earlier.iter().flat_map(|earlier| &earlier.provenances)
    }

    pub(in super::super) fn names(&self, provenance: Digest) -> bool {
        self.all().any(|made| made.provenance.as_ref().is_some_and(|named| named.digest == provenance))
    }

    /// A provenance that was replaced and that one of them names.
    pub(in super::super) fn keep(&mut self, provenance: StoredFile) {
        self.earlier.get_or_insert_default().provenances.push(provenance);
    }

    /// A version comes to be listed with this provenance: manifests that name one which did not come along are forgotten, and
    /// if nothing else stands for the version's tag, there is one again.
    pub(in super::super) fn forget_lost(&mut self, signed: Option<Digest>, is_tagged: bool) {
        let kept: Vec<Digest> = self.provenances().map(|provenance| provenance.digest).chain(signed).collect();
        let is_lost = |made: &MadeManifest| made.provenance.as_ref().is_some_and(|named| !kept.contains(&named.digest));
        self.current.take_if(|made| is_lost(made));
        if let Some(earlier) = &mut self.earlier {
            earlier.manifests.retain(|made| !is_lost(made));
        }
        if self.current.is_none() && !is_tagged {
            self.config = Digest::from_bytes(NOTHING);
        }
    }

    /// Takes one away, for good.
    pub(super) fn delete(&mut self, digest: Digest) {
        self.current.take_if(|made| made.digest == digest);
        if let Some(earlier) = &mut self.earlier {
            earlier.manifests.retain(|made| made.digest != digest);
        }
    }
}

impl Version {
    /// Makes a manifest of the version again.
    pub(crate) fn make(&self, made: &MadeManifest) -> Vec<u8> {
        self.make_with(made.provenance.as_deref()).0
    }

    /// What is served of the version once it is replaced: its provenances go at once, and the manifests that name one.
    pub(in super::super) fn without_provenances(&self) -> Self {
        let mut left = self.clone();
        left.made.current.take_if(|made| made.provenance.is_some());
        if let Some(earlier) = &mut left.made.earlier {
            earlier.provenances.clear();
            earlier.manifests.retain(|made| made.provenance.is_none());
        }
        left.made.earlier.take_if(|earlier| earlier.manifests.is_empty());
        left
    }

    fn make_with(&self, provenance: Option<&SignedBlob>) -> (Vec<u8>, Digest) {
        let package = ChartBlob { digest: self.package.digest, size: self.package.size };
        let provenance = provenance.map(|signed| ChartBlob { digest: signed.digest, size: signed.size });
        let made = chart_manifest(&self.metadata, package, provenance);
        (made.bytes, made.config)
    }

    /// Makes the version's manifest, if there is none yet, or another one if it has another provenance now and nobody
    /// `is_held` to the current one.
    pub(crate) fn renew_made(
        &mut self,
        provenance: Option<&ProvenanceFacts>,
        is_held: impl FnOnce(&MadeManifest) -> bool,
    ) {
        let provenance = provenance.filter(|provenance| provenance.vouches == Some(self.package.digest));
        let signed = provenance.map(|p| SignedBlob { digest: p.stored.digest, size: p.stored.size });
        if self.made.is_nothing() {
            let (current, config) = self.make_new(signed);
            if let Some(earlier) = &mut self.made.earlier {
                earlier.manifests.retain(|made| made.digest != current.digest);
            }
            self.made = Made { config, current: Some(current), earlier: self.made.earlier.take() };
            return;
        }
        let Some(current) = &self.made.current else { return };
        if current.provenance.as_deref() == signed.as_ref() || is_held(current) {
            return;
        }
        let (current, _) = self.make_new(signed);
        let earlier = &mut self.made.earlier.get_or_insert_default().manifests;
        earlier.retain(|made| made.digest != current.digest);
        earlier.extend(self.made.current.replace(current));
    }

    fn make_new(&self, signed: Option<SignedBlob>) -> (MadeManifest, Digest) {
        let (bytes, config) = self.make_with(signed.as_ref());
        // a manifest says less than the metadata, which an index's limit bounds
        let size = u32::try_from(bytes.len()).unwrap_or(u32::MAX);
        (MadeManifest { digest: Digest::of(&bytes), size, provenance: signed.map(Box::new) }, config)
    }
}
