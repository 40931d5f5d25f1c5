//! How every history ends: in calm, with replicas that agree, nothing stuck and nothing left over.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::Ordering;

use catalogue::{Catalogue, Options, layout};
use chart::oci::{ContentDigest, Reference, Tag};
use chart::{ChartVersion, Digest};
use rand::RngExt;
use storage::memory::MemoryStore;
use storage::{Key, ObjectStore};

use super::checks::index_tells;
use super::content::{Content, name, tag};
use super::corpus::Coordinates;
use super::pushes::registry_name;
use super::requests::Answer;
use super::world::{REPLICAS, World};
use crate::site::DAY;

impl World {
    pub async fn end(&mut self) {
        self.calm().await;
        self.hurry.store(true, Ordering::Relaxed);
        self.quiet().await;
        self.agree().await;
        for _ in 0..2 {
            self.wait(120).await;
            for at in 0..REPLICAS {
                self.settle(at).await;
            }
        }
        self.agree().await;
        let coordinates = self.coordinates.clone();
        for version in coordinates {
            if self.history().faults.is_empty() {
                self.use_again(&version).await;
            }
        }
        self.push_again().await;
        self.agree().await;
        self.let_go().await;
        self.fetch_all().await;
        self.start_anew().await;
    }

    /// Every replica shows what is now the end of the journal.
    async fn agree(&mut self) {
        self.history().follow();
        let end = self.history().state().sequence;
        for at in 0..REPLICAS {
            let Some(replica) = &self.replicas[at] else { continue };
            if let Err(error) = replica.catalogue.checked().await {
                self.history().fault(format!("replica {at} cannot look: {error}"));
            }
        }
        self.check();
        for (at, replica) in self.replicas.iter().enumerate() {
            let Some(replica) = replica else { continue };
            if replica.catalogue.status().sequence < end {
                self.history().fault(format!("replica {at} does not come to the end of the journal"));
            }
        }
    }

    async fn settle(&mut self, at: usize) {
        let Some(replica) = &self.replicas[at] else { return };
        match replica.catalogue.reconcile(true).await {
            Ok(report) => self.tell(format!("replica {at} settles: {report:?}")),
            Err(error) => self.history().fault(format!("replica {at} cannot reconcile: {error}")),
        }
    }

    /// Whatever happened to a version, it can be published, removed and restored.
    async fn use_again(&mut self, version: &Coordinates) {
        let at = self.rng.random_range(0..REPLICAS);
        let listed = self.listed(version);
        let name_taken = {
            let history = self.history();
            let other =
                history.state().repository(&version.repository).and_then(|r| r.version_of_file(&version.file()));
            other
                .is_some_and(|other| (other.name.as_str(), other.version.as_str()) != (&version.name, &version.version))
        };
        if name_taken {
            return;
        }
        if !listed {
            self.free_tag(version).await;
            let package = self.new_bytes(version);
            // a provenance that came before it is a conflict, if this one brings another
            let signed = {
                let history = self.history();
                let repository = history.state().repository(&version.repository);
                repository.is_some_and(|repository| repository.provenance(&version.file()).is_some())
            };
            let request = self.publish(at, version, package, signed);
            self.expect(request, Answer::Done).await;
        }
        let key = self.key_of(version);
        let request = self.remove(at, version);
        self.expect(request, Answer::Done).await;
        // without a window the trash may be empty already
        let emptied = self.profile.trash_window.is_zero();
        if emptied || key.is_some_and(|key| self.history().touched_by_hand.contains(&key)) {
            return;
        }
        let request = self.restore(at, version);
        self.expect(request, Answer::Done).await;
        let other = self.rng.random_range(0..REPLICAS);
        let Some(replica) = &self.replicas[other] else { return };
        let Ok(fresh) = replica.catalogue.fresh().await else { return };
        let repository = fresh.view.state.repository(&version.repository).cloned();
        let listed = repository.and_then(|repository| repository.version(&version.name, &version.version).cloned());
        match listed.map(|listed| (&listed.package).into()) {
            None => self.history().fault(format!("{version:?} is restored and not there")),
            Some(location) => {
                if let Err(error) = replica.catalogue.load(&location).await {
                    self.history().fault(format!("{version:?} cannot be loaded: {error}"));
                }
            }
        }
    }

