//! What clients and operators ask of a replica.

use catalogue::{Catalogue, CommitError, PublishOutcome, Terms, Upload};
use chart::{Digest, Package};
use rand::RngExt;

use super::corpus::{self, Coordinates, RACERS};
use super::requests::{Answer, Wish};
use super::world::{REPLICAS, World};
use crate::packages::provenance;

impl World {
    fn ask<F>(&mut self, at: usize, wish: Wish, call: impl FnOnce(Catalogue) -> F) -> Option<usize>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        self.ask_all(at, vec![wish], call).map(|requests| requests[0])
    }

    /// Several wishes that one call fulfils, and that have one answer.
    fn ask_all<F>(&mut self, at: usize, wishes: Vec<Wish>, call: impl FnOnce(Catalogue) -> F) -> Option<Vec<usize>>
    where
        F: Future<Output = Answer> + Send + 'static,
    {
        let life = self.replicas[at].as_ref()?.life;
        let mut requests = Vec::new();
        for wish in wishes {
            self.tell(format!("replica {at} is asked"));
            requests.push(self.history().begin(life, wish));
        }
        let asked = requests.clone();
        self.spawn(at, |catalogue, history| {
            let answer = call(catalogue);
            async move {
                let answer = answer.await;
                let mut history = history.lock().unwrap();
                for request in asked {
                    history.end(request, answer);
                }
            }
        });
        Some(requests)
    }

    /// An upload, with a provenance now and then.
    pub fn publish(
        &mut self,
        at: usize,
        to: &Coordinates,
        package: &'static Package,
        overwrite: bool,
    ) -> Option<usize> {
        self.count += 1;
        let signed = self.rng.random_bool(0.3).then(|| provenance(package, self.count));
        let wish = Wish::Publish {
            at: to.clone(),
            digest: package.digest(),
            provenance: signed.as_ref().map(|(_, bytes)| Digest::of(bytes)),
            overwrite,
        };
        let upload = Upload { packages: vec![package.clone()], provenances: signed.into_iter().collect() };
        self.upload(at, vec![wish], to, upload, overwrite).map(|requests| requests[0])
    }

    /// An upload of two new packages with their provenances: both or none.
    pub fn form(&mut self, at: usize) {
        let number = self.history().requests.forms.len();
        let Some(packages) = corpus::form(number) else { return };
        let repository = self.coordinates[0].repository.clone();
        let mut upload = Upload { packages: packages.to_vec(), provenances: Vec::new() };
        let mut wishes = Vec::new();
        for package in packages {
            self.count += 1;
            let (signed, bytes) = provenance(package, self.count);
            let at = Coordinates::of(&repository, package.name(), package.version());
            let provenance = Some(Digest::of(&bytes));
            wishes.push(Wish::Publish { at, digest: package.digest(), provenance, overwrite: false });
            upload.provenances.push((signed, bytes));
        }
        let to = Coordinates::of(&repository, packages[0].name(), packages[0].version());
        self.history().requests.forms.push([0, 1].map(|n: usize| packages[n].digest()));
        self.upload(at, wishes, &to, upload, false);
    }

    fn upload(
        &mut self,
        at: usize,
        wishes: Vec<Wish>,
        to: &Coordinates,
        upload: Upload,
        overwrite: bool,
    ) -> Option<Vec<usize>> {
        let repository = to.repository.clone();
        let versions_per_chart = self.profile.versions_per_chart;
        self.ask_all(at, wishes, move |catalogue| async move {
            let terms = Terms { versions_per_chart, ..Terms::overwriting(overwrite) };
            match catalogue.upload(&repository, upload, terms).await {
                Ok(PublishOutcome::Created) => Answer::Done,
                Ok(PublishOutcome::Replaced) => Answer::Replaced,
                Err(error) => refusal(&error),
            }
        })
    }

    /// Several clients upload other bytes of a new version at once.
    pub fn race(&mut self) {
        let race = self.history().requests.races.len();
        let Some(first) = corpus::racer(race, 0) else { return };
        let to = Coordinates::of(&self.coordinates[0].repository, first.name(), first.version());
        let clients = self.rng.random_range(2..=RACERS);
        let racers: Vec<_> = (0..clients)
            .filter_map(|client| {
                let at = self.rng.random_range(0..REPLICAS);
                self.publish(at, &to, corpus::racer(race, client)?, false)
            })
            .collect();
        self.history().requests.races.push(racers);
    }

    pub fn sign(&mut self, at: usize, to: &Coordinates) {
        self.count += 1;
        let (signed, bytes) = provenance(corpus::variant(to, 0), self.count);
        let overwrite = self.rng.random_bool(0.5);
        let repository = to.repository.clone();
        self.ask(at, Wish::Sign { digest: Digest::of(&bytes) }, |catalogue| async move {
            done(catalogue.publish_provenance(&repository, &signed, bytes, overwrite).await)
        });
    }

    pub fn remove(&mut self, at: usize, what: &Coordinates) -> Option<usize> {
        let wish = Wish::Remove { at: what.clone() };
        let what = what.clone();
        self.ask(at, wish, |catalogue| async move {
            done(catalogue.remove(&what.repository, &what.name, &what.version).await)
        })
    }

    pub fn remove_chart(&mut self, at: usize, what: &Coordinates) {
        let what = Coordinates { version: String::new(), ..what.clone() };
        self.ask(at, Wish::RemoveChart { at: what.clone() }, |catalogue| async move {
            let removed = catalogue.remove_chart(&what.repository, &what.name).await;
            removed.map_or_else(|error| refusal(&error), Answer::Removed)
        });
    }

    pub fn restore(&mut self, at: usize, what: &Coordinates) -> Option<usize> {
        let wish = Wish::Restore { at: what.clone() };
        let what = what.clone();
        self.ask(at, wish, |catalogue| async move {
            done(catalogue.restore(&what.repository, &what.name, &what.version).await)
        })
    }

    /// Reads an index and one package of it. What was in the journal when the read began is in what it shows.
    pub fn read(&mut self, at: usize) {
        let dice: usize = self.rng.random_range(0..1000);
        self.spawn(at, |catalogue, history| async move {
            let began = {
                let mut history = history.lock().unwrap();
                history.follow();
                history.state().sequence
            };
            let Ok(fresh) = catalogue.fresh().await else { return };
            let state = &fresh.view.state;
            if fresh.stale.is_none() && state.sequence < began {
                let fault = format!("a read that began at entry {began} shows entry {}", state.sequence);
                history.lock().unwrap().fault(fault);
            }
            let charts = state.repositories.values().flat_map(|repository| repository.charts.values());
            let versions: Vec<_> = charts.flat_map(|chart| &chart.versions).collect();
            if versions.is_empty() {
                return;
            }
            let package = &versions[dice % versions.len()].package;
            if let Ok(bytes) = catalogue.load(&package.into()).await
                && Digest::of(&bytes) != package.digest
            {
                history.lock().unwrap().fault(format!("{} is served with other bytes", package.key));
            }
        });
    }

    pub fn reconcile(&mut self, at: usize, times: usize) {
        self.tell(format!("replica {at} reconciles, {times} times"));
        self.spawn(at, move |catalogue, history| async move {
            for _ in 0..times {
                let report = catalogue.reconcile(false).await;
                history.lock().unwrap().tell(format!("    reconciled: {report:?}"));
            }
        });
    }

    pub fn collect(&mut self, at: usize) {
        self.tell(format!("replica {at} collects"));
        self.spawn(at, |catalogue, history| async move {
            let deleted = catalogue.collect().await;
            history.lock().unwrap().tell(format!("    collected: {deleted:?}"));
        });
    }

    pub fn write_snapshot(&mut self, at: usize) {
        self.tell(format!("replica {at} writes a snapshot"));
        self.spawn(at, |catalogue, _| async move {
            let _ = catalogue.write_snapshot().await;
        });
    }
}

fn done(outcome: Result<(), CommitError>) -> Answer {
    outcome.map_or_else(|error| refusal(&error), |()| Answer::Done)
}

fn refusal(error: &CommitError) -> Answer {
    match error {
        CommitError::Unavailable(_) => Answer::Unknown,
        _ => Answer::Refused,
    }
}
