//! What clients do in the registry, step by step.

use catalogue::{Catalogue, Terms, View};
use chart::oci::{ContentDigest, Manifest, Reference, RegistryName, Tag};
use rand::rngs::StdRng;
use rand::seq::IndexedRandom;
use rand::{RngExt, SeedableRng};

use super::content::{Content, NAMES, TAGS, name, tag};
use super::corpus::Coordinates;
use super::history::{History, Shared};
use super::pushers::Pusher;
use super::world::World;
use crate::packages::provenance;
use crate::time::mix;

impl World {
    /// Lets a client of the registry do something: one that stays with the replica, or one that asks any.
    pub fn send<F>(&mut self, at: usize, work: impl FnOnce(Pusher) -> F)
    where
        F: Future<Output = ()> + Send + 'static,
    {
        self.count += 1;
        let mut pusher = Pusher {
            history: self.history.clone(),
            doors: self.doors.clone(),
            home: None,
            hurry: self.hurry.clone(),
            dice: StdRng::seed_from_u64(mix(self.seed, u64::from(self.count))),
            told: Default::default(),
        };
        if self.rng.random_bool(0.5) {
            return self.clients.push(tokio::spawn(work(pusher)));
        }
        let Some(replica) = &mut self.replicas[at] else { return };
        pusher.home = Some((replica.catalogue.clone(), replica.life));
        replica.tasks.push(tokio::spawn(work(pusher)));
    }

    fn some_name(&mut self) -> RegistryName {
        name(NAMES.choose(&mut self.rng).expect("there are some"))
    }

    /// An artifact, a list of manifests, or what says something about a manifest.
    pub fn push_artifact(&mut self, at: usize) {
        let to = self.some_name();
        let known = self.manifests_of(&to);
        let subject = known.choose(&mut self.rng).map(|(digest, _)| *digest);
        let content = match self.rng.random_range(0..6) {
            0 if !known.is_empty() => Content::index(&known[..known.len().min(2)]),
            1 => Content::artifact(self.rng.random(), Some(ContentDigest::of(b"absent"))),
            2 | 3 => Content::artifact(self.rng.random(), subject),
            _ => Content::artifact(self.rng.random(), None),
        };
        let count = self.rng.random_range(0..=2);
        let tags: Vec<Tag> = TAGS.sample(&mut self.rng, count).map(|text| tag(text)).collect();
        self.send(at, |mut pusher| async move {
            let _ = pusher.artifact(&to, &content, &tags).await;
        });
    }

    /// `helm push` of a version.
    pub fn push_chart(&mut self, at: usize, version: &Coordinates) {
        let overwrite = self.rng.random_bool(0.3);
        let package = if self.rng.random_bool(0.3) { self.old_bytes(version) } else { self.new_bytes(version) };
        self.count += 1;
        let signed = self.rng.random_bool(0.4).then(|| provenance(package, self.count).1);
        let content = Content::chart(package, signed.as_ref(), self.count);
        let to = registry_name(version);
        let mut tags = vec![Tag::of_version(package.version()).unwrap()];
        tags.extend(self.rng.random_bool(0.2).then(|| tag("stable")));
        let versions_per_chart = self.profile.versions_per_chart;
        let terms = Terms { versions_per_chart, ..Terms::overwriting(overwrite) };
        self.send(at, move |mut pusher| async move {
            let _ = pusher.chart(package, &to, &content, &tags, terms).await;
        });
    }

    /// A blob by itself, or bytes that never become one.
    pub fn push_blob(&mut self, at: usize) {
        let to = self.some_name();
        let blob = Content::artifact(self.rng.random(), None).blobs.swap_remove(1);
        let is_left = self.rng.random_bool(0.5);
        self.send(at, move |mut pusher| async move {
            if is_left {
                let _ = pusher.leave(&to, &blob).await;
            } else {
                pusher.blob(&to, &blob).await;
            }
        });
    }

