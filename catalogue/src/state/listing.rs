//! Versions that come to be listed, and those that no longer are.

use std::sync::Arc;

use chart::ChartName;

use super::registry::{Made, registry_name};
use super::{Replaced, State, Touched, Version};
use crate::change::{PackagePublished, StoredFile};
use crate::{RepositoryPath, layout};

impl State {
    pub(super) fn publish(&mut self, published: &PackagePublished, touched: &mut Touched) {
        let PackagePublished { repository, name, version, file, package, .. } = published;
        let old = self.unlist(repository, name, version.as_str(), touched);
        let mut kept = Vec::new();
        if let Some(old) = &old {
            let version = Some(Arc::new(old.without_provenances()));
            let replaced = Replaced { package: old.package.clone(), at: self.at, version };
            self.change_facts(repository, &old.file, touched, |facts| facts.replaced.push(replaced));
            for provenance in old.made.provenances() {
                // a manifest that was pushed with it is served as long as the package that it names
                match self.is_named(repository, name, provenance.digest) {
                    true => kept.push(provenance.clone()),
                    false => self.let_go(Some(provenance.clone()), touched),
                }
            }
        }
        self.refer_to(package, touched);
        if let Some(provenance) = &published.provenance {
            self.refer_to(&provenance.stored, touched);
        }
        let overwritten = old.is_some();
        let (dropped, missing, other_bytes) = self.change_facts(repository, file, touched, |facts| {
            facts.flat_used |= layout::is_flat(&package.key);
            // of an upload to a fresh place the file in the flat one knows nothing
            if published.traces.is_some() {
                facts.traces.clone_from(&published.traces);
                facts.unreadable = None;
            }
            facts.remember(package.digest);
            facts.listed = Some((name.clone(), version.clone()));
            let missing = facts.missing.take();
            // a provenance may come before its package, but does not outlive the package it signs
            let dropped = match &published.provenance {
                Some(provenance) => {
                    facts.flat_provenance_used |= layout::is_flat(&provenance.stored.key);
                    facts.provenance.replace(provenance.clone())
                }
                None if overwritten => facts.provenance.take(),
                None => None,
            };
            (dropped, missing, facts.digests.iter().any(|digest| *digest != package.digest))
        });
        let mut dropped = dropped.map(|provenance| provenance.stored);
        let now = published.provenance.as_ref().map(|provenance| provenance.stored.digest);
        kept.extend(dropped.take_if(|old| now != Some(old.digest) && self.is_named(repository, name, old.digest)));
        self.let_go(dropped, touched);
        let had_others = overwritten || missing.is_some() || other_bytes;
        let mut version = Version {
            name: name.clone(),
            version: version.clone(),
            file: file.as_str().into(),
            package: package.clone(),
            created: published.created.unwrap_or(self.at),
            metadata: published.metadata.get().into(),
            replaced: overwritten || other_bytes,
            made: Made::default(),
        };
        match missing.as_deref().filter(|missing| missing.package.digest == package.digest) {
            // the same version from another place: its manifests are the same too
            Some(missing) => {
                self.let_go(Some(missing.package.clone()), touched);
                version.made = missing.made.clone();
            }
            None => {
                if let Some(missing) = &missing {
                    self.let_version_go(missing, touched);
                }
                version.made = self.made_before(repository, &version).unwrap_or_default();
            }
        }
        kept.into_iter().for_each(|kept| version.made.keep(kept));
        self.list(repository, Arc::new(version), touched);
        if had_others {
            let version =
                self.repository(repository).and_then(|r| r.version(name.as_str(), published.version.as_str())).cloned();
            if let Some(version) = version {
                self.settle_manifests_of(repository, &version, touched);
            }
            for before in old.iter().chain(&missing) {
                self.settle_tags_of_made(repository, before, touched);
            }
        }
    }