    /// An artifact has the tag that the version would have: that is deleted.
    async fn free_tag(&mut self, version: &Coordinates) {
        let of = registry_name(version);
        let Some(tag) = ChartVersion::parse(&version.version).ok().and_then(|version| Tag::of_version(&version)) else {
            return;
        };
        if self.history().state().find_manifest(&of, &Reference::Tag(tag.clone())).is_none() {
            return;
        }
        self.send(0, |mut pusher| async move {
            if let Err(error) = pusher.delete(&of, &Reference::Tag(tag)).await {
                pusher.fault(format!("in calm a tag of {of} cannot be deleted: {error}"));
            }
        });
        self.quiet().await;
    }

    /// Whatever happened in the registry, an artifact can be pushed, is seen by everybody, and can be deleted.
    async fn push_again(&mut self) {
        let to = name("image");
        let content = Content::artifact(self.rng.random(), None);
        let sent = content.clone();
        self.send(0, |mut pusher| async move {
            let of = name("image");
            for again in [false, true] {
                if let Err(error) = pusher.artifact(&of, &sent, &[tag("latest"), tag("last")]).await {
                    pusher.fault(format!("in calm an artifact cannot be pushed: {error}"));
                }
                if !again && let Err(error) = pusher.delete(&of, &Reference::Digest(sent.digest)).await {
                    pusher.fault(format!("in calm an artifact cannot be deleted: {error}"));
                }
            }
        });
        self.quiet().await;
        for at in 0..REPLICAS {
            let Some(replica) = &self.replicas[at] else { continue };
            let catalogue = replica.catalogue.clone();
            let Ok(fresh) = catalogue.fresh().await else { continue };
            for tag in ["latest", "last"].map(tag) {
                let found = fresh.view.manifest(&to, &Reference::Tag(tag));
                if found.is_none_or(|found| found.digest != content.digest) {
                    self.history().fault(format!("replica {at} does not show what was just pushed"));
                }
            }
        }
    }

    /// Everything that the registry has can be fetched.
    async fn fetch_all(&mut self) {
        let Some(replica) = &self.replicas[0] else { return };
        let catalogue = replica.catalogue.clone();
        let Ok(fresh) = catalogue.fresh().await else { return };
        let (view, registry) = (&fresh.view, &fresh.view.state.registry);
        let touched = self.history().touched_by_hand.clone();
        let is_ours = |digest: &ContentDigest| {
            registry.contents.get(digest).is_some_and(|content| !touched.contains(&content.object.key))
        };
        for (name, digest) in registry.blobs.keys().filter(|(_, digest)| is_ours(digest)) {
            let found = view.blob(name, *digest).expect("the name has it");
            let loaded = catalogue.load_blob(&found, None).await;
            if !loaded.as_ref().is_ok_and(|bytes| digest.matches(bytes)) {
                self.history().fault(format!("{name}@{digest} cannot be fetched: {loaded:?}"));
            }
            if !registry.is_needed(name, *digest) {
                self.history().fault(format!("nothing needs {digest} of {name}, and it is there"));
            }
        }
        for (name, digest) in registry.manifests.keys().filter(|(_, digest)| is_ours(digest)) {
            let Some(found) = view.manifest(name, &Reference::Digest(*digest)) else { continue };
            let loaded = catalogue.load_manifest(&found).await;
            if !loaded.as_ref().is_ok_and(|bytes| digest.matches(bytes)) {
                self.history().fault(format!("{name}@{digest} cannot be fetched: {loaded:?}"));
            }
        }
    }

