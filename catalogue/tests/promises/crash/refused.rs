//! An upload writes its files and is then refused, because the version came in under another file's name.

use std::sync::Arc;

use catalogue::{Catalogue, CommitError, PublishOutcome};
use storage::faulty::{Effect, Faulty, Plan};

use super::settle;
use crate::packages::{package, provenance};
use crate::site::{Site, bytes, publish, root, version};
use crate::time::pass;

/// Runs the upload with this plan. Returns how many calls it made.
async fn refuse(plan: Plan, what: &str) -> u64 {
    let (theirs, ours) = (package("web", "1.0.0", "theirs"), package("web", "1.0.0", "ours"));
    let (signed, signature) = provenance(&ours, 1);
    let site = Site::new();
    let other = site.replica().await;
    let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(process.clone(), site.options()).await.unwrap();
    site.place("foreign.tgz", theirs.bytes().clone()).await;
    pass(61).await;
    other.reconcile(false).await.unwrap();

    let before = process.calls();
    process.set_plan(plan);
    let repository = root();
    let answer = tokio::select! {
        biased;
        answer = replica.publish(&repository, &ours, Some((&signed, signature)), false) => Some(answer),
        _ = process.crashed() => None,
    };
    let calls = process.calls() - before;
    assert!(!matches!(answer, Some(Ok(_))), "{what}");
    drop(replica);

    pass(61).await;
    settle(&other).await;
    assert_eq!(bytes(&other, "web", "1.0.0").await.unwrap(), theirs.bytes());
    if let Some(Err(CommitError::Exists)) = answer {
        let view = other.view();
        let provenance = view.state.repository(&repository).unwrap().provenance("web-1.0.0.tgz");
        assert_eq!(provenance, None, "{what}");
    }
    other.remove(&repository, "web", "1.0.0").await.unwrap();
    settle(&other).await;
    assert_eq!(version(&other, "web", "1.0.0").await, None, "{what}: a refused upload came after all");
    assert_eq!(publish(&other, &ours).await, Ok(PublishOutcome::Created), "{what}");
    calls
}

#[tokio::test(start_paused = true)]
async fn a_refused_upload_leaves_nothing_wherever_it_is_interrupted() {
    let calls = refuse(Plan::none(), "no fault").await;
    assert!(calls > 8, "only {calls} calls: it was not refused after its put");
    for effect in [Effect::Before, Effect::After] {
        for call in 1..=calls {
            refuse(Plan::crash_at(call, effect), &format!("crash {effect:?} call {call}")).await;
            refuse(Plan::fail_at(call, effect), &format!("failure {effect:?} call {call}")).await;
        }
    }
}
