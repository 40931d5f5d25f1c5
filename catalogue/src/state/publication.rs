//! Whether an upload may happen: every file of it, and within what its repository may hold.

use std::collections::BTreeSet;
use std::sync::Arc;

use chart::ChartName;
use storage::Key;

use super::proposal::{Accepted, Publication, Refusal};
use super::{Repository, State, Touched, Version};
use crate::change::{PackagePublished, ProvenanceFile};
use crate::{Change, RepositoryPath, layout};

/// What an upload must not meet.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conflict {
    /// Nothing: whatever is there may be replaced.
    Never,
    /// A version with this name.
    OfVersions,
    /// A version with this name, or another provenance of it.
    OfFiles,
}

/// The state as it becomes, change by change.
pub(super) struct Draft {
    pub(super) state: State,
    pub(super) accepted: Accepted,
}

impl Draft {
    pub(super) fn of(state: &State) -> Self {
        Self { state: state.clone(), accepted: Accepted::default() }
    }

    pub(super) fn add(&mut self, accepted: Accepted) -> Result<(), Refusal> {
        for change in &accepted.changes {
            // a change of an accepted proposal always follows; only a level could stop it
            self.state.apply_change(change, &mut Touched::default()).map_err(|_| Refusal::InUse)?;
        }
        self.accepted.changes.extend(accepted.changes);
        self.accepted.replaced |= accepted.replaced;
        Ok(())
    }
}

impl State {
    pub(crate) fn check_publication(&self, publication: &Publication) -> Result<Accepted, Refusal> {
        let Publication { repository, packages, provenances, terms } = publication;
        let conflict = if terms.overwrite { Conflict::Never } else { Conflict::OfFiles };
        let bounded = terms.versions_per_chart.is_some() || terms.files_per_repository.is_some();
        if let ([package], [], false) = (&**packages, &**provenances, bounded) {
            return self.check_package(package, conflict);
        }
        let mut draft = Draft::of(self);
        for package in packages {
            draft.add(draft.state.check_package(package, conflict)?)?;
        }
        for (file, provenance) in provenances {
            draft.add(draft.state.check_provenance(repository, file, provenance, terms.overwrite)?)?;
        }
        if let Some(limit) = terms.versions_per_chart {
            for name in packages.iter().map(|package| &package.name).collect::<BTreeSet<_>>() {
                draft.add(draft.state.check_excess(repository, name, limit.get(), packages)?)?;
            }
        }
        let files = |state: &Self| state.repository(repository).map_or(0, |repository| repository.file_count());
        let after = files(&draft.state);
        if terms.files_per_repository.is_some_and(|limit| after > limit.get()) && after > files(self) {
            return Err(Refusal::Full);
        }
        Ok(draft.accepted)
    }

    pub(super) fn check_package(&self, published: &PackagePublished, conflict: Conflict) -> Result<Accepted, Refusal> {
        let PackagePublished { repository, file, package, .. } = published;
        let existing = self.existing(published);
        let had = self.facts(repository, file).and_then(|facts| facts.provenance.as_ref());
        let is_same = |new: &ProvenanceFile| had.is_some_and(|had| had.stored.digest == new.stored.digest);
        if let Some(existing) = existing {
            // adopted between our put and this check: the put made us the owner
            if existing.package.key == package.key && existing.package.digest == package.digest {
                return match &published.provenance {
                    Some(new) if !is_same(new) => {
                        self.check_provenance(repository, file, new, conflict != Conflict::OfFiles)
                    }
                    _ => Ok(Accepted::default()),
                };
            }
            if conflict != Conflict::Never {
                return Err(Refusal::Exists);
            }
        }
        if existing.is_none() {
            self.check_tag_is_free(published)?;
        }
        // the same bytes may be what a crash left of this very upload
        let other = had.is_some() && published.provenance.as_ref().is_some_and(|new| !is_same(new));
        if other && conflict == Conflict::OfFiles {
            return Err(Refusal::Exists);
        }
        self.check_places(published)?;
        Ok(Accepted {
            changes: vec![Change::PackagePublished(Box::new(published.clone()))],
            replaced: existing.is_some(),
        })
    }

    /// The removal of the lowest versions of a chart that has too many, but never of those that were just uploaded.
    fn check_excess(
        &self,
        repository: &RepositoryPath,
        name: &ChartName,
        limit: usize,
        uploaded: &[PackagePublished],
    ) -> Result<Accepted, Refusal> {
        let Some(chart) = self.repository(repository).and_then(|repository| repository.chart(name.as_str())) else {
            return Ok(Accepted::default());
        };
        let stays = |version: &Version| {
            uploaded.iter().any(|package| package.name == version.name && package.version == version.version)
        };
        let lowest = chart.versions.iter().rev().filter(|version| !stays(version));
        let excess = lowest.take(chart.versions.len().saturating_sub(limit));
        let changes = excess.map(|version| self.removal(repository, version)).collect::<Result<_, _>>()?;
        Ok(Accepted { changes, replaced: false })
    }

    pub(super) fn existing(&self, published: &PackagePublished) -> Option<&Arc<Version>> {
        self.repository(&published.repository)?.version(published.name.as_str(), published.version.as_str())
    }

    /// The file name belongs to no other version, and the keys may be named.
    pub(super) fn check_places(&self, published: &PackagePublished) -> Result<(), Refusal> {
        let PackagePublished { repository, name, version, file, package, .. } = published;
        let facts = self.facts(repository, file);
        if let Some((listed_name, listed_version)) = facts.and_then(|facts| facts.listed.as_ref())
            && (listed_name, listed_version) != (name, version)
        {
            return Err(Refusal::FileNameTaken {
                file: file.clone(),
                name: listed_name.to_string(),
                version: listed_version.to_string(),
            });
        }
        self.check_place(&package.key, facts.is_some_and(|facts| facts.flat_used))?;
        if let Some(provenance) = &published.provenance {
            let used = facts.is_some_and(|facts| facts.flat_provenance_used);
            self.check_place(&provenance.stored.key, used)?;
        }
        Ok(())
    }

    pub(super) fn check_provenance(
        &self,
        repository: &RepositoryPath,
        file: &str,
        provenance: &ProvenanceFile,
        overwrite: bool,
    ) -> Result<Accepted, Refusal> {
        let facts = self.facts(repository, file);
        if let Some(existing) = facts.and_then(|facts| facts.provenance.as_ref()) {
            if existing == provenance {
                return Ok(Accepted::default());
            }
            if !overwrite {
                return Err(Refusal::Exists);
            }
        }
        self.check_place(&provenance.stored.key, facts.is_some_and(|facts| facts.flat_provenance_used))?;
        Ok(Change::ProvenancePublished {
            repository: repository.clone(),
            file: file.to_owned(),
            provenance: provenance.clone(),
        }
        .into())
    }

    /// Keys are never used twice: a flat place once, a fresh one as long as it was not discarded.
    fn check_place(&self, key: &Key, flat_used: bool) -> Result<(), Refusal> {
        let used = if layout::is_flat(key) { flat_used } else { self.discarded.contains_key(key) };
        if used { Err(Refusal::PlaceUsed) } else { Ok(()) }
    }
}

impl Repository {
    /// Packages and provenances.
    pub(crate) fn file_count(&self) -> usize {
        let provenances = self.files.values().filter(|facts| facts.provenance.is_some());
        self.version_count() + provenances.count()
    }
}