    pub(super) fn list(&mut self, path: &RepositoryPath, version: Arc<Version>, touched: &mut Touched) {
        touched.version(path, &version);
        let at = self.at;
        let provenance = self.change_facts(path, &version.file, touched, |facts| {
            facts.listed = Some((version.name.clone(), version.version.clone()));
            facts.provenance.clone()
        });
        let mut renewed = (*version).clone();
        let signed = provenance.as_ref().map(|provenance| provenance.stored.digest);
        renewed.made.forget_lost(signed, self.has_own_tag(path, &version));
        if renewed.made.is_nothing() || provenance.is_some() {
            renewed.renew_made(provenance.as_ref(), |made| self.is_held(path, &version.name, made));
        }
        let version = if renewed == *version { version } else { Arc::new(renewed) };
        self.change(path, |repository| {
            repository.changed = at;
            let facts = repository.files.get(&version.file).map(|facts| &**facts);
            let chart = repository.charts.entry(version.name.clone()).or_default();
            Arc::make_mut(chart).insert(version.clone(), facts);
        });
        if let Some(name) = registry_name(path, &version.name) {
            self.registry.know(name);
        }
    }

    pub(super) fn unlist(
        &mut self,
        path: &RepositoryPath,
        name: &ChartName,
        version: &str,
        touched: &mut Touched,
    ) -> Option<Arc<Version>> {
        let found = self.repository(path)?.version(name.as_str(), version)?.clone();
        touched.version(path, &found);
        self.change_facts(path, &found.file, touched, |facts| facts.listed = None);
        let at = self.at;
        let is_last = self.change(path, |repository| {
            repository.changed = at;
            let Some(chart) = repository.charts.get_mut(name) else { return false };
            if chart.versions.len() == 1 {
                repository.charts.remove(name);
                return true;
            }
            if let Some(position) = chart.position(&found.version) {
                Arc::make_mut(chart).remove(position);
            }
            false
        });
        if let Some(name) = registry_name(path, name).filter(|_| is_last) {
            self.forget_if_empty(&name);
        }
        Some(found)
    }

    /// A file has another provenance now, or none: the manifest made of its version may be another one. What it had before
    /// is kept as long as a manifest names it.
    pub(super) fn renew_manifest(
        &mut self,
        path: &RepositoryPath,
        file: &str,
        old: Option<StoredFile>,
        touched: &mut Touched,
    ) {
        let Some(version) = self.repository(path).and_then(|repository| repository.version_of_file(file)).cloned()
        else {
            return self.let_go(old, touched);
        };
        let provenance = self.facts(path, file).and_then(|facts| facts.provenance.clone());
        let mut renewed = (*version).clone();
        renewed.renew_made(provenance.as_ref(), |made| self.is_held(path, &version.name, made));
        let is_kept = |old: &StoredFile| {
            let is_named = renewed.made.names(old.digest) || self.is_named(path, &version.name, old.digest);
            is_named && provenance.as_ref().is_none_or(|now| now.stored.digest != old.digest)
        };
        match old {
            Some(old) if is_kept(&old) => renewed.made.keep(old),
            old => self.let_go(old, touched),
        }
        // one that a hand took away is named by nothing
        let signed = provenance.as_ref().map(|provenance| provenance.stored.digest);
        renewed.made.forget_lost(signed, self.has_own_tag(path, &version));
        if renewed.made.is_nothing() {
            renewed.renew_made(provenance.as_ref(), |_| false);
        }
        if renewed != *version {
            self.replace_version(path, &version, renewed, touched);
            self.settle_tags_of_made(path, &version, touched);
        }
    }

    /// The same version, known better: indexes do not tell.
    pub(super) fn replace_version(
        &mut self,
        path: &RepositoryPath,
        old: &Arc<Version>,
        new: Version,
        touched: &mut Touched,
    ) {
        touched.versions.insert((path.clone(), old.name.to_string(), old.version.to_string()));
        self.change(path, |repository| {
            let facts = repository.files.get(&old.file).map(|facts| &**facts);
            let Some(chart) = repository.charts.get_mut(&old.name) else { return };
            if let Some(at) = chart.position(&old.version) {
                Arc::make_mut(chart).replace(at, Arc::new(new), facts);
            }
        });
    }
}
