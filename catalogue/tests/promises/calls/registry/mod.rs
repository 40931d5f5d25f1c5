//! The registry's calls: what is pushed, read, tagged, mounted and deleted, and the charts that both doors share.

mod artifacts;
mod charts;
mod collected;
mod kept;
mod lists;

use bytes::Bytes;
use catalogue::{Catalogue, ManifestStored, PutManifest, RegistryError, Terms};
use chart::oci::{ContentDigest, Reference, RegistryName, Tag, media_type};
use chart::{Package, Provenance};
use serde_json::json;

pub const IMAGE_CONFIG: &str = "application/vnd.oci.image.config.v1+json";

pub fn name(text: &str) -> RegistryName {
    RegistryName::parse(text).unwrap()
}

pub fn tag(text: &str) -> Tag {
    Tag::parse(text).unwrap()
}

pub fn tagged(text: &str) -> Reference {
    Reference::Tag(tag(text))
}

pub async fn add(replica: &Catalogue, to: &str, bytes: impl Into<Bytes>) -> ContentDigest {
    let bytes = bytes.into();
    let digest = ContentDigest::of(&bytes);
    replica.add_blob(&name(to), digest, bytes).await.unwrap();
    digest
}

pub fn descriptor(media_type: &str, bytes: &[u8]) -> serde_json::Value {
    json!({"mediaType": media_type, "digest": ContentDigest::of(bytes), "size": bytes.len()})
}

/// A manifest of an artifact, whose blobs are these texts.
pub fn artifact(config: &str, layers: &[&str]) -> serde_json::Value {
    let layers: Vec<_> = layers.iter().map(|layer| descriptor("text/plain", layer.as_bytes())).collect();
    json!({"schemaVersion": 2, "config": descriptor(IMAGE_CONFIG, config.as_bytes()), "layers": layers})
}

pub async fn put(
    replica: &Catalogue,
    to: &str,
    reference: Reference,
    manifest: &serde_json::Value,
) -> Result<ManifestStored, RegistryError> {
    put_on(replica, to, reference, manifest, Terms::default()).await
}

pub async fn put_on(
    replica: &Catalogue,
    to: &str,
    reference: Reference,
    manifest: &serde_json::Value,
    terms: Terms,
) -> Result<ManifestStored, RegistryError> {
    let put = PutManifest {
        reference,
        tags: Vec::new(),
        content_type: Some(media_type::MANIFEST.to_owned()),
        bytes: manifest.to_string().into(),
        package_limit: 1 << 20,
    };
    replica.put_manifest(&name(to), put, terms).await
}

pub fn digest_of(manifest: &serde_json::Value) -> ContentDigest {
    ContentDigest::of(manifest.to_string().as_bytes())
}

/// The manifest's bytes, if the name has it.
pub async fn manifest(replica: &Catalogue, of: &str, reference: Reference) -> Option<Bytes> {
    let found = replica.fresh().await.unwrap().view.manifest(&name(of), &reference)?;
    let bytes = replica.load_manifest(&found).await.unwrap();
    assert!(found.digest.matches(&bytes), "{found:?}");
    assert_eq!(found.size, bytes.len() as u64);
    Some(bytes)
}

/// The blob's bytes, if the name has it.
pub async fn blob(replica: &Catalogue, of: &str, digest: ContentDigest) -> Option<Bytes> {
    let found = replica.fresh().await.unwrap().view.blob(&name(of), digest)?;
    let bytes = replica.load_blob(&found, None).await.unwrap();
    assert!(digest.matches(&bytes), "{found:?}");
    assert_eq!(found.size, bytes.len() as u64);
    Some(bytes)
}

pub async fn tags(replica: &Catalogue, of: &str) -> Option<Vec<String>> {
    let tags = replica.fresh().await.unwrap().view.tags(&name(of), None, 100)?;
    Some(tags.iter().map(ToString::to_string).collect())
}

/// What Helm uploads of a chart, and its manifest. Another note makes another manifest of the same chart.
pub async fn chart_blobs(
    replica: &Catalogue,
    to: &str,
    package: &Package,
    provenance: Option<&(Provenance, Bytes)>,
    note: &str,
) -> serde_json::Value {
    // Helm writes the metadata in its own way
    let config = serde_json::to_string_pretty(package.metadata()).unwrap();
    let mut layers = vec![descriptor(media_type::CHART_PACKAGE, package.bytes())];
    add(replica, to, config.clone()).await;
    add(replica, to, package.bytes().clone()).await;
    if let Some((_, bytes)) = provenance {
        add(replica, to, bytes.clone()).await;
        layers.push(descriptor(media_type::CHART_PROVENANCE, bytes));
    }
    let annotations = json!({"org.opencontainers.image.created": note});
    let config = descriptor(media_type::CHART_CONFIG, config.as_bytes());
    json!({"schemaVersion": 2, "config": config, "layers": layers, "annotations": annotations})
}

/// `helm push`.
pub async fn push(
    replica: &Catalogue,
    to: &str,
    package: &Package,
    note: &str,
) -> Result<ManifestStored, RegistryError> {
    let manifest = chart_blobs(replica, to, package, None, note).await;
    let tag = Tag::of_version(package.version()).unwrap();
    put(replica, to, Reference::Tag(tag), &manifest).await
}
