use std::sync::Arc;

use catalogue::{Catalogue, CommitError, LEVEL, OpenError, PublishOutcome};
use storage::ObjectStore;
use storage::faulty::{Faulty, Plan};

use crate::packages::package;
use crate::site::{Site, bytes, index_text, overwrite, publish, root, version};

#[tokio::test(start_paused = true)]
async fn what_one_replica_answered_every_other_shows() {
    let site = Site::new();
    let (here, there) = (site.replica().await, site.replica().await);
    for n in 0..5 {
        let (one, other) = if n % 2 == 0 { (&here, &there) } else { (&there, &here) };
        let package = package("web", &format!("1.{n}.0"), "");
        publish(one, &package).await.unwrap();
        let view = other.fresh().await.unwrap();
        assert!(view.stale.is_none());
        let found = view.view.state.repository(&root()).unwrap().version("web", &format!("1.{n}.0")).cloned();
        assert_eq!(found.unwrap().package.digest, package.digest());
        assert_eq!(index_text(one, &root()).await, index_text(other, &root()).await);
    }
    here.remove(&root(), "web", "1.0.0").await.unwrap();
    assert_eq!(version(&there, "web", "1.0.0").await, None);
    assert_eq!(here.view().state, there.view().state);
    let etags = [&here, &there].map(|replica| {
        let view = replica.view();
        view.repository(&root()).unwrap().index().etag.clone()
    });
    assert_eq!(etags[0], etags[1]);
}

#[tokio::test(start_paused = true)]
async fn one_of_two_replicas_wins_a_version() {
    let site = Site::new();
    let (here, there) = (site.replica().await, site.replica().await);
    for n in 0..5 {
        let text = format!("1.{n}.0");
        let (one, other) = (package("web", &text, "one"), package("web", &text, "other"));
        let (one, other) = tokio::join!(publish(&here, &one), publish(&there, &other));
        let created = [&one, &other].iter().filter(|answer| **answer == &Ok(PublishOutcome::Created)).count();
        let refused = [&one, &other].iter().filter(|answer| **answer == &Err(CommitError::Exists)).count();
        assert_eq!((created, refused), (1, 1), "{one:?} {other:?}");
    }
    here.checked().await.unwrap();
    there.checked().await.unwrap();
    assert_eq!(here.view().state, there.view().state);
}

#[tokio::test(start_paused = true)]
async fn both_of_two_overwrites_happen_one_after_the_other() {
    let site = Site::new();
    let (here, there) = (site.replica().await, site.replica().await);
    publish(&here, &package("web", "1.0.0", "")).await.unwrap();
    let (one, other) = (package("web", "1.0.0", "one"), package("web", "1.0.0", "other"));
    let (first, second) = tokio::join!(overwrite(&here, &one), overwrite(&there, &other));
    assert_eq!((first, second), (Ok(PublishOutcome::Replaced), Ok(PublishOutcome::Replaced)));
    let now = bytes(&here, "web", "1.0.0").await.unwrap();
    assert!(now == one.bytes() || now == other.bytes());
    assert_eq!(bytes(&there, "web", "1.0.0").await.unwrap(), now);
}

#[tokio::test(start_paused = true)]
async fn a_storage_that_is_down_changes_nothing_and_is_no_refusal() {
    let site = Site::new();
    let store = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(store.clone(), site.options()).await.unwrap();
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    store.set_plan(Plan::down());
    let late = package("web", "1.1.0", "");
    assert!(matches!(publish(&replica, &late).await, Err(CommitError::Unavailable(_))));
    assert!(matches!(replica.remove(&root(), "web", "1.0.0").await, Err(CommitError::Unavailable(_))));
    assert!(matches!(replica.reconcile(true).await, Err(CommitError::Unavailable(_))));
    replica.fresh().await.unwrap_err();
    assert_eq!(replica.status().degraded.len(), 1);
    let opened = Catalogue::open(store.clone(), site.options()).await;
    assert!(matches!(opened.err(), Some(OpenError::Storage(_))));
    store.set_plan(Plan::none());
    assert_eq!(publish(&replica, &late).await, Ok(PublishOutcome::Created));
    assert!(replica.status().degraded.is_empty());
    assert_eq!(replica.view().state.version_count(), 2);
}

/// Puts a journal entry in place of the next one, as a newer program or another history would.
async fn forge(site: &Site, change: impl FnOnce(&mut serde_json::Value)) {
    let keys = site.keys(".chandlery/journal/").await;
    let last = keys.last().unwrap();
    let mut entry: serde_json::Value = serde_json::from_slice(&site.bytes(last).await).unwrap();
    let sequence = entry["sequence"].as_u64().unwrap() + 1;
    entry["previous"] = entry["id"].clone();
    entry["id"] = serde_json::json!("00000000-0000-4000-8000-000000000001");
    entry["sequence"] = serde_json::json!(sequence);
    entry["changes"] = serde_json::json!([]);
    change(&mut entry);
    let key = crate::site::key(&format!(".chandlery/journal/{sequence:020}.json"));
    site.store.put_new(&key, serde_json::to_vec(&entry).unwrap().into()).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_fork_of_the_journal_stops_a_replica() {
    let site = Site::new();
    let replica = site.replica().await;
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    forge(&site, |entry| entry["previous"] = serde_json::json!("00000000-0000-4000-8000-000000000002")).await;
    let refused = publish(&replica, &package("web", "1.1.0", "")).await;
    assert!(matches!(refused, Err(CommitError::Unavailable(_))), "{refused:?}");
    let status = replica.status();
    assert!(status.not_ready.iter().any(|reason| reason.contains("forked")), "{status:?}");
    assert!(Catalogue::open(Arc::new(site.store.clone()), site.options()).await.is_err());
}

#[tokio::test(start_paused = true)]
async fn a_level_of_the_future_stops_a_replica() {
    let site = Site::new();
    let replica = site.replica().await;
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    forge(&site, |entry| entry["changes"] = serde_json::json!([{"level-raised": {"level": LEVEL + 1}}])).await;
    replica.fresh().await.unwrap_err();
    let status = replica.status();
    assert!(status.not_ready.iter().any(|reason| reason.contains(&format!("at level {}", LEVEL + 1))), "{status:?}");
    assert_eq!(replica.view().state.level, LEVEL);
}

#[tokio::test(start_paused = true)]
async fn an_entry_of_an_unknown_kind_stops_a_replica() {
    let site = Site::new();
    let replica = site.replica().await;
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    forge(&site, |entry| entry["changes"] = serde_json::json!([{"chart-praised": {}}])).await;
    replica.fresh().await.unwrap_err();
    assert_eq!(replica.status().not_ready.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn a_journal_without_its_format_file_is_not_opened() {
    let site = Site::new();
    publish(&site.replica().await, &package("web", "1.0.0", "")).await.unwrap();
    site.take_away(".chandlery/format.json").await;
    let opened = Catalogue::open(Arc::new(site.store.clone()), site.options()).await;
    assert!(matches!(opened.err(), Some(OpenError::Format(_))));
}
