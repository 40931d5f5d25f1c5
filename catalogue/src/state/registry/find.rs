//! What a name of the registry has: what was pushed to it, and what the chart of that name has.

use std::sync::Arc;

use chart::oci::{ContentDigest, Reference, RegistryName, Tag, media_type};
use chart::{ChartVersion, Digest};
use storage::Key;

use super::super::{Chart, FileFacts, PackageLocation, Repository, State, Version};
use super::{MadeManifest, PushedManifest};
use crate::RepositoryPath;

/// A manifest that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundManifest {
    /// Of its bytes.
    pub digest: ContentDigest,
    /// Its format.
    pub media_type: String,
    /// Length in bytes.
    pub size: u64,
    /// How its bytes are had.
    pub source: ManifestSource,
}

/// Where a manifest comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum ManifestSource {
    /// It was pushed.
    Object(Key),
    /// It is made of a version.
    Made(Arc<Version>, MadeManifest),
}

/// A blob that exists.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct FoundBlob {
    /// Of its bytes.
    pub digest: ContentDigest,
    /// Length in bytes.
    pub size: u64,
    /// How its bytes are had.
    pub source: BlobSource,
}

/// Where a blob comes from.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum BlobSource {
    /// It was pushed.
    Object(Key),
    /// It is a package or a provenance of a version of the chart.
    File(PackageLocation),
    /// It is the metadata of a version of the chart.
    Metadata(Arc<Version>),
}

/// A manifest that says something about another one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Referrer {
    /// Of its bytes.
    pub digest: ContentDigest,
    /// Length in bytes.
    pub size: u64,
    /// What is known of it.
    pub manifest: Arc<PushedManifest>,
}

impl State {
    /// The repository and the chart that the name is, if there is one.
    pub fn chart_of(&self, name: &RegistryName) -> Option<(&Arc<Repository>, &Arc<Chart>)> {
        let (path, chart) = name.split();
        let repository = self.repository(&RepositoryPath::parse(path).ok()?)?;
        Some((repository, repository.chart(chart)?))
    }

    /// The version that the tag is of, if the name is that of a chart.
    pub(crate) fn version_of_tag(&self, name: &RegistryName, tag: &Tag) -> Option<&Arc<Version>> {
        let (_, chart) = self.chart_of(name)?;
        chart.position(&tag.version()?).map(|at| &chart.versions[at])
    }

    /// The name has something, pushed or of a chart.
    pub fn knows_name(&self, name: &RegistryName) -> bool {
        self.registry.names.contains(name)
    }

    /// The manifest that a reference means within a name.
    pub fn find_manifest(&self, name: &RegistryName, reference: &Reference) -> Option<FoundManifest> {
        match reference {
            Reference::Digest(digest) => self.manifest_of_digest(name, *digest),
            Reference::Tag(tag) => match self.registry.tags.get(&(name.clone(), tag.clone())) {
                Some(digest) => self.manifest_of_digest(name, *digest),
                None => {
                    let version = self.version_of_tag(name, tag)?;
                    version.made.current.as_ref().map(|made| found_made(version, made))
                }
            },
        }
    }

    fn manifest_of_digest(&self, name: &RegistryName, digest: ContentDigest) -> Option<FoundManifest> {
        if let Some(manifest) = self.registry.manifests.get(&(name.clone(), digest)) {
            return if self.is_listed(name, manifest) { self.found_pushed(digest, manifest) } else { None };
        }
        let (repository, chart) = self.chart_of(name)?;
        manifest_of_chart(repository, chart, digest.sha256()?)
    }

    /// What belongs to a version is there while that is: it may have gone missing.
    pub(super) fn is_listed(&self, name: &RegistryName, manifest: &PushedManifest) -> bool {
        let Some(of) = &manifest.version else { return true };
        self.chart_of(name).is_some_and(|(_, chart)| chart.position(&of.version).is_some())
    }

    fn found_pushed(&self, digest: ContentDigest, manifest: &PushedManifest) -> Option<FoundManifest> {
        let object = &self.registry.contents.get(&digest)?.object;
        let source = ManifestSource::Object(object.key.clone());
        Some(FoundManifest { digest, media_type: manifest.media_type.clone(), size: object.size, source })
    }

    /// The blob that a name has.
    pub fn find_blob(&self, name: &RegistryName, digest: ContentDigest) -> Option<FoundBlob> {
        if self.registry.blobs.contains_key(&(name.clone(), digest)) {
            let object = &self.registry.contents.get(&digest)?.object;
            return Some(FoundBlob { digest, size: object.size, source: BlobSource::Object(object.key.clone()) });
        }
        let (repository, chart) = self.chart_of(name)?;
        blob_of_chart(repository, chart, digest)
    }

    /// A version of the chart has the blob.
    pub(super) fn is_of_chart(&self, name: &RegistryName, digest: ContentDigest) -> bool {
        let chart = self.chart_of(name);
        let blob = |digest| chart.and_then(|(repository, chart)| chart_blob(repository, chart, digest));
        digest.sha256().and_then(blob).is_some()
    }

    /// The version whose manifest of this digest nobody pushed.
    pub(crate) fn version_made(&self, name: &RegistryName, digest: Digest) -> Option<(RepositoryPath, Arc<Version>)> {
        let (repository, chart) = self.chart_of(name)?;
        let is_it = |version: &&Arc<Version>| version.made.all().any(|made| made.digest == digest);
        let version = chart.having(digest).find(is_it)?;
        Some((repository.path.clone(), version.clone()))
    }

