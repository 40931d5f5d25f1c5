//! Whether something may happen in the registry.

use chart::oci::{ContentDigest, Reference, RegistryName, Tag};
use jiff::{SignedDuration, Timestamp};

use super::super::State;
use super::super::proposal::{Accepted, Refusal};
use super::super::publication::Draft;
use super::apply::registry_name;
use super::{PushedManifest, REGISTRY_LEVEL};
use crate::change::{ManifestPut, PackagePublished, ProvenanceFile, StoredObject};
use crate::collect::GRACE;
use crate::{Change, Publication, RepositoryPath};

/// A blob that a name is said to have already is said so again after this: it is kept for a day after the last word.
const SAID_AGAIN: SignedDuration = SignedDuration::from_hours(1);

/// What one push of a manifest makes exist: all of it, or nothing.
#[derive(Debug, Clone)]
pub struct ManifestPublication {
    /// The name in the registry.
    pub name: RegistryName,
    /// Of the manifest's bytes.
    pub digest: ContentDigest,
    /// Where they were stored; none if they need not be, because something had them.
    pub object: Option<StoredObject>,
    /// What is known of the manifest.
    pub manifest: PushedManifest,
    /// What stands for it from now on.
    pub tags: Vec<Tag>,
    /// The version that the manifest brings, if it does not exist yet.
    pub publication: Option<Publication>,
    /// The provenance that it brings for a version that exists, if that has none: repository, package file name, provenance.
    pub provenance: Option<(RepositoryPath, String, ProvenanceFile)>,
}

impl State {
    fn check_level(&self) -> Result<(), Refusal> {
        if self.level < REGISTRY_LEVEL { Err(Refusal::Level) } else { Ok(()) }
    }

    pub(in super::super) fn check_put_blob(
        &self,
        name: &RegistryName,
        digest: ContentDigest,
        object: &StoredObject,
    ) -> Result<Accepted, Refusal> {
        self.check_level()?;
        if self.registry.contents.contains_key(&digest) {
            return Ok(self.link(name, digest));
        }
        if self.discarded.contains_key(&object.key) {
            return Err(Refusal::PlaceUsed);
        }
        Ok(Change::BlobAdded { name: name.clone(), digest, object: object.clone() }.into())
    }

    pub(in super::super) fn check_link_blob(
        &self,
        name: &RegistryName,
        digest: ContentDigest,
        from: &RegistryName,
    ) -> Result<Accepted, Refusal> {
        self.check_level()?;
        if self.find_blob(from, digest).is_none() || !self.registry.contents.contains_key(&digest) {
            return Err(Refusal::NotFound);
        }
        Ok(self.link(name, digest))
    }

    fn link(&self, name: &RegistryName, digest: ContentDigest) -> Accepted {
        let since = self.registry.blobs.get(&(name.clone(), digest));
        if since.is_some_and(|since| self.at.duration_since(*since) < SAID_AGAIN) {
            return Accepted::default();
        }
        Change::BlobLinked { name: name.clone(), digest }.into()
    }

    pub(in super::super) fn check_unlink_blob(
        &self,
        name: &RegistryName,
        digest: ContentDigest,
    ) -> Result<Accepted, Refusal> {
        self.check_level()?;
        if self.registry.blobs.contains_key(&(name.clone(), digest)) {
            return Ok(Change::BlobUnlinked { name: name.clone(), digest }.into());
        }
        // a file of a version goes with the version
        Err(if self.find_blob(name, digest).is_some() { Refusal::InUse } else { Refusal::NotFound })
    }

