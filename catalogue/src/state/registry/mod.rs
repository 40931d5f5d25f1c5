//! What exists in the registry besides the charts of the repositories: what clients pushed, under which names.
//!
//! A name is known by what it has. Content is stored once, however many names have it.

mod apply;
mod check;
mod find;
mod made;

use std::collections::BTreeMap;
use std::ops::{Bound, RangeInclusive};
use std::sync::Arc;

use chart::oci::{ContentDigest, RegistryName, Tag};
use chart::{ChartVersion, Digest};
use imbl::{OrdMap, OrdSet};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use storage::Key;

use crate::change::{StoredObject, key_text};

pub(crate) use apply::registry_name;
pub use check::ManifestPublication;
pub(crate) use find::merged;
pub use find::{BlobSource, FoundBlob, FoundManifest, ManifestSource, Referrer};
pub use made::{Made, MadeManifest, SignedBlob};

/// The journal level from which on there is a registry.
pub const REGISTRY_LEVEL: u32 = 2;

/// What clients pushed. The second half of its fields follows from the first.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Registry {
    /// Manifests by name and digest.
    pub manifests: OrdMap<(RegistryName, ContentDigest), Arc<PushedManifest>>,
    /// The digests that tags stand for. Those of charts' versions need not be here.
    pub tags: OrdMap<(RegistryName, Tag), ContentDigest>,
    /// The blobs that a name has, and since when it has them or last lost a manifest that needs them.
    pub blobs: OrdMap<(RegistryName, ContentDigest), Timestamp>,
    /// Where blobs and manifests are.
    pub contents: OrdMap<ContentDigest, StoredContent>,
    /// The digest of what is in an object.
    keys: OrdMap<Key, ContentDigest>,
    /// Name, subject, and what says something about it.
    referrers: OrdSet<(RegistryName, ContentDigest, ContentDigest)>,
    /// Tags by what they stand for.
    tagged: OrdSet<(RegistryName, ContentDigest, Tag)>,
    /// Manifests by the chart's version that they belong to.
    of_version: OrdSet<(RegistryName, Arc<str>, ContentDigest)>,
    /// How many manifests of a name need a blob or a manifest of it.
    needed: OrdMap<(RegistryName, ContentDigest), u32>,
    /// Names that have something, pushed or a chart.
    names: OrdSet<RegistryName>,
}

/// Content, and how many blobs and manifests of names are that.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct StoredContent {
    /// Where it is.
    pub object: StoredObject,
    /// Never 0.
    pub references: u32,
}

/// What is known of a manifest that a client pushed.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct PushedManifest {
    /// Its format.
    pub media_type: String,
    /// What it is for, as lists of referrers say it.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub kind: Option<String>,
    /// The manifest that it says something about.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub subject: Option<ContentDigest>,
    /// What it says of itself, if it has a subject.
    #[serde(skip_serializing_if = "BTreeMap::is_empty", default)]
    pub annotations: BTreeMap<String, String>,
    /// The blobs that it needs.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub blobs: Vec<ContentDigest>,
    /// The manifests that it lists.
    #[serde(skip_serializing_if = "Vec::is_empty", default)]
    pub manifests: Vec<ContentDigest>,
    /// When it was pushed.
    pub pushed: Timestamp,
    /// It is a chart's, by its config.
    #[serde(skip_serializing_if = "std::ops::Not::not", default)]
    pub is_chart: bool,
    /// The version that it belongs to: it lives as long.
    #[serde(skip_serializing_if = "Option::is_none", default)]
    pub version: Option<VersionOfManifest>,
}

/// The version that a chart's manifest belongs to, and the package that it names.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct VersionOfManifest {
    /// The version of the chart that the manifest's name is.
    pub version: ChartVersion,
    /// The package.
    pub package: Digest,
}

/// A blob or a manifest that is stored, as it is kept.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct ContentLine {
    pub digest: ContentDigest,
    #[serde(with = "key_text")]
    pub key: Key,
    pub size: u64,
}