    /// Another tag for something that is there.
    pub fn tag_again(&mut self, at: usize) {
        let to = self.some_name();
        let Some((digest, _)) = self.manifests_of(&to).choose(&mut self.rng).copied() else { return };
        let Some(content) = self.content(&to, digest) else { return };
        let tag = tag(TAGS.choose(&mut self.rng).expect("there are some"));
        self.send(at, |mut pusher| async move {
            let _ = pusher.manifest(&to, &content, &[tag]).await;
        });
    }

    pub fn delete_reference(&mut self, at: usize) {
        let of = self.some_name();
        let tags = self.history().state().tags(&of, None, usize::MAX).unwrap_or_default();
        let reference = if self.rng.random_bool(0.5) {
            self.manifests_of(&of).choose(&mut self.rng).map(|(digest, _)| Reference::Digest(*digest))
        } else {
            tags.choose(&mut self.rng).cloned().map(Reference::Tag)
        };
        let Some(reference) = reference else { return };
        self.send(at, |mut pusher| async move {
            let _ = pusher.delete(&of, &reference).await;
        });
    }

    pub fn delete_blob(&mut self, at: usize) {
        let Some((of, blob)) = self.some_blob() else { return };
        self.send(at, |mut pusher| async move {
            let _ = pusher.delete_blob(&of, blob).await;
        });
    }

    /// A blob that a name has is given to another one: one that was pushed, or a version's package.
    pub fn mount(&mut self, at: usize) {
        let to = self.some_name();
        let listed = {
            let history = self.history();
            let repositories = history.state().repositories.values();
            let charts = repositories.flat_map(|repository| repository.charts.values().map(move |c| (repository, c)));
            let listed = charts.map(|(repository, chart)| {
                let version = &chart.versions[0];
                let at = Coordinates::of(&repository.path, &version.name, &version.version);
                (registry_name(&at), version.package.digest.into())
            });
            listed.collect::<Vec<_>>()
        };
        let pushed = self.some_blob();
        let from = if self.rng.random_bool(0.5) { listed.choose(&mut self.rng).cloned() } else { pushed };
        let Some((from, blob)) = from else { return };
        self.send(at, |mut pusher| async move { pusher.mount(&from, &to, blob).await });
    }

    /// Reads what a name has. What was in the journal when the read began is in what it shows.
    pub fn browse(&mut self, at: usize) {
        let of = self.some_name();
        let dice: usize = self.rng.random_range(0..1000);
        self.spawn(at, move |catalogue, history| browse(catalogue, history, of, dice));
    }

    fn some_blob(&mut self) -> Option<(RegistryName, ContentDigest)> {
        let blobs: Vec<_> = self.history().state().registry.blobs.keys().cloned().collect();
        blobs.choose(&mut self.rng).cloned()
    }

    /// The manifests of a name, pushed or made, with their lengths.
    fn manifests_of(&self, of: &RegistryName) -> Vec<(ContentDigest, u64)> {
        let history = self.history();
        let state = history.state();
        let pushed = state.registry.manifests_of(of).map(|(digest, _)| *digest);
        let chart = state.chart_of(of);
        let versions = chart.iter().flat_map(|(_, chart)| &chart.versions);
        let made = versions.flat_map(|version| version.made.all()).map(|made| made.digest.into());
        let found = pushed.chain(made).filter_map(|digest| state.find_manifest(of, &Reference::Digest(digest)));
        found.map(|found| (found.digest, found.size)).collect()
    }

    /// A manifest that was pushed.
    fn content(&self, of: &RegistryName, digest: ContentDigest) -> Option<Content> {
        let history = self.history();
        let registry = &history.state().registry;
        let manifest = registry.manifests.get(&(of.clone(), digest))?;
        let bytes = history.read(&registry.contents.get(&digest)?.object.key)?;
        let media_type = [chart::oci::media_type::MANIFEST, chart::oci::media_type::INDEX];
        let media_type = media_type.into_iter().find(|known| *known == manifest.media_type)?;
        // another tag for a chart is a push of the chart, which the history would have to know
        (!manifest.is_chart).then(|| Content { manifest: bytes, media_type, digest, blobs: Vec::new() })
    }
}