    /// A blob that no manifest of its name needs, or a chart's manifest that brought no version and has no tag: for a day.
    pub(in super::super) fn check_let_go(
        &self,
        name: &RegistryName,
        digest: ContentDigest,
        is_manifest: bool,
    ) -> Result<Accepted, Refusal> {
        let (name, at) = (name.clone(), self.at);
        let is_idle =
            if is_manifest { self.is_manifest_idle(&name, digest, at) } else { self.is_blob_idle(&name, digest, at) };
        match is_idle {
            false => Err(Refusal::InUse),
            true if is_manifest => Ok(Change::ManifestRemoved { name, digest }.into()),
            true => Ok(Change::BlobUnlinked { name, digest }.into()),
        }
    }

    pub(crate) fn is_blob_idle(&self, name: &RegistryName, digest: ContentDigest, now: Timestamp) -> bool {
        let since = self.registry.blobs.get(&(name.clone(), digest));
        since.is_some_and(|since| now.duration_since(*since) > GRACE) && !self.registry.is_needed(name, digest)
    }

    pub(crate) fn is_manifest_idle(&self, name: &RegistryName, digest: ContentDigest, now: Timestamp) -> bool {
        let manifest = self.registry.manifests.get(&(name.clone(), digest));
        let is_idle = |manifest: &PushedManifest| {
            manifest.is_chart && manifest.version.is_none() && now.duration_since(manifest.pushed) > GRACE
        };
        manifest.is_some_and(|manifest| is_idle(manifest))
            && !self.registry.is_tagged(name, digest)
            && !self.registry.is_needed(name, digest)
    }

    pub(in super::super) fn check_put_manifest(&self, put: &ManifestPublication) -> Result<Accepted, Refusal> {
        let ManifestPublication { name, digest, object, manifest, tags, publication, provenance } = put;
        self.check_level()?;
        let mut draft = Draft::of(self);
        if let Some(publication) = publication.as_ref().filter(|publication| !self.has_package_of(publication)) {
            draft.add(draft.state.check_publication(publication)?)?;
        }
        if let Some((repository, file, provenance)) = provenance
            && draft.state.facts(repository, file).is_none_or(|facts| facts.provenance.is_none())
        {
            draft.add(draft.state.check_provenance(repository, file, provenance, false)?)?;
        }
        draft.state.check_tags(put)?;
        let is_blob = |blob: &&ContentDigest| draft.state.find_blob(name, **blob).is_some();
        let is_manifest =
            |child: &&ContentDigest| draft.state.find_manifest(name, &Reference::Digest(**child)).is_some();
        let missing = manifest.blobs.iter().find(|blob| !is_blob(blob));
        let missing = missing.or_else(|| manifest.manifests.iter().find(|child| !is_manifest(child)));
        if let Some(missing) = missing {
            return Err(Refusal::ReferenceUnknown(*missing));
        }
        if !draft.state.has_manifest(put) {
            let object = match object {
                _ if self.registry.contents.contains_key(digest) => None,
                Some(object) if !self.discarded.contains_key(&object.key) => Some(object.clone()),
                // the place is no longer for use, or whatever had the bytes was let go since
                _ => return Err(Refusal::PlaceUsed),
            };
            let put = ManifestPut { name: name.clone(), digest: *digest, object, manifest: manifest.clone() };
            draft.add(Change::ManifestPut(Box::new(put)).into())?;
        }
        for tag in tags {
            let found = draft.state.find_manifest(name, &Reference::Tag(tag.clone()));
            if found.is_none_or(|found| found.digest != *digest) {
                draft.add(Change::TagSet { name: name.clone(), tag: tag.clone(), digest: *digest }.into())?;
            }
        }
        draft.add(draft.state.served_elsewhere(put))?;
        Ok(draft.accepted)
    }

    /// The version exists with the very package.
    fn has_package_of(&self, publication: &Publication) -> bool {
        let is_there = |package: &PackagePublished| {
            self.existing(package).is_some_and(|existing| existing.package.digest == package.package.digest)
        };
        publication.packages.iter().all(is_there)
    }

