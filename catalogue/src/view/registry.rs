//! What reads of the registry are answered from.

use chart::oci::{ContentDigest, Reference, RegistryName, Tag};

use super::View;
use crate::state::merged;
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
        self.state_of(name).tags(name, after, limit)
    }

    /// The first names that come after a text, in byte order: those with something pushed, and the charts that can have a
    /// name.
    pub fn registry_names(&self, after: Option<&str>, limit: usize) -> Vec<RegistryName> {
        let after = after.unwrap_or_default();
        let stored = self.state.registry.names_after(after).filter(|name| !self.is_embedded_name(name));
        let embedded = self.embedded_view().into_iter().flat_map(|view| view.state.registry.names_after(after));
        merged(stored, embedded).take(limit).cloned().collect()
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
        let referrers = self.state_of(name).referrers(name, subject, after);
        let is_chosen = |referrer: &Referrer| kind.is_none_or(|kind| referrer.manifest.kind.as_deref() == Some(kind));
        referrers.filter(is_chosen).take(limit).collect()
    }
}
