//! What replicas do by themselves.

use std::sync::Arc;

use catalogue::{Catalogue, CommitError, State};
use storage::faulty::{Effect, Faulty, Plan};

use super::{Operation, everything_loads, interrupt_everywhere, settle};
use crate::packages::{package, provenance};
use crate::site::{DAY, Site, bytes, overwrite, publish, publish_signed, root, version};
use crate::time::pass;

/// Chores are never refused.
fn told<T>(answer: Result<T, CommitError>) -> Option<bool> {
    answer.ok().map(|_| true)
}

struct Snapshot;

impl Operation for Snapshot {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        for n in 0..3 {
            publish(&replica, &package("web", &format!("1.{n}.0"), "")).await.unwrap();
            replica.write_snapshot().await.unwrap();
        }
        publish(&replica, &package("web", "2.0.0", "")).await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(replica.write_snapshot().await)
    }

    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool {
        assert_eq!(replica.view().state.version_count(), 4);
        let snapshots = site.keys(".chandlery/snapshots/").await;
        let newest = format!("{:020}.ndjson.zst", replica.view().state.sequence);
        snapshots.len() == 2 && snapshots[1].ends_with(&newest)
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        replica.write_snapshot().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_is_there_or_not() {
    interrupt_everywhere(&Snapshot).await;
}

/// A file changed in its place is taken in as a copy.
struct Copying;

impl Operation for Copying {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        publish_signed(&replica, &package("web", "1.0.0", "ours"), 1).await;
        site.place("web-1.0.0.tgz", package("web", "1.0.0", "theirs").bytes().clone()).await;
        pass(61).await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(replica.reconcile(false).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let theirs = package("web", "1.0.0", "theirs");
        version(replica, "web", "1.0.0").await.unwrap().package.digest == theirs.digest()
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert!(done, "a reconcile after the crash has done it");
        assert!(replica.reconcile(false).await.unwrap().adopted.is_empty());
    }
}

#[tokio::test(start_paused = true)]
async fn a_changed_file_is_taken_in_once() {
    interrupt_everywhere(&Copying).await;
}

/// Windows that end, objects that nothing refers to, and what was discarded: `days` after all of it was let go.
struct Collect {
    days: u64,
}

impl Operation for Collect {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        for note in ["1", "2", "3"] {
            overwrite(&replica, &package("web", "1.0.0", note)).await.unwrap();
        }
        publish_signed(&replica, &package("gone", "1.0.0", ""), 1).await;
        replica.remove(&root(), "gone", "1.0.0").await.unwrap();
        site.place(".chandlery/objects/ab/ab0123/left-1.0.0.tgz", "left").await;
        pass(7 * DAY + 60).await;
        for _ in 0..self.days {
            replica.collect().await.unwrap();
            pass(DAY + 60).await;
        }
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(replica.collect().await)
    }

    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool {
        let newest = package("web", "1.0.0", "3");
        assert_eq!(bytes(replica, "web", "1.0.0").await.unwrap(), newest.bytes());
        assert_eq!(site.bytes("web-1.0.0.tgz").await, package("web", "1.0.0", "1").bytes());
        let state = &replica.view().state;
        let objects = site.keys(".chandlery/objects/").await.len();
        match self.days {
            0 => {
                state.repositories.values().all(|repository| repository.trash.is_empty()) && state.discarded.len() == 1
            }
            1 => state.discarded.len() == 2,
            _ => objects == 1,
        }
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert!(done, "a collect after the crash has done it");
        replica.collect().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_let_go_is_let_go_once() {
    for days in 0..3 {
        interrupt_everywhere(&Collect { days }).await;
    }
}

async fn lie_there(site: &Site) {
    let (web, signed) = (package("web", "1.0.0", ""), package("signed", "1.0.0", ""));
    site.place("web-1.0.0.tgz", web.bytes().clone()).await;
    site.place("web-again.tgz", web.bytes().clone()).await;
    site.place("signed-1.0.0.tgz", signed.bytes().clone()).await;
    site.place("signed-1.0.0.tgz.prov", provenance(&signed, 1).1).await;
    site.place("team/a/web-2.0.0.tgz", package("web", "2.0.0", "").bytes().clone()).await;
    site.place("broken-1.0.0.tgz", "no package").await;
    site.place("index-cache.yaml", "entries: {}").await;
    pass(5).await;
}

/// What a state serves and knows, whichever entries it came by.
fn contents(state: &State) -> Vec<String> {
    let mut contents = Vec::new();
    for (path, repository) in &state.repositories {
        for version in repository.charts.values().flat_map(|chart| &chart.versions) {
            contents.push(format!("{path} {version:?}"));
        }
        contents.extend(repository.files.iter().map(|(file, facts)| format!("{path} {file} {facts:?}")));
    }
    contents
}

#[tokio::test(start_paused = true)]
async fn a_first_adoption_goes_on_where_it_was() {
    let site = Site::new();
    lie_there(&site).await;
    let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let whole = Catalogue::open(process.clone(), site.options()).await.unwrap();
    let expected = contents(&whole.view().state);
    assert_eq!(whole.view().state.version_count(), 3);

    for effect in [Effect::Before, Effect::After] {
        for call in 1..=process.calls() {
            for plan in [Plan::crash_at(call, effect), Plan::fail_at(call, effect)] {
                let site = Site::new();
                lie_there(&site).await;
                let process = Arc::new(Faulty::new(site.store.clone(), plan));
                tokio::select! {
                    biased;
                    opened = Catalogue::open(process.clone(), site.options()) => drop(opened),
                    _ = process.crashed() => {}
                }
                let replica = site.replica().await;
                assert!(replica.view().state.adopted);
                assert_eq!(contents(&replica.view().state), expected, "{effect:?} call {call}");
                settle(&replica).await;
                everything_loads(&replica).await;
                assert_eq!(contents(&replica.view().state), expected, "{effect:?} call {call}, settled");
            }
        }
    }
}

/// A package that went bad is given the bytes that the trash has.
struct Mending;

impl Operation for Mending {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        let package = package("web", "1.0.0", "");
        publish_signed(&replica, &package, 1).await;
        replica.remove(&root(), "web", "1.0.0").await.unwrap();
        publish_signed(&replica, &package, 2).await;
        let place = version(&replica, "web", "1.0.0").await.unwrap().package.key.clone();
        site.place(place.as_str(), "spoilt").await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        // what was not read is not mended, and is told apart
        replica.scrub(false, Arc::new(|_, _| {})).await.ok().map(|report| report.repaired.len() == 1)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let version = version(replica, "web", "1.0.0").await.unwrap();
        assert!(replica.view().state.repository(&root()).unwrap().provenance("web-1.0.0.tgz").is_some());
        replica.load(&(&version.package).into()).await.is_ok()
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        let report = replica.scrub(false, Arc::new(|_, _| {})).await.unwrap();
        assert_eq!((report.repaired.len(), report.damaged.len()), (usize::from(!done), 0));
    }
}

#[tokio::test(start_paused = true)]
async fn what_went_bad_is_mended_once() {
    interrupt_everywhere(&Mending).await;
}