    async fn expect(&mut self, request: Option<usize>, expected: Answer) {
        self.quiet().await;
        self.check();
        let Some(request) = request else { return self.history().fault("nobody could be asked".to_owned()) };
        let (answer, wish) = {
            let history = self.history();
            let request = &history.requests.all[request];
            (request.answer, request.wish.clone())
        };
        if answer != expected {
            self.history().fault(format!("in calm {wish:?} is answered {answer:?}"));
        }
    }

    fn listed(&self, version: &Coordinates) -> bool {
        self.key_of(version).is_some()
    }

    fn key_of(&self, version: &Coordinates) -> Option<Key> {
        let history = self.history();
        let repository = history.state().repository(&version.repository)?;
        Some(repository.version(&version.name, &version.version)?.package.key.clone())
    }

    /// After all windows only what something refers to is left below our folder, and no removed file lies about.
    async fn let_go(&mut self) {
        for _ in 0..4 {
            self.wait(40 * DAY).await;
            let at = self.rng.random_range(0..REPLICAS);
            let Some(replica) = &self.replicas[at] else { continue };
            let collected = replica.catalogue.collect().await;
            self.tell(format!("replica {at} collects: {collected:?}"));
            if let Err(error) = collected {
                self.history().fault(format!("replica {at} cannot collect: {error}"));
            }
            self.check();
        }
        let state = self.history().state().clone();
        let mut referenced = BTreeSet::new();
        for repository in state.repositories.values() {
            let versions = repository.charts.values().flat_map(|chart| &chart.versions);
            let missing = repository.files.values().filter_map(|facts| facts.missing.as_ref());
            for version in versions.chain(missing) {
                referenced.insert(version.package.key.clone());
                // a manifest of the version names them
                referenced.extend(version.made.provenances().map(|provenance| provenance.key.clone()));
            }
            for facts in repository.files.values() {
                referenced.extend(facts.provenance.iter().map(|provenance| provenance.stored.key.clone()));
            }
        }
        referenced.extend(state.registry.objects().map(|(_, object)| object.key.clone()));
        let keys = self.history().keys();
        for key in keys {
            let text = key.as_str();
            let kept = ["format.json", "clock.json", "journal/", "snapshots/"].map(|name| format!(".chandlery/{name}"));
            let kept = kept.iter().any(|kept| text.starts_with(kept.as_str()));
            let explained = kept || referenced.contains(&key) || (layout::is_flat(&key) && self.may_lie_about(&key));
            if !explained {
                self.history().fault(format!("{key} is left over"));
            }
        }
    }

    /// Flat files are people's too: what they laid there stays, and so does what was overwritten.
    fn may_lie_about(&self, key: &Key) -> bool {
        let history = self.history();
        let unknown = || history.read(key).is_some_and(|bytes| history.requests.is_unknown(Digest::of(&bytes)));
        key.as_str().ends_with(layout::PROVENANCE_SUFFIX)
            || history.touched_by_hand.contains(key)
            || history.left.contains(key)
            || unknown()
    }

    /// A replica that begins with nothing, and one that has only the journal, come to the same.
    async fn start_anew(&mut self) {
        self.check();
        let state = self.history().state().clone();
        let faults = index_tells(&state);
        self.history().faults.extend(faults);
        let only_journal = MemoryStore::new();
        let keys = self.history().keys();
        for key in keys {
            if !key.as_str().starts_with(layout::snapshot_folder().as_str()) {
                let bytes = self.history().read(&key).unwrap();
                only_journal.put(&key, bytes).await.unwrap();
            }
        }
        for (name, store) in [("with snapshots", self.store.clone()), ("from the journal", only_journal)] {
            let options = Options {
                follow_interval: std::time::Duration::ZERO,
                reconcile_interval: std::time::Duration::ZERO,
                clock: Arc::new(self.clocks[0].clone()),
                ..Options::default()
            };
            match Catalogue::open(Arc::new(store), options).await {
                Ok(replica) => {
                    self.check_other(&replica, name);
                    if replica.status().sequence != state.sequence {
                        self.history().fault(format!("a start {name} does not come to the end of the journal"));
                    }
                }
                Err(error) => self.history().fault(format!("a start {name} fails: {error}")),
            }
        }
    }
}
