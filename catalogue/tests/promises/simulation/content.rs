//! What clients push to the registry: manifests, and the blobs that they need.

use bytes::Bytes;
use chart::Package;
use chart::oci::{ContentDigest, RegistryName, Tag, media_type};
use serde_json::{Value, json};

use crate::calls::registry::{IMAGE_CONFIG, descriptor};

/// Names that clients push to: of charts of the corpus, and others.
pub const NAMES: [&str; 5] = ["image", "team/image", "web", "team/web", "tool"];
/// Tags of artifacts. One reads as a version of a chart.
pub const TAGS: [&str; 4] = ["latest", "edge", "sha256-00.sig", "1.1.0"];
/// Layers that artifacts share.
const LAYERS: usize = 6;

/// A manifest, and the bytes of what it needs.
#[derive(Debug, Clone)]
pub struct Content {
    pub manifest: Bytes,
    pub media_type: &'static str,
    pub digest: ContentDigest,
    pub blobs: Vec<Bytes>,
}

impl Content {
    fn of(manifest: &Value, media_type: &'static str, blobs: Vec<Bytes>) -> Self {
        let manifest = Bytes::from(manifest.to_string());
        Self { digest: ContentDigest::of(&manifest), manifest, media_type, blobs }
    }

    /// What is no chart; it may say something about a manifest.
    pub fn artifact(dice: u64, subject: Option<ContentDigest>) -> Self {
        let layer = |n: u64| Bytes::from(format!("layer {}, which several artifacts have", n % LAYERS as u64));
        let config = Bytes::from(format!("{{\"n\":{}}}", dice % 3));
        let layers = [layer(dice / 3), layer(dice / 7)];
        let described: Vec<_> = layers.iter().map(|layer| descriptor("text/plain", layer)).collect();
        let mut manifest =
            json!({"schemaVersion": 2, "config": descriptor(IMAGE_CONFIG, &config), "layers": described});
        if let Some(subject) = subject {
            manifest["artifactType"] = json!("application/signature");
            manifest["subject"] = json!({"mediaType": media_type::MANIFEST, "digest": subject, "size": 2});
            manifest["annotations"] = json!({"by": (dice % 2).to_string()});
        }
        Self::of(&manifest, media_type::MANIFEST, [vec![config], layers.to_vec()].concat())
    }

    /// A list of manifests.
    pub fn index(children: &[(ContentDigest, u64)]) -> Self {
        let describe = |(digest, size): &(ContentDigest, u64)| json!({"mediaType": media_type::MANIFEST, "digest": digest, "size": size});
        let children: Vec<_> = children.iter().map(describe).collect();
        let manifest = json!({"schemaVersion": 2, "mediaType": media_type::INDEX, "manifests": children});
        Self::of(&manifest, media_type::INDEX, Vec::new())
    }

    /// A chart as Helm pushes it; another note makes another manifest of the same chart.
    pub fn chart(package: &Package, signed: Option<&Bytes>, note: u32) -> Self {
        let config = Bytes::from(serde_json::to_vec_pretty(package.metadata()).unwrap());
        let mut layers = vec![descriptor(media_type::CHART_PACKAGE, package.bytes())];
        layers.extend(signed.map(|signed| descriptor(media_type::CHART_PROVENANCE, signed)));
        let manifest = json!({
            "schemaVersion": 2,
            "config": descriptor(media_type::CHART_CONFIG, &config),
            "layers": layers,
            "annotations": {"org.opencontainers.image.created": note.to_string()},
        });
        let blobs = [config, package.bytes().clone()].into_iter().chain(signed.cloned()).collect();
        Self::of(&manifest, media_type::MANIFEST, blobs)
    }
}

pub fn name(text: &str) -> RegistryName {
    RegistryName::parse(text).unwrap()
}

pub fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}
