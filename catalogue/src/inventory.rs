//! Every object that a state refers to, and what its bytes must be.

use chart::oci::ContentDigest;
use serde::Serialize;
use storage::Key;

use crate::change::{StoredFile, StoredObject};
use crate::{Repository, RepositoryPath, State, layout};

/// Why an object is needed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Role {
    /// A version is served from it.
    Package,
    /// A package's provenance is served from it.
    Provenance,
    /// It was replaced and is still served by its digest.
    Replaced,
    /// It was removed and can be restored.
    Trashed,
    /// It was gone when somebody looked last; its version is not listed.
    Missing,
    /// It is a blob or a manifest that was pushed to the registry.
    Content,
}

/// One file that a state refers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// Its repository.
    pub repository: RepositoryPath,
    /// The file's name, of a package or a provenance. Content of the registry has its digest instead, and the root for a
    /// repository.
    pub file: String,
    /// Why it is needed.
    pub role: Role,
    /// Where its bytes may be, the likeliest place first. Of what is in the trash there are two.
    pub places: Vec<Key>,
    /// Of its bytes.
    pub digest: ContentDigest,
    /// Length in bytes.
    pub size: u64,
}

impl State {
    /// Everything that this state refers to, in byte order of repositories.
    pub fn inventory(&self) -> Vec<Item> {
        let files = self.repositories.values().flat_map(|repository| repository.inventory());
        files.chain(self.registry.objects().map(|(digest, object)| Item::of_content(*digest, object))).collect()
    }

    /// The state refers to the file, for the same reason and in the same places.
    pub(crate) fn needs(&self, item: &Item) -> bool {
        if item.role == Role::Content {
            let content = self.registry.contents.get(&item.digest);
            return content.is_some_and(|content| item.places.contains(&content.object.key));
        }
        self.repository(&item.repository).is_some_and(|repository| repository.inventory().contains(item))
    }
}

impl Item {
    fn of_content(digest: ContentDigest, object: &StoredObject) -> Self {
        let (repository, file, places) = (RepositoryPath::root(), digest.to_string(), vec![object.key.clone()]);
        Self { repository, file, role: Role::Content, places, digest, size: object.size }
    }
}

impl Repository {
    pub(crate) fn inventory(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut add = |file: &str, role, stored: &StoredFile, in_trash: Option<Key>| {
            let places = in_trash.into_iter().chain([stored.key.clone()]).collect();
            let (repository, file) = (self.path.clone(), file.to_owned());
            items.push(Item { repository, file, role, places, digest: stored.digest.into(), size: stored.size });
        };
        let provenance_of = |file: &str| format!("{file}{}", layout::PROVENANCE_SUFFIX);
        for version in self.charts.values().flat_map(|chart| &chart.versions) {
            add(&version.file, Role::Package, &version.package, None);
            for provenance in version.made.provenances() {
                add(&provenance_of(&version.file), Role::Replaced, provenance, None);
            }
        }
        for (file, facts) in &self.files {
            if let Some(provenance) = &facts.provenance {
                add(&provenance_of(file), Role::Provenance, &provenance.stored, None);
            }
            for old in &facts.replaced {
                add(file, Role::Replaced, &old.package, None);
            }
            if let Some(missing) = &facts.missing {
                add(file, Role::Missing, &missing.package, None);
            }
        }
        for trashed in self.trash.values() {
            let file = &*trashed.version.file;
            // what lies below `objects/` waits where it is, and so does what has too long a name for the trash
            let in_trash = |stored: &StoredFile, file: &str| {
                let moves = layout::is_flat(&stored.key);
                moves.then(|| layout::trash(trashed.removed_at, &self.path, file).ok()).flatten()
            };
            let package = &trashed.version.package;
            add(file, Role::Trashed, package, in_trash(package, file));
            if let Some(provenance) = &trashed.provenance {
                let file = provenance_of(file);
                add(&file, Role::Trashed, &provenance.stored, in_trash(&provenance.stored, &file));
            }
        }
        items
    }
}
