//! A process dies, or a call fails, at the k-th storage call of an operation, for every k, before and after the call's
//! effect. What is left must be the operation or nothing of it, and it can be done again.

mod chores;
mod refused;
mod registry;
mod sessions;
mod uploads;

use std::path::PathBuf;
use std::sync::Arc;

use catalogue::{Catalogue, Options};
use chart::oci::Reference;
use storage::faulty::{Effect, Faulty, Plan};
use storage::memory::MemoryStore;

use crate::site::{DAY, Site};
use crate::time::pass;

/// What can be interrupted.
trait Operation {
    /// What is there before.
    async fn prepare(&self, site: &Site);

    /// Does it. `Some(true)` says that it is done, `Some(false)` that it is not and will not be.
    async fn perform(&self, replica: &Catalogue) -> Option<bool>;

    /// Whether it is done, by everything that one can see of it. Panics if it is done by half.
    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool;

    /// Does it again, after [`Operation::is_done`] gave `done`. Afterwards it is done.
    async fn repeat(&self, replica: &Catalogue, done: bool);
}

type Process = Arc<Faulty<MemoryStore>>;

/// How the k-th call goes wrong.
#[derive(Debug, Clone, Copy)]
enum Fault {
    /// The process dies there.
    Crash,
    /// The call is answered by a failure.
    Fail,
}

impl Fault {
    fn at(self, call: u64, effect: Effect) -> Plan {
        match self {
            Self::Crash => Plan::crash_at(call, effect),
            Self::Fail => Plan::fail_at(call, effect),
        }
    }
}

async fn prepared(operation: &impl Operation, disk: Option<PathBuf>) -> (Site, Process, Catalogue) {
    let site = Site::new();
    operation.prepare(&site).await;
    let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let options = Options { database: disk, ..site.options() };
    let replica = Catalogue::open(process.clone(), options).await.unwrap();
    (site, process, replica)
}

/// Runs the operation without faults and returns how many calls it makes.
async fn calls(operation: &impl Operation) -> u64 {
    let (site, process, replica) = prepared(operation, None).await;
    let before = process.calls();
    assert_eq!(operation.perform(&replica).await, Some(true));
    let calls = process.calls() - before;
    assert!(operation.is_done(&site, &replica).await);
    calls
}

/// Interrupts the operation at every call, in every way.
async fn interrupt_everywhere(operation: &impl Operation) {
    let calls = calls(operation).await;
    assert!(calls > 0);
    for (fault, disk) in [(Fault::Crash, false), (Fault::Fail, false), (Fault::Crash, true)] {
        for effect in [Effect::Before, Effect::After] {
            for call in 1..=calls {
                let what = format!("{fault:?} {effect:?} call {call} of {calls}, with a disk: {disk}");
                interrupt(operation, fault.at(call, effect), disk, &what).await;
            }
        }
    }
}

async fn interrupt(operation: &impl Operation, plan: Plan, disk: bool, what: &str) {
    let folder = disk.then(|| tempfile::tempdir().unwrap());
    let disk = |name| folder.as_ref().map(|folder| folder.path().join(name));
    let (site, process, replica) = prepared(operation, disk("before")).await;
    process.set_plan(plan);
    let answer = tokio::select! {
        biased;
        answer = operation.perform(&replica) => answer,
        _ = process.crashed() => None,
    };
    drop(replica);

    pass(61).await;
    if let (Some(before), Some(after)) = (disk("before"), disk("after")) {
        // what was killed here does not let go of its files
        crate::disk::copy(&before, &after);
    }
    let options = Options { database: disk("after"), ..site.options() };
    let replica = Catalogue::open(Arc::new(site.store.clone()), options).await.unwrap();
    settle(&replica).await;
    let done = operation.is_done(&site, &replica).await;
    assert!(answer.is_none_or(|answer| answer == done), "{what}: answered {answer:?}, done: {done}");
    operation.repeat(&replica, done).await;
    assert!(operation.is_done(&site, &replica).await, "{what}: not done when done again");
    everything_loads(&replica).await;
    nothing_is_left_over(&site, &replica, what).await;
    let anew = site.replica().await;
    assert_eq!(anew.view().state, replica.view().state, "{what}");
}

/// Two reconciles, a minute apart, and a collect.
async fn settle(replica: &Catalogue) {
    replica.reconcile(false).await.unwrap();
    pass(61).await;
    replica.reconcile(false).await.unwrap();
    replica.collect().await.unwrap();
}

async fn everything_loads(replica: &Catalogue) {
    let view = replica.checked().await.unwrap().view;
    for repository in view.state.repositories.values() {
        for version in repository.charts.values().flat_map(|chart| &chart.versions) {
            replica.load(&(&version.package).into()).await.unwrap();
        }
        for facts in repository.files.values() {
            if let Some(provenance) = &facts.provenance {
                replica.load(&(&provenance.stored).into()).await.unwrap();
            }
        }
    }
    let registry = &view.state.registry;
    for ((name, digest), pushed) in &registry.manifests {
        let found = view.manifest(name, &Reference::Digest(*digest)).unwrap();
        assert!(digest.matches(&replica.load_manifest(&found).await.unwrap()), "{name}@{digest}");
        for blob in &pushed.blobs {
            assert!(view.blob(name, *blob).is_some(), "{name}@{digest} needs {blob}");
        }
    }
    for (name, digest) in registry.blobs.keys() {
        let found = view.blob(name, *digest).unwrap();
        assert!(digest.matches(&replica.load_blob(&found, None).await.unwrap()), "{name}@{digest}");
    }
    for ((name, tag), digest) in &registry.tags {
        assert_eq!(view.manifest(name, &Reference::Tag(tag.clone())).unwrap().digest, *digest);
    }
}

/// After all windows the folder of objects holds only what is served, and the trash nothing.
async fn nothing_is_left_over(site: &Site, replica: &Catalogue, what: &str) {
    // a package, the manifest that names it, what that needs, and their objects go one after another
    for _ in 0..5 {
        pass(9 * DAY).await;
        replica.collect().await.unwrap();
    }
    everything_loads(replica).await;
    let view = replica.view();
    let mut served = Vec::new();
    for repository in view.state.repositories.values() {
        let versions = repository.charts.values().flat_map(|chart| &chart.versions);
        for version in versions {
            served.push(version.package.key.to_string());
            served.extend(version.made.provenances().map(|provenance| provenance.key.to_string()));
        }
        let provenances = repository.files.values().filter_map(|facts| facts.provenance.as_ref());
        served.extend(provenances.map(|provenance| provenance.stored.key.to_string()));
    }
    served.extend(view.state.registry.objects().map(|(_, object)| object.key.to_string()));
    for ((name, digest), _) in &view.state.registry.blobs {
        assert!(view.state.registry.is_needed(name, *digest), "{what}: nothing needs {digest} of {name}");
    }
    for key in site.keys(".chandlery/objects/").await {
        assert!(served.contains(&key), "{what}: {key} is left over");
    }
    for folder in ["trash", "uploads"] {
        let left = site.keys(&format!(".chandlery/{folder}/")).await;
        assert!(left.is_empty(), "{what}: {left:?} are left");
    }
}