/// Comes before every digest.
const LEAST: ContentDigest = ContentDigest::Sha256([0; 32]);
/// Comes after every digest.
const GREATEST: ContentDigest = ContentDigest::Sha512([0xff; 64]);

/// All digests of a name.
fn of_name(name: &RegistryName) -> RangeInclusive<(RegistryName, ContentDigest)> {
    (name.clone(), LEAST)..=(name.clone(), GREATEST)
}

impl Registry {
    /// Nothing was ever pushed, or nothing of it is left.
    pub fn is_empty(&self) -> bool {
        self.contents.is_empty() && self.tags.is_empty()
    }

    /// The content of the object, if it is the registry's.
    pub fn content_of(&self, key: &Key) -> Option<&ContentDigest> {
        self.keys.get(key)
    }

    /// Every object that blobs and manifests are in.
    pub fn objects(&self) -> impl Iterator<Item = (&ContentDigest, &StoredObject)> {
        self.contents.iter().map(|(digest, content)| (digest, &content.object))
    }

    /// The manifests of a name that clients pushed.
    pub fn manifests_of(&self, name: &RegistryName) -> impl Iterator<Item = (&ContentDigest, &Arc<PushedManifest>)> {
        self.manifests.range(of_name(name)).map(|((_, digest), manifest)| (digest, manifest))
    }

    /// The tags of a name that were set and come after a text, in byte order.
    pub fn tags_after<'a>(
        &'a self,
        name: &'a RegistryName,
        text: &str,
    ) -> impl Iterator<Item = (&'a Tag, &'a ContentDigest)> {
        let from = (Bound::Excluded((name.clone(), Tag::place(text))), Bound::Unbounded);
        self.tags.range(from).take_while(move |((of, _), _)| of == name).map(|((_, tag), digest)| (tag, digest))
    }

    /// The names that have something and come after a text, in byte order.
    pub fn names_after(&self, text: &str) -> impl Iterator<Item = &RegistryName> {
        self.names.range::<_, str>((Bound::Excluded(text), Bound::Unbounded))
    }

    /// The name has something.
    pub(in super::super) fn know(&mut self, name: RegistryName) {
        if !self.names.contains(&name) {
            self.names.insert(name);
        }
    }

    /// Some tag stands for the manifest.
    pub fn is_tagged(&self, name: &RegistryName, digest: ContentDigest) -> bool {
        self.tags_for(name, digest).next().is_some()
    }

    /// A manifest of the name needs it.
    pub fn is_needed(&self, name: &RegistryName, digest: ContentDigest) -> bool {
        self.needed.contains_key(&(name.clone(), digest))
    }

    /// The name has something that was pushed.
    fn knows(&self, name: &RegistryName) -> bool {
        self.blobs.range(of_name(name)).next().is_some()
            || self.manifests_of(name).next().is_some()
            || self.tags_after(name, "").next().is_some()
    }

    pub(in crate::state) fn tags_for(&self, name: &RegistryName, digest: ContentDigest) -> impl Iterator<Item = &Tag> {
        let from = (name.clone(), digest, Tag::least())..=(name.clone(), digest, Tag::greatest());
        self.tagged.range(from).map(|(_, _, tag)| tag)
    }

    /// What says something about a manifest, in order, beginning behind a digest.
    fn referrers_of(
        &self,
        name: &RegistryName,
        subject: ContentDigest,
        after: Option<ContentDigest>,
    ) -> impl Iterator<Item = &ContentDigest> {
        let from = Bound::Excluded((name.clone(), subject, after.unwrap_or(LEAST)));
        let of_subject = (from, Bound::Included((name.clone(), subject, GREATEST)));
        self.referrers.range(of_subject).map(|(_, _, digest)| digest)
    }

    fn manifests_of_version(&self, name: &RegistryName, version: &str) -> impl Iterator<Item = &ContentDigest> {
        let version: Arc<str> = version.into();
        let of_version = (name.clone(), version.clone(), LEAST)..=(name.clone(), version, GREATEST);
        self.of_version.range(of_version).map(|(_, _, digest)| digest)
    }
}
