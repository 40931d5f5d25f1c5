//! What reads of the registry are answered from.

use std::collections::BTreeSet;

use chart::oci::{ContentDigest, Reference, RegistryName, Tag};

use super::View;
use crate::state::registry_name;
use crate::{FoundBlob, FoundManifest, Referrer, RepositoryPath, State};

impl View {
    /// Whether the name is that of a chart in the repository that the program brings along, or could be.
    pub fn is_embedded_name(&self, name: &RegistryName) -> bool {
        RepositoryPath::parse(name.split().0).is_ok_and(|path| self.is_embedded(&path))
    }

    /// What is to be asked for a name: all that was pushed to a repository that the program brings along now was pushed before
    /// it did, and is not served.
    fn state_of(&self, name: &RegistryName) -> &State {
        match self.embedded_view() {
            Some(embedded) if self.is_embedded_name(name) => &embedded.state,
            _ => &self.state,
        }
    }

    /// The manifest that a reference means within a name, pushed or made of a chart's version.
    pub fn manifest(&self, name: &RegistryName, reference: &Reference) -> Option<FoundManifest> {
        self.state_of(name).find_manifest(name, reference)
    }

    /// The blob that a name has, pushed or of a chart's version.
    pub fn blob(&self, name: &RegistryName, digest: ContentDigest) -> Option<FoundBlob> {
        self.state_of(name).find_blob(name, digest)
    }

    /// Whether the name has anything.
    pub fn knows_name(&self, name: &RegistryName) -> bool {
        self.state_of(name).knows_name(name)
    }

    /// The first tags of a name that come after a text, in byte order. None if the name has nothing.
    pub fn tags(&self, name: &RegistryName, after: Option<&str>, limit: usize) -> Option<Vec<Tag>> {
        let mut tags = self.state_of(name).tags(name)?;
        let begin = after.map_or(0, |after| tags.partition_point(|tag| tag.as_str() <= after));
        tags.drain(..begin);
        tags.truncate(limit);
        Some(tags)
    }

    /// The first names that come after a text, in byte order: those with something pushed, and the charts that can have a
    /// name.
    pub fn registry_names(&self, after: Option<&str>, limit: usize) -> Vec<RegistryName> {
        let mut names = BTreeSet::new();
        let mut add = |name: &RegistryName| {
            let is_after = after.is_none_or(|after| name.as_str() > after);
            // whatever comes after so many is of no interest
            if is_after && limit > 0 && (names.len() < limit || names.last().is_some_and(|last| name < last)) {
                names.insert(name.clone());
                if names.len() > limit {
                    names.pop_last();
                }
            }
        };
        let mut pushed = self.state.registry.next_name(None);
        while let Some(name) = pushed {
            if !self.is_embedded_name(name) {
                add(name);
            }
            pushed = self.state.registry.next_name(Some(name));
        }
        for view in self.repositories() {
            for chart in view.repository.charts.keys() {
                if let Some(name) = registry_name(&view.repository.path, chart) {
                    add(&name);
                }
            }
        }
        names.into_iter().collect()
    }

    /// What says something about a manifest, in the order of digests: the first that come after one, and are for `kind` if
    /// that is given.
    pub fn referrers(
        &self,
        name: &RegistryName,
        subject: ContentDigest,
        kind: Option<&str>,
        after: Option<ContentDigest>,
        limit: usize,
    ) -> Vec<Referrer> {
        let referrers = self.state_of(name).referrers(name, subject).into_iter();
        let is_chosen = |referrer: &Referrer| {
            kind.is_none_or(|kind| referrer.kind.as_deref() == Some(kind))
                && after.is_none_or(|after| referrer.digest > after)
        };
        referrers.filter(is_chosen).take(limit).collect()
    }
}
