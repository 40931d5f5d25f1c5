//! Pushing a manifest: first its bytes, under a key that nothing else ever had, then the commit.

use chart::oci::{ContentDigest, Manifest, Reference, RegistryName, Tag};

use super::charts::ChartPush;
use super::{ManifestStored, PutManifest, RegistryError};
use crate::blocking::blocking;
use crate::engine::{Committed, ProposeError};
use crate::outcome::PublishOutcome;
use crate::replica::Replica;
use crate::state::{ManifestPublication, Proposal, PushedManifest, Refusal};
use crate::{Change, REGISTRY_LEVEL, State, Terms, VersionOfManifest};

/// Annotations of a manifest that says something about another one are part of every list of those, so they are kept in
/// memory: ten times what signatures and attestations have.
const ANNOTATIONS_SIZE: usize = 64 * 1024;

impl Replica {
    /// See [`crate::Catalogue::put_manifest`].
    pub async fn put_manifest(
        &self,
        name: &RegistryName,
        put: PutManifest,
        terms: Terms,
    ) -> Result<ManifestStored, RegistryError> {
        self.writable()?;
        let (digest, manifest) = read(&put).await?;
        let mut tags: Vec<Tag> = put.reference.tag().into_iter().chain(&put.tags).cloned().collect();
        tags.sort_unstable();
        tags.dedup();
        // of several replicas another may have raised it
        if self.view().state.level < REGISTRY_LEVEL && self.current().await?.state.level < REGISTRY_LEVEL {
            return Err(Refusal::Level.into());
        }
        self.require_references(name, &manifest).await?;
        let brings_version = manifest.is_chart() && !tags.is_empty();
        let chart = if brings_version { Some(self.chart_push(name, &manifest, &put, &tags).await?) } else { None };

        let since = self.now();
        // one that is behind may think that the bytes are there still
        let is_needed = self.needs_object(name, digest) || {
            self.current().await?;
            self.needs_object(name, digest)
        };
        let object = if is_needed { Some(self.put_content(put.bytes.clone()).await?) } else { None };
        let subject = manifest.subject.as_ref().map(|subject| subject.digest);
        let publication = ManifestPublication {
            name: name.clone(),
            digest,
            object,
            manifest: self.known(manifest, chart.as_ref()),
            tags: tags.clone(),
            publication: None,
            provenance: None,
        };
        let published = match chart {
            Some(chart) => self.commit_chart(publication, chart, terms, since).await?,
            None => {
                let object = publication.object.clone();
                let answer = self.propose_since(Proposal::PutManifest(Box::new(publication)), since).await;
                if !matches!(answer, Err(ProposeError::Unavailable(_))) {
                    self.delete_if_unused(object.as_ref().map(|object| &object.key)).await;
                }
                answer?;
                None
            }
        };
        Ok(ManifestStored { digest, subject, tags, published })
    }

    /// Everything is there that the manifest refers to, and as long as it says; what was pushed elsewhere a moment ago counts.
    async fn require_references(&self, name: &RegistryName, manifest: &Manifest) -> Result<(), RegistryError> {
        match check_references(&self.view().state, name, manifest) {
            Err(RegistryError::ReferenceUnknown(_)) => check_references(&self.current().await?.state, name, manifest),
            checked => checked,
        }
    }

    /// Nothing has the manifest's bytes, and it cannot be made.
    fn needs_object(&self, name: &RegistryName, digest: ContentDigest) -> bool {
        let state = self.view().state.clone();
        let is_made = || digest.sha256().is_some_and(|digest| state.version_made(name, digest).is_some());
        !state.registry.contents.contains_key(&digest) && !is_made()
    }

    /// What the state will know of the manifest.
    fn known(&self, manifest: Manifest, chart: Option<&ChartPush>) -> PushedManifest {
        let mut blobs: Vec<_> = manifest.blobs().map(|blob| blob.digest).collect();
        let mut manifests: Vec<_> = manifest.manifests.iter().map(|child| child.digest).collect();
        for digests in [&mut blobs, &mut manifests] {
            digests.sort_unstable();
            digests.dedup();
        }
        let version =
            chart.map(|chart| VersionOfManifest { version: chart.version.clone(), package: chart.package_digest });
        PushedManifest {
            kind: manifest.kind().map(str::to_owned),
            is_chart: manifest.is_chart(),
            subject: manifest.subject.as_ref().map(|subject| subject.digest),
            annotations: if manifest.subject.is_some() { manifest.annotations } else { Default::default() },
            media_type: manifest.media_type,
            blobs,
            manifests,
            pushed: self.now(),
            version,
        }
    }
}

/// What was pushed, and the digest that it has from now on.
async fn read(put: &PutManifest) -> Result<(ContentDigest, Manifest), RegistryError> {
    let (bytes, content_type, reference) = (put.bytes.clone(), put.content_type.clone(), put.reference.clone());
    // a manifest of some megabytes takes a while
    let read = blocking(move || {
        let digest = match reference {
            Reference::Digest(digest) if !digest.matches(&bytes) => return Err(RegistryError::ManifestDigest(digest)),
            Reference::Digest(digest) => digest,
            Reference::Tag(_) => ContentDigest::of(&bytes),
        };
        let manifest = Manifest::parse(&bytes, content_type.as_deref());
        let manifest = manifest.map_err(|error| RegistryError::ManifestInvalid(error.to_string()))?;
        let annotations = manifest.annotations.iter().map(|(key, value)| key.len() + value.len()).sum::<usize>();
        if manifest.subject.is_some() && annotations > ANNOTATIONS_SIZE {
            let limit = ANNOTATIONS_SIZE / 1024;
            let sentence = format!("the annotations of a manifest with a subject have at most {limit} KiB");
            return Err(RegistryError::ManifestInvalid(sentence));
        }
        Ok((digest, manifest))
    });
    read.await.map_err(|error| RegistryError::Unavailable(error.to_string()))?
}

/// What the manifest refers to is in the name. Clients refuse what is longer or shorter than its descriptor says.
fn check_references(state: &State, name: &RegistryName, manifest: &Manifest) -> Result<(), RegistryError> {
    let blob = |digest| state.find_blob(name, digest).map(|blob| blob.size);
    let child = |digest| state.find_manifest(name, &Reference::Digest(digest)).map(|child| child.size);
    let blobs = manifest.blobs().map(|named| (named, blob(named.digest)));
    let children = manifest.manifests.iter().map(|named| (named, child(named.digest)));
    for (named, size) in blobs.chain(children) {
        let size = size.ok_or(RegistryError::ReferenceUnknown(named.digest))?;
        if size != named.size {
            let sentence = format!("{} has {size} bytes, and the manifest says {}", named.digest, named.size);
            return Err(RegistryError::ManifestInvalid(sentence));
        }
    }
    Ok(())
}

/// What became of the version, by what was committed.
pub(super) fn outcome(committed: &Committed) -> Option<PublishOutcome> {
    let is_published = |change: &Change| matches!(change, Change::PackagePublished(_));
    match committed.accepted.changes.iter().any(is_published) {
        true if committed.accepted.replaced => Some(PublishOutcome::Replaced),
        true => Some(PublishOutcome::Created),
        false => None,
    }
}
