//! A chart's versions in their order, and how one of them is found by its text, its tag, or the digest of what it has.

use std::sync::Arc;

use chart::oci::Tag;
use chart::{ChartVersion, Digest};
use jiff::Timestamp;

use super::places::{Places, number, shift_down, shift_up};
use super::{FileFacts, Version};

/// A chart's versions. What finds them follows from them and from the facts of their files.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Chart {
    /// Newest first: precedence, then publish time, then text, all descending. Never empty.
    pub versions: Vec<Arc<Version>>,
    /// Their places in the byte order of tags; those that no tag can name are left out.
    by_tag: Vec<u32>,
    /// Their places by the digests of what they have.
    by_digest: Places,
}

/// A copy is made to be changed: mostly by one version more.
impl Clone for Chart {
    fn clone(&self) -> Self {
        fn with_room<T: Clone>(of: &[T]) -> Vec<T> {
            let mut copy = Vec::with_capacity(of.len() + 1);
            copy.extend_from_slice(of);
            copy
        }
        let by_digest = self.by_digest.clone();
        Self { versions: with_room(&self.versions), by_tag: with_room(&self.by_tag), by_digest }
    }
}

impl Chart {
    /// Of versions in any order, with what is known of their files.
    pub(crate) fn of<'a>(
        mut versions: Vec<Arc<Version>>,
        facts: impl Fn(&Version) -> Option<&'a Arc<FileFacts>>,
    ) -> Self {
        versions.sort_by(|one, other| other.cmp_age(one));
        let has_tag = |(_, version): &(usize, &Arc<Version>)| Tag::of_version(&version.version).is_some();
        let mut by_tag: Vec<_> = versions.iter().enumerate().filter(has_tag).map(|(at, _)| number(at)).collect();
        let text = |at: &u32| Tag::text_of_version(&versions[*at as usize].version);
        by_tag.sort_unstable_by(|one, other| text(one).cmp(text(other)));
        let digests = versions.iter().map(|version| version.digests(facts(version).map(|facts| &**facts)));
        let by_digest = Places::of(digests);
        Self { versions, by_tag, by_digest }
    }

    /// Puts a version in its place, with what is known of its file.
    pub(super) fn insert(&mut self, version: Arc<Version>, facts: Option<&FileFacts>) {
        let at = self.versions.partition_point(|other| other.cmp_age(&version).is_gt());
        shift_up(self.by_tag.iter_mut(), at);
        self.by_digest.insert(at, version.digests(facts));
        let tag = Tag::of_version(&version.version);
        self.versions.insert(at, version);
        if let Some(tag) = tag {
            let index = self.behind(tag.as_str());
            self.by_tag.insert(index, number(at));
        }
    }

    /// Takes away the version at a place.
    pub(super) fn remove(&mut self, at: usize) {
        self.versions.remove(at);
        self.by_tag.retain(|place| *place != number(at));
        shift_down(self.by_tag.iter_mut(), at);
        self.by_digest.remove(at);
    }

    /// The version at a place, known better.
    pub(super) fn replace(&mut self, at: usize, version: Arc<Version>, facts: Option<&FileFacts>) {
        self.by_digest.replace(at, version.digests(facts));
        self.versions[at] = version;
    }

    /// More, or less, is known of the file of the version at a place.
    pub(super) fn settle(&mut self, at: usize, facts: &FileFacts) {
        self.by_digest.replace(at, self.versions[at].digests(Some(facts)));
    }

    /// The tags of its versions that come after a text, in byte order.
    pub fn tags_after(&self, text: &str) -> impl Iterator<Item = Tag> {
        let places = &self.by_tag[self.behind(text)..];
        places.iter().filter_map(|at| Tag::of_version(&self.versions[*at as usize].version))
    }

    /// Where among the tags those begin that come after a text.
    fn behind(&self, text: &str) -> usize {
        let is_behind = |at: &u32| Tag::text_of_version(&self.versions[*at as usize].version).gt(text.bytes());
        self.by_tag.partition_point(|at| !is_behind(at))
    }

    /// Versions of which one may have something with the digest: a package, metadata, a manifest, a provenance.
    pub(super) fn having(&self, digest: Digest) -> impl Iterator<Item = &Arc<Version>> {
        self.by_digest.find(digest).filter_map(|at| self.versions.get(at))
    }

    /// The version with exactly this text.
    pub fn version(&self, text: &str) -> Option<&Arc<Version>> {
        self.position(&ChartVersion::parse(text).ok()?).map(|position| &self.versions[position])
    }

    /// Where a version stands among [`Chart::versions`]. They are in order of precedence, so finding one is as quick
    /// among thousands: each download and each upload does it.
    pub fn position(&self, version: &ChartVersion) -> Option<usize> {
        let first = self.versions.partition_point(|other| other.version.cmp_precedence(version).is_gt());
        let same = self.versions[first..].iter().take_while(|other| other.version.cmp_precedence(version).is_eq());
        same.enumerate().find(|(_, other)| other.version == *version).map(|(after, _)| first + after)
    }
    /// Where the versions begin that stand behind this one, whether or not it still exists: there a listing goes on that
    /// ended with it.
    pub fn position_after(&self, version: &ChartVersion, created: Timestamp) -> usize {
        self.versions.partition_point(|other| other.cmp_age_of(version, created).is_ge())
    }
}

impl Version {
    /// The digests of all that is found by one.
    fn digests(&self, facts: Option<&FileFacts>) -> impl Iterator<Item = Digest> {
        self.own_digests().chain(facts.into_iter().flat_map(FileFacts::served))
    }

    fn own_digests(&self) -> impl Iterator<Item = Digest> {
        let own = [self.package.digest, self.made.config].into_iter();
        let made = self.made.all().map(|made| made.digest);
        own.chain(made).chain(self.made.provenances().map(|provenance| provenance.digest))
    }
}

impl FileFacts {
    /// The digests of what is served of a file besides its package.
    pub(super) fn served(&self) -> impl Iterator<Item = Digest> {
        let provenance = self.provenance.iter().map(|provenance| provenance.stored.digest);
        let packages = self.replaced.iter().map(|old| old.package.digest);
        let made = self.replaced_versions().flat_map(|version| version.own_digests());
        provenance.chain(packages).chain(made)
    }

    /// What the file was before, as far as that is served.
    pub(super) fn replaced_versions(&self) -> impl Iterator<Item = &Arc<Version>> {
        self.replaced.iter().filter_map(|old| old.version.as_ref())
    }
}
