//! Bytes that were spoilt or lost, replaced by the same bytes from elsewhere.

use std::sync::Arc;

use chart::oci::{ContentDigest, RegistryName, Tag};
use serde_json::value::RawValue;
use storage::Key;

use super::{Accepted, PushedManifest, Refusal, State};
use crate::change::{ManifestPut, PackagePublished, ProvenanceFile, StoredFile, StoredObject};
use crate::{Change, RepositoryPath, layout};

impl State {
    /// The version, or the provenance, of this file name gets another place with the same bytes. For a version that is
    /// the word that it was missing and the word that it is there, in one entry: everything else of it stays as it was.
    pub(super) fn check_repair(
        &self,
        path: &RepositoryPath,
        file: &str,
        from: &Key,
        to: &StoredFile,
    ) -> Result<Accepted, Refusal> {
        let repository = self.repository(path).ok_or(Refusal::NotFound)?;
        let facts = repository.file(file).ok_or(Refusal::NotFound)?;
        if layout::is_flat(&to.key) || self.discarded.contains_key(&to.key) {
            return Err(Refusal::PlaceUsed);
        }
        let fits = |stored: &StoredFile| &stored.key == from && stored.digest == to.digest;
        let (repository_path, file) = (path.clone(), file.to_owned());
        if let Some(provenance) = facts.provenance.as_ref().filter(|provenance| fits(&provenance.stored)) {
            let provenance = ProvenanceFile { stored: to.clone(), vouches: provenance.vouches };
            return Ok(Change::ProvenancePublished { repository: repository_path, file, provenance }.into());
        }
        let listed = repository.version_of_file(&file).filter(|version| fits(&version.package));
        let missing = facts.missing.as_ref().filter(|version| fits(&version.package));
        let version = listed.or(missing).ok_or(Refusal::NotFound)?;
        // the file name, or the version, has been given to other bytes since it went missing
        if listed.is_none()
            && (facts.listed.is_some() || repository.version(version.name.as_str(), version.version.as_str()).is_some())
        {
            return Err(Refusal::Exists);
        }
        let metadata = RawValue::from_string(version.metadata.to_string()).map_err(|_| Refusal::NotFound)?;
        let published = PackagePublished {
            repository: path.clone(),
            name: version.name.clone(),
            version: version.version.clone(),
            file: file.clone(),
            package: to.clone(),
            traces: None,
            metadata,
            created: Some(version.created),
            provenance: None,
        };
        let lost = listed.map(|_| Change::PackageMissing { repository: repository_path, file });
        let changes = lost.into_iter().chain([Change::PackagePublished(Box::new(published))]).collect();
        Ok(Accepted { changes, replaced: false })
    }

    /// Whatever is this content is no more, and with another place for it is there again, in one entry: nothing of it changes
    /// but that blobs are as new.
    pub(super) fn check_repair_content(
        &self,
        digest: ContentDigest,
        from: &Key,
        to: Option<&StoredObject>,
    ) -> Result<Accepted, Refusal> {
        self.registry.contents.get(&digest).filter(|content| &content.object.key == from).ok_or(Refusal::NotFound)?;
        if to.is_some_and(|to| self.discarded.contains_key(&to.key)) {
            return Err(Refusal::PlaceUsed);
        }
        let (blobs, manifests) = (self.blobs_of_content(digest), self.manifests_of_content(digest));
        let unlinked = blobs.iter().map(|name| Change::BlobUnlinked { name: name.clone(), digest });
        let removed = manifests.iter().map(|(name, ..)| Change::ManifestRemoved { name: name.clone(), digest });
        let mut changes: Vec<_> = unlinked.chain(removed).collect();
        // the first that is it again says where it is
        let mut object = to.cloned();
        if object.is_some() {
            changes.extend(blobs.into_iter().map(|name| match object.take() {
                Some(object) => Change::BlobAdded { name, digest, object },
                None => Change::BlobLinked { name, digest },
            }));
            for (name, manifest, tags) in manifests {
                let (object, manifest) = (object.take(), (*manifest).clone());
                let set = |tag| Change::TagSet { name: name.clone(), tag, digest };
                let tags: Vec<_> = tags.into_iter().map(set).collect();
                changes.push(Change::ManifestPut(Box::new(ManifestPut { name, digest, object, manifest })));
                changes.extend(tags);
            }
        }
        Ok(Accepted { changes, replaced: false })
    }

    /// The names whose blob the content is.
    pub(crate) fn blobs_of_content(&self, digest: ContentDigest) -> Vec<RegistryName> {
        let names = self.registry.blobs.keys().filter(|(_, of)| *of == digest);
        names.map(|(name, _)| name.clone()).collect()
    }

    /// The names whose manifest the content is, and the tags that stand for it.
    pub(crate) fn manifests_of_content(
        &self,
        digest: ContentDigest,
    ) -> Vec<(RegistryName, Arc<PushedManifest>, Vec<Tag>)> {
        let manifests = self.registry.manifests.iter().filter(|((_, of), _)| *of == digest);
        let with_tags = |((name, _), manifest): (&(RegistryName, ContentDigest), &Arc<PushedManifest>)| {
            let tags = self.registry.tags_for(name, digest);
            (name.clone(), manifest.clone(), tags.cloned().collect())
        };
        manifests.map(with_tags).collect()
    }
}
