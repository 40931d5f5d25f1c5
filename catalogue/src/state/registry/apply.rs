//! What a change does to the registry, and what a change of a version does to its manifests.

use std::sync::Arc;

use chart::oci::{ContentDigest, Reference, RegistryName, Tag};
use chart::{ChartName, Digest};
use jiff::Timestamp;

use super::super::{State, Touched, Version};
use super::{Made, MadeManifest, PushedManifest, Registry, StoredContent, VersionOfManifest};
use crate::change::{ManifestPut, StoredObject};
use crate::{Change, RepositoryPath};

/// The name in the registry of a chart of a repository, if it has one.
pub(crate) fn registry_name(path: &RepositoryPath, chart: &ChartName) -> Option<RegistryName> {
    if path.is_root() {
        return RegistryName::parse(chart.as_str()).ok();
    }
    RegistryName::parse(&format!("{path}/{chart}")).ok()
}

impl State {
    /// A change of the registry.
    pub(in super::super) fn apply_registry_change(&mut self, change: &Change, touched: &mut Touched) {
        match change {
            Change::BlobAdded { name, digest, object } => self.link_blob(name, *digest, Some(object), touched),
            Change::BlobLinked { name, digest } => self.link_blob(name, *digest, None, touched),
            Change::BlobUnlinked { name, digest } => {
                touched.blobs.insert((name.clone(), *digest));
                if self.registry.blobs.remove(&(name.clone(), *digest)).is_some() {
                    self.let_content_go(*digest, touched);
                    self.forget_if_empty(name);
                }
            }
            Change::ManifestPut(put) => self.put_manifest(put, touched),
            Change::ManifestRemoved { name, digest } => self.remove_manifest(name, *digest, touched),
            Change::TagSet { name, tag, digest } => {
                touched.tags.insert((name.clone(), tag.clone()));
                self.registry.set_tag(name, tag, *digest);
            }
            Change::TagRemoved { name, tag } => {
                touched.tags.insert((name.clone(), tag.clone()));
                self.registry.remove_tag(name, tag);
                self.forget_if_empty(name);
            }
            _ => {}
        }
    }

    fn link_blob(
        &mut self,
        name: &RegistryName,
        digest: ContentDigest,
        object: Option<&StoredObject>,
        touched: &mut Touched,
    ) {
        touched.blobs.insert((name.clone(), digest));
        let is_new = !self.registry.blobs.contains_key(&(name.clone(), digest));
        if !is_new || self.hold_content(digest, object, touched) {
            self.registry.insert_blob(name.clone(), digest, self.at);
        }
    }

    /// A name that lost something may have lost its last.
    pub(in super::super) fn forget_if_empty(&mut self, name: &RegistryName) {
        if !self.registry.knows(name) && self.chart_of(name).is_none() {
            self.registry.names.remove(name);
        }
    }

    fn put_manifest(&mut self, put: &ManifestPut, touched: &mut Touched) {
        let ManifestPut { name, digest, object, manifest } = put;
        touched.manifests.insert((name.clone(), *digest));
        let is_new = !self.registry.manifests.contains_key(&(name.clone(), *digest));
        if !is_new || self.hold_content(*digest, object.as_ref(), touched) {
            self.registry.insert_manifest(name, *digest, Arc::new(manifest.clone()));
        }
    }

    fn remove_manifest(&mut self, name: &RegistryName, digest: ContentDigest, touched: &mut Touched) {
        self.remove_tags_for(name, digest, touched);
        let Some(manifest) = self.registry.take_manifest(name, digest) else {
            self.forget_if_empty(name);
            return self.delete_made(name, digest, touched);
        };
        self.forget_if_empty(name);
        touched.manifests.insert((name.clone(), digest));
        self.let_content_go(digest, touched);
        // what it needed is kept for a while, for one that is on its way
        for blob in &manifest.blobs {
            if let Some(since) = self.registry.blobs.get_mut(&(name.clone(), *blob)) {
                *since = self.at;
                touched.blobs.insert((name.clone(), *blob));
            }
        }
    }

    fn remove_tags_for(&mut self, name: &RegistryName, digest: ContentDigest, touched: &mut Touched) {
        let tags: Vec<Tag> = self.registry.tags_for(name, digest).cloned().collect();
        for tag in tags {
            touched.tags.insert((name.clone(), tag.clone()));
            self.registry.remove_tag(name, &tag);
        }
    }

    fn delete_made(&mut self, name: &RegistryName, digest: ContentDigest, touched: &mut Touched) {
        let Some(digest) = digest.sha256() else { return };
        if let Some((path, version)) = self.version_made(name, digest) {
            let mut without = (*version).clone();
            without.made.delete(digest);
            return self.replace_version(&path, &version, without, touched);
        }
        let Some((path, file)) = self.file_made(name, digest) else { return };
        self.change_facts(&path, &file, touched, |facts| {
            for version in facts.replaced.iter_mut().filter_map(|old| old.version.as_mut()) {
                Arc::make_mut(version).made.delete(digest);
            }
        });
    }