    /// What a tag may stand for: one that reads as a version stands for that version, where there is a chart.
    fn check_tags(&self, put: &ManifestPublication) -> Result<(), Refusal> {
        let ManifestPublication { name, manifest, tags, .. } = put;
        let Some(of) = &manifest.version else {
            let is_chart = self.chart_of(name).is_some();
            let of_version = tags.iter().find(|tag| is_chart && tag.version().is_some());
            return of_version.map_or(Ok(()), |tag| Err(Refusal::TagOfVersion(tag.clone())));
        };
        let version = self.chart_of(name).and_then(|(_, chart)| chart.version(of.version.as_str()));
        if version.is_none_or(|version| version.package.digest != of.package) {
            return Err(Refusal::Exists);
        }
        let own = Tag::of_version(&of.version);
        let other = tags.iter().find(|tag| tag.version().is_some() && Some(*tag) != own.as_ref());
        other.map_or(Ok(()), |tag| Err(Refusal::TagOfVersion(tag.clone())))
    }

    /// Nothing would change by putting the manifest, but for its tags.
    fn has_manifest(&self, put: &ManifestPublication) -> bool {
        let ManifestPublication { name, digest, manifest, .. } = put;
        match self.registry.manifests.get(&(name.clone(), *digest)) {
            // it does not belong less to its version by being pushed for itself
            Some(known) => known.version == manifest.version || manifest.version.is_none(),
            None => digest.sha256().is_some_and(|digest| self.version_made(name, digest).is_some()),
        }
    }

    /// Blobs that were pushed for a chart's manifest and are served as files of its version: the name needs no copy.
    fn served_elsewhere(&self, put: &ManifestPublication) -> Accepted {
        let ManifestPublication { name, manifest, .. } = put;
        let mut accepted = Accepted::default();
        if manifest.version.is_none() {
            return accepted;
        }
        for digest in &manifest.blobs {
            let is_linked = self.registry.blobs.contains_key(&(name.clone(), *digest));
            let needed = self.registry.needed.get(&(name.clone(), *digest)).copied().unwrap_or_default();
            if is_linked && needed <= 1 && self.is_of_chart(name, *digest) {
                accepted.changes.push(Change::BlobUnlinked { name: name.clone(), digest: *digest });
            }
        }
        accepted
    }

    pub(in super::super) fn check_delete_manifest(
        &self,
        name: &RegistryName,
        reference: &Reference,
    ) -> Result<Accepted, Refusal> {
        self.check_level()?;
        let found = self.find_manifest(name, reference).ok_or(Refusal::NotFound)?;
        let path = self.chart_of(name).map(|(repository, _)| repository.path.clone());
        let version = match reference {
            Reference::Tag(tag) => self.version_of_tag(name, tag).cloned(),
            Reference::Digest(digest) => {
                let version = self.version_of_manifest(name, *digest);
                version.filter(|version| self.current_manifest(name, version) == Some(*digest))
            }
        };
        if let (Some(path), Some(version)) = (path, version) {
            return Ok(self.removal(&path, &version)?.into());
        }
        let name = name.clone();
        Ok(match reference {
            Reference::Tag(tag) => Change::TagRemoved { name, tag: tag.clone() },
            Reference::Digest(_) => Change::ManifestRemoved { name, digest: found.digest },
        }
        .into())
    }

    /// An artifact has the tag that the version would have.
    pub(in super::super) fn check_tag_is_free(&self, published: &PackagePublished) -> Result<(), Refusal> {
        if self.registry.is_empty() {
            return Ok(());
        }
        let name = registry_name(&published.repository, &published.name);
        let (Some(name), Some(tag)) = (name, Tag::of_version(&published.version)) else { return Ok(()) };
        let Some(digest) = self.registry.tags.get(&(name.clone(), tag.clone())) else { return Ok(()) };
        let held = self.registry.manifests.get(&(name, *digest));
        if held.is_some_and(|manifest| manifest.version.is_none()) {
            return Err(Refusal::TagTaken(tag));
        }
        Ok(())
    }
}