    /// The repository and the file of a version that was replaced and whose manifest of this digest nobody pushed.
    pub(super) fn file_made(&self, name: &RegistryName, digest: Digest) -> Option<(RepositoryPath, Arc<str>)> {
        let (repository, chart) = self.chart_of(name)?;
        let is_it = |version: &Version| version.made.all().any(|made| made.digest == digest);
        let had = |facts: &Arc<FileFacts>| facts.replaced_versions().any(|version| is_it(version));
        let version = chart.having(digest).find(|version| repository.file(&version.file).is_some_and(had))?;
        Some((repository.path.clone(), version.file.clone()))
    }

    /// The version that a manifest of the name belongs to, made of it or pushed.
    pub(super) fn version_of_manifest(&self, name: &RegistryName, digest: ContentDigest) -> Option<Arc<Version>> {
        let version: &ChartVersion = match self.registry.manifests.get(&(name.clone(), digest)) {
            Some(manifest) => &manifest.version.as_ref()?.version,
            None => return Some(self.version_made(name, digest.sha256()?)?.1),
        };
        let (_, chart) = self.chart_of(name)?;
        chart.position(version).map(|at| chart.versions[at].clone())
    }

    /// The digest that a version's tag stands for.
    pub(super) fn current_manifest(&self, name: &RegistryName, version: &Version) -> Option<ContentDigest> {
        let tag = Tag::of_version(&version.version)?;
        let pushed = self.registry.tags.get(&(name.clone(), tag)).copied();
        pushed.or_else(|| version.made.current.as_ref().map(|made| made.digest.into()))
    }

    /// The first tags of a name that come after a text, in byte order, its chart's versions included. None if the name is not
    /// known.
    pub fn tags(&self, name: &RegistryName, after: Option<&str>, limit: usize) -> Option<Vec<Tag>> {
        if !self.knows_name(name) {
            return None;
        }
        let after = after.unwrap_or_default();
        let is_there = |digest: &ContentDigest| {
            let manifest = self.registry.manifests.get(&(name.clone(), *digest));
            manifest.is_none_or(|manifest| self.is_listed(name, manifest))
        };
        let pushed = self.registry.tags_after(name, after).filter(|(_, digest)| is_there(digest));
        let of_chart = self.chart_of(name).into_iter().flat_map(|(_, chart)| chart.tags_after(after));
        Some(merged(pushed.map(|(tag, _)| tag.clone()), of_chart).take(limit).collect())
    }

    /// What says something about the manifest, in the order of digests, beginning behind one.
    pub fn referrers(
        &self,
        name: &RegistryName,
        subject: ContentDigest,
        after: Option<ContentDigest>,
    ) -> impl Iterator<Item = Referrer> {
        let referrer = |digest: &ContentDigest| {
            let manifest = self.registry.manifests.get(&(name.clone(), *digest))?.clone();
            Some(Referrer { digest: *digest, size: self.registry.contents.get(digest)?.object.size, manifest })
        };
        self.registry.referrers_of(name, subject, after).filter_map(referrer)
    }
}

/// What is in either of two runs that are in order, in order.
pub(crate) fn merged<T: Ord>(one: impl Iterator<Item = T>, other: impl Iterator<Item = T>) -> impl Iterator<Item = T> {
    let (mut one, mut other) = (one.peekable(), other.peekable());
    std::iter::from_fn(move || match (one.peek(), other.peek()) {
        (Some(first), Some(second)) if first > second => other.next(),
        (Some(first), Some(second)) => {
            if first == second {
                other.next();
            }
            one.next()
        }
        (Some(_), None) => one.next(),
        (None, _) => other.next(),
    })
}

/// The manifest made of a version of the chart, or of what it was before.
fn manifest_of_chart(repository: &Repository, chart: &Chart, digest: Digest) -> Option<FoundManifest> {
    chart.having(digest).find_map(|version| {
        let before = repository.file(&version.file).into_iter().flat_map(|facts| facts.replaced_versions());
        std::iter::once(version).chain(before).find_map(|version| {
            let made = version.made.all().find(|made| made.digest == digest)?;
            Some(found_made(version, made))
        })
    })
}

/// The blob that a version of the chart has.
fn blob_of_chart(repository: &Repository, chart: &Chart, digest: ContentDigest) -> Option<FoundBlob> {
    let source = chart_blob(repository, chart, digest.sha256()?)?;
    let size = match &source {
        BlobSource::File(location) => location.size,
        BlobSource::Metadata(version) => version.metadata.len() as u64,
        BlobSource::Object(_) => return None,
    };
    Some(FoundBlob { digest, size, source })
}

fn found_made(version: &Arc<Version>, made: &MadeManifest) -> FoundManifest {
    FoundManifest {
        digest: made.digest.into(),
        media_type: media_type::MANIFEST.to_owned(),
        size: made.size.into(),
        source: ManifestSource::Made(version.clone(), made.clone()),
    }
}

/// Packages, provenances and metadata of a chart's versions, and packages that were replaced while they are served.
fn chart_blob(repository: &Repository, chart: &Chart, digest: Digest) -> Option<BlobSource> {
    chart.having(digest).find_map(|version| {
        if version.package.digest == digest {
            return Some(BlobSource::File((&version.package).into()));
        }
        if version.made.config == digest {
            return Some(BlobSource::Metadata(version.clone()));
        }
        let facts = repository.file(&version.file)?;
        if let Some(before) = facts.replaced_versions().find(|before| before.made.config == digest) {
            return Some(BlobSource::Metadata(before.clone()));
        }
        let provenance = facts.provenance.iter().map(|provenance| &provenance.stored);
        let replaced = facts.replaced.iter().map(|old| &old.package);
        let mut files = provenance.chain(version.made.provenances()).chain(replaced);
        files.find(|file| file.digest == digest).map(|file| BlobSource::File(file.into()))
    })
}