    /// A version, or what it was before, has made way: of its manifests those that are not made any more take the tags with
    /// them that stood for them.
    pub(in super::super) fn settle_tags_of_made(
        &mut self,
        path: &RepositoryPath,
        before: &Version,
        touched: &mut Touched,
    ) {
        if self.registry.is_empty() {
            return;
        }
        let Some(name) = registry_name(path, &before.name) else { return };
        for digest in before.made.all().map(|made| made.digest.into()) {
            if self.find_manifest(&name, &Reference::Digest(digest)).is_none() {
                self.remove_tags_for(&name, digest, touched);
            }
        }
        self.forget_if_empty(&name);
    }

    /// Something more is this content. False if nobody knows where it is.
    fn hold_content(&mut self, digest: ContentDigest, object: Option<&StoredObject>, touched: &mut Touched) -> bool {
        touched.contents.insert(digest);
        if let Some(content) = self.registry.contents.get_mut(&digest) {
            content.references += 1;
            return true;
        }
        let Some(object) = object else { return false };
        self.refer_to_key(&object.key, touched);
        self.registry.insert_content(digest, object.clone());
        true
    }

    /// Something less is this content.
    fn let_content_go(&mut self, digest: ContentDigest, touched: &mut Touched) {
        touched.contents.insert(digest);
        let Some(content) = self.registry.contents.get_mut(&digest) else { return };
        content.references -= 1;
        if content.references == 0 {
            let key = content.object.key.clone();
            self.registry.contents.remove(&digest);
            self.registry.keys.remove(&key);
            self.let_key_go(key, touched);
        }
    }

    /// A version is no more: nor are its manifests, and the tags that stood for them.
    pub(in super::super) fn remove_manifests_of(
        &mut self,
        path: &RepositoryPath,
        version: &Version,
        touched: &mut Touched,
    ) {
        if self.registry.is_empty() {
            return;
        }
        let Some(name) = registry_name(path, &version.name) else { return };
        let text = version.version.as_str();
        let pushed: Vec<_> = self.registry.manifests_of_version(&name, text).copied().collect();
        let facts = self.facts(path, &version.file).cloned();
        let before = facts.iter().flat_map(|facts| facts.replaced_versions()).map(|version| &**version);
        let made = std::iter::once(version).chain(before).flat_map(|version| version.made.all());
        for digest in pushed.into_iter().chain(made.map(|made| made.digest.into())) {
            self.remove_manifest(&name, digest, touched);
        }
    }

    /// A version has other bytes, or bytes that it had are no longer served: manifests that name such go, and its own tag
    /// stands for what it is now.
    pub(in super::super) fn settle_manifests_of(
        &mut self,
        path: &RepositoryPath,
        version: &Version,
        touched: &mut Touched,
    ) {
        if self.registry.is_empty() {
            return;
        }
        let Some(name) = registry_name(path, &version.name) else { return };
        let facts = self.repository(path).and_then(|repository| repository.file(&version.file)).cloned();
        let is_served = |package| {
            let mut replaced = facts.iter().flat_map(|facts| &facts.replaced);
            package == version.package.digest || replaced.any(|old| old.package.digest == package)
        };
        let pushed: Vec<_> = self.registry.manifests_of_version(&name, version.version.as_str()).copied().collect();
        for digest in pushed {
            let Some(of) = self.registry.package_of(&name, digest) else { continue };
            if !is_served(of) {
                self.remove_manifest(&name, digest, touched);
            }
        }
        let Some(tag) = Tag::of_version(&version.version) else { return };
        let stands_for = self.registry.tags.get(&(name.clone(), tag.clone())).copied();
        let package = stands_for.and_then(|digest| self.registry.package_of(&name, digest));
        if package.is_some_and(|package| package != version.package.digest) {
            touched.tags.insert((name.clone(), tag.clone()));
            self.registry.remove_tag(&name, &tag);
            self.forget_if_empty(&name);
        }
    }

    /// A tag or a manifest stands on a made manifest: it stays the current one.
    pub(in super::super) fn is_held(&self, path: &RepositoryPath, chart: &ChartName, made: &MadeManifest) -> bool {
        let Some(name) = Some(chart).filter(|_| !self.registry.is_empty()).and_then(|chart| registry_name(path, chart))
        else {
            return false;
        };
        let digest = made.digest.into();
        self.registry.is_tagged(&name, digest)
            || self.registry.is_needed(&name, digest)
            || self.registry.referrers_of(&name, digest, None).next().is_some()
    }

    /// A manifest that was pushed for the chart names the provenance.
    pub(in super::super) fn is_named(&self, path: &RepositoryPath, chart: &ChartName, provenance: Digest) -> bool {
        let name = Some(chart).filter(|_| !self.registry.is_empty()).and_then(|chart| registry_name(path, chart));
        name.is_some_and(|name| self.registry.is_needed(&name, provenance.into()))
    }