/// The name of a version's chart.
pub fn registry_name(at: &Coordinates) -> RegistryName {
    let path = &at.repository;
    name(&if path.is_root() { at.name.clone() } else { format!("{path}/{}", at.name) })
}

async fn browse(catalogue: Catalogue, history: Shared, of: RegistryName, dice: usize) {
    let began = {
        let mut history = history.lock().unwrap();
        history.follow();
        history.state().sequence
    };
    let fault = |fault: String| history.lock().unwrap().fault(fault);
    let Ok(fresh) = catalogue.fresh().await else { return };
    let view = &fresh.view;
    if fresh.stale.is_none() && view.state.sequence < began {
        fault(format!("a read that began at entry {began} shows entry {}", view.state.sequence));
    }
    let tags = view.tags(&of, None, 100).unwrap_or_default();
    let Some(tag) = (!tags.is_empty()).then(|| &tags[dice % tags.len()]) else { return };
    let Some(found) = view.manifest(&of, &Reference::Tag(tag.clone())) else {
        return fault(format!("{of} lists the tag {tag} and has no manifest for it"));
    };
    if view.manifest(&of, &Reference::Digest(found.digest)).is_none_or(|by_digest| by_digest != found) {
        fault(format!("{of}@{} is another manifest than by its tag {tag}", found.digest));
    }
    let Ok(bytes) = catalogue.load_manifest(&found).await else { return };
    if !found.digest.matches(&bytes) || found.size != bytes.len() as u64 {
        return fault(format!("{of}:{tag} is served with other bytes than {}", found.digest));
    }
    let Ok(manifest) = Manifest::parse(&bytes, Some(&found.media_type)) else {
        return fault(format!("{of}:{tag} is served and cannot be read"));
    };
    let named: Vec<_> = manifest.blobs().map(|blob| blob.digest).collect();
    for digest in named {
        let Some(found) = view.blob(&of, digest) else { continue };
        if let Ok(bytes) = catalogue.load_blob(&found, None).await
            && (!digest.matches(&bytes) || found.size != bytes.len() as u64)
        {
            fault(format!("{of}@{digest} is served with other bytes"));
        }
    }
}

impl History {
    /// What a replica shows of the registry is what the state says: a second way to the same.
    pub fn check_shown(&mut self, view: &View, shown_by: &str) {
        let state = view.state.clone();
        for of in NAMES.map(name) {
            let mut tags: Vec<_> = state.registry.tags.keys().filter(|(name, _)| *name == of).collect();
            tags.retain(|(name, tag)| state.find_manifest(name, &Reference::Tag(tag.clone())).is_some());
            let mut tags: Vec<Tag> = tags.into_iter().map(|(_, tag)| tag.clone()).collect();
            let chart = state.chart_of(&of);
            let versions = chart.iter().flat_map(|(_, chart)| &chart.versions);
            tags.extend(versions.filter_map(|version| Tag::of_version(&version.version)));
            tags.sort();
            tags.dedup();
            if view.tags(&of, None, usize::MAX).unwrap_or_default() != tags {
                self.fault(format!("{shown_by} shows other tags of {of} than {tags:?}"));
            }
            let listed = (state.registry.manifests.iter()).filter(|((name, _), _)| *name == of);
            let subjects: Vec<_> = listed.filter_map(|((_, digest), m)| Some((m.subject?, *digest))).collect();
            for (subject, _) in &subjects {
                let expected = subjects.iter().filter(|(of, _)| of == subject).map(|(_, digest)| *digest);
                let expected: Vec<_> = expected.collect();
                let shown = view.referrers(&of, *subject, None, None, usize::MAX);
                let shown: Vec<_> = shown.into_iter().map(|referrer| referrer.digest).collect();
                if shown != expected {
                    self.fault(format!("{shown_by} shows the referrers {shown:?} of {of}@{subject}, not {expected:?}"));
                }
            }
        }
    }
}
