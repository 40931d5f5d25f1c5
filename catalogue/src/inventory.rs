//! Every object that a state refers to, and what its bytes must be.

use chart::Digest;
use serde::Serialize;
use storage::Key;

use crate::change::StoredFile;
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
}

/// One file that a state refers to.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Item {
    /// Its repository.
    pub repository: RepositoryPath,
    /// The file's name, of a package or a provenance.
    pub file: String,
    /// Why it is needed.
    pub role: Role,
    /// Where its bytes may be, the likeliest place first. Of what is in the trash there are two.
    pub places: Vec<Key>,
    /// SHA-256 of its bytes.
    pub digest: Digest,
    /// Length in bytes.
    pub size: u64,
}

impl State {
    /// Everything that this state refers to, in byte order of repositories.
    pub fn inventory(&self) -> Vec<Item> {
        self.repositories.values().flat_map(|repository| repository.inventory()).collect()
    }
}

impl Repository {
    pub(crate) fn inventory(&self) -> Vec<Item> {
        let mut items = Vec::new();
        let mut add = |file: &str, role, stored: &StoredFile, in_trash: Option<Key>| {
            let places = in_trash.into_iter().chain([stored.key.clone()]).collect();
            let (repository, file) = (self.path.clone(), file.to_owned());
            items.push(Item { repository, file, role, places, digest: stored.digest, size: stored.size });
        };
        let provenance_of = |file: &str| format!("{file}{}", layout::PROVENANCE_SUFFIX);
        for version in self.charts.values().flat_map(|chart| &chart.versions) {
            add(&version.file, Role::Package, &version.package, None);
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