    /// Something that was pushed stands for the version's own tag.
    pub(in super::super) fn has_own_tag(&self, path: &RepositoryPath, version: &Version) -> bool {
        let name = registry_name(path, &version.name).filter(|_| !self.registry.is_empty());
        let tag = Tag::of_version(&version.version);
        name.zip(tag).is_some_and(|own| self.registry.tags.contains_key(&own))
    }

    /// What was made of a version with the very same bytes, wherever that is now.
    pub(in super::super) fn made_before(&self, path: &RepositoryPath, version: &Version) -> Option<Made> {
        let repository = self.repository(path)?;
        let is_same = |other: &Version| {
            (&other.name, &other.version, other.package.digest, &other.metadata)
                == (&version.name, &version.version, version.package.digest, &version.metadata)
        };
        let mut trashed = repository.trashed_of(&version.file).map(|trashed| &trashed.version);
        trashed.rfind(|other| is_same(other)).map(|other| other.made.clone())
    }
}

impl Registry {
    pub(crate) fn set_tag(&mut self, name: &RegistryName, tag: &Tag, digest: ContentDigest) {
        self.remove_tag(name, tag);
        self.know(name.clone());
        self.tags.insert((name.clone(), tag.clone()), digest);
        self.tagged.insert((name.clone(), digest, tag.clone()));
    }

    fn remove_tag(&mut self, name: &RegistryName, tag: &Tag) {
        if let Some(digest) = self.tags.remove(&(name.clone(), tag.clone())) {
            self.tagged.remove(&(name.clone(), digest, tag.clone()));
        }
    }

    /// The package that a chart's manifest names, if it belongs to a version.
    fn package_of(&self, name: &RegistryName, digest: ContentDigest) -> Option<Digest> {
        let manifest = self.manifests.get(&(name.clone(), digest))?;
        manifest.version.as_ref().map(|VersionOfManifest { package, .. }| *package)
    }

    /// Content that nothing was before.
    fn insert_content(&mut self, digest: ContentDigest, object: StoredObject) {
        self.keys.insert(object.key.clone(), digest);
        self.contents.insert(digest, StoredContent { object, references: 1 });
    }

    fn insert_blob(&mut self, name: RegistryName, digest: ContentDigest, since: Timestamp) {
        self.know(name.clone());
        self.blobs.insert((name, digest), since);
    }

    fn insert_manifest(&mut self, name: &RegistryName, digest: ContentDigest, manifest: Arc<PushedManifest>) {
        self.take_manifest(name, digest);
        self.know(name.clone());
        if let Some(subject) = manifest.subject {
            self.referrers.insert((name.clone(), subject, digest));
        }
        if let Some(of) = &manifest.version {
            self.of_version.insert((name.clone(), of.version.as_str().into(), digest));
        }
        for needed in manifest.blobs.iter().chain(&manifest.manifests) {
            *self.needed.entry((name.clone(), *needed)).or_insert(0) += 1;
        }
        self.manifests.insert((name.clone(), digest), manifest);
    }

    fn take_manifest(&mut self, name: &RegistryName, digest: ContentDigest) -> Option<Arc<PushedManifest>> {
        let manifest = self.manifests.remove(&(name.clone(), digest))?;
        if let Some(subject) = manifest.subject {
            self.referrers.remove(&(name.clone(), subject, digest));
        }
        if let Some(of) = &manifest.version {
            self.of_version.remove(&(name.clone(), of.version.as_str().into(), digest));
        }
        for needed in manifest.blobs.iter().chain(&manifest.manifests) {
            let needed = (name.clone(), *needed);
            match self.needed.get_mut(&needed) {
                Some(count) if *count > 1 => *count -= 1,
                _ => drop(self.needed.remove(&needed)),
            }
        }
        Some(manifest)
    }

    /// A registry as it was kept: contents first, then what has them.
    pub(crate) fn load_content(&mut self, digest: ContentDigest, object: StoredObject) {
        self.insert_content(digest, object);
        if let Some(content) = self.contents.get_mut(&digest) {
            content.references = 0;
        }
    }

    /// False if its content was not loaded.
    pub(crate) fn load_blob(&mut self, name: RegistryName, digest: ContentDigest, since: Timestamp) -> bool {
        self.insert_blob(name, digest, since);
        self.count(digest)
    }

    /// False if its content was not loaded.
    pub(crate) fn load_manifest(
        &mut self,
        name: &RegistryName,
        digest: ContentDigest,
        manifest: Arc<PushedManifest>,
    ) -> bool {
        self.insert_manifest(name, digest, manifest);
        self.count(digest)
    }

    fn count(&mut self, digest: ContentDigest) -> bool {
        self.contents.get_mut(&digest).map(|content| content.references += 1).is_some()
    }
}
