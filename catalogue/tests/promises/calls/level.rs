//! A storage whose journal is raised to a level that not every replica knows.

use std::sync::Arc;

use catalogue::{Catalogue, CommitError, LEVEL, LevelReport, OpenError, Options, PublishOutcome};
use futures_util::future::join_all;
use serde_json::Value;

use crate::packages::package;
use crate::site::{DAY, Site, publish, root, version};
use crate::time::pass;

/// A replica of a later build, which knows one level more.
async fn later(site: &Site) -> Catalogue {
    open(site, Options { level: LEVEL + 1, ..site.options() }).await.unwrap()
}

async fn open(site: &Site, options: Options) -> Result<Catalogue, OpenError> {
    Catalogue::open(Arc::new(site.store.clone()), options).await
}

/// Why a storage cannot be opened.
async fn refused(site: &Site, options: Options) -> String {
    match open(site, options).await {
        Err(OpenError::Format(reason)) => reason,
        Err(error) => panic!("{error}"),
        Ok(replica) => panic!("it was opened at level {}", replica.view().state.level),
    }
}

fn needs_newer() -> String {
    format!("the storage is at level {} and this program knows level {LEVEL}: it needs a newer program", LEVEL + 1)
}

#[tokio::test(start_paused = true)]
async fn replicas_of_two_versions_serve_side_by_side_until_the_level_is_raised() {
    let site = Site::new();
    let (old, other) = (site.replica().await, site.replica().await);
    publish(&old, &package("web", "1.0.0", "")).await.unwrap();
    let new = later(&site).await;
    publish(&new, &package("web", "1.1.0", "")).await.unwrap();
    publish(&old, &package("web", "1.2.0", "")).await.unwrap();
    new.checked().await.unwrap();
    assert_eq!((new.view().state.level, new.view().state.clone()), (LEVEL, old.view().state.clone()));

    let dry = LevelReport { dry_run: true, before: LEVEL, level: LEVEL + 1 };
    let before = site.keys("").await;
    assert_eq!(new.raise_level(true).await, Ok(dry));
    assert_eq!(site.keys("").await, before);
    assert_eq!(new.raise_level(false).await, Ok(LevelReport { dry_run: false, ..dry }));
    publish(&new, &package("web", "1.3.0", "")).await.unwrap();
    assert_eq!(new.view().state.level, LEVEL + 1);

    // one that was not restarted serves what it knew to those who still ask, and changes nothing
    let before = site.keys("").await;
    for old in [&old, &other] {
        old.fresh().await.unwrap_err();
        assert_eq!(old.status().not_ready, [needs_newer()]);
        assert_eq!(old.view().state.version_count(), 3);
        let calls = [
            publish(old, &package("web", "2.0.0", "")).await.map(drop),
            old.remove(&root(), "web", "1.0.0").await,
            old.reconcile(true).await.map(drop),
            old.collect().await.map(drop),
            old.write_snapshot().await,
            old.raise_level(false).await.map(drop),
        ];
        assert!(calls.iter().all(|call| matches!(call, Err(CommitError::Unavailable(_)))), "{calls:?}");
    }
    assert_eq!(site.keys("").await, before);

    // one that is restarted as it was says why it does not start; as the new version it goes on
    assert_eq!(refused(&site, site.options()).await, needs_newer());
    old.close().await;
    let upgraded = later(&site).await;
    assert!(version(&upgraded, "web", "1.3.0").await.is_some());
    publish(&upgraded, &package("web", "1.4.0", "")).await.unwrap();
    new.checked().await.unwrap();
    assert_eq!(new.view().state, upgraded.view().state);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_stopped_following_reads_no_newer_snapshot_nor_catalogue() {
    let (site, disk) = (Site::new(), tempfile::tempdir().unwrap());
    let knowing = |level| Options { level, database: Some(disk.path().to_owned()), ..site.options() };
    let old = open(&site, knowing(LEVEL)).await.unwrap();
    publish(&old, &package("web", "1.0.0", "")).await.unwrap();
    old.close().await;
    let new = open(&site, knowing(LEVEL + 1)).await.unwrap();
    new.raise_level(false).await.unwrap();
    publish(&new, &package("web", "1.1.0", "")).await.unwrap();
    new.close().await;
    assert_eq!(refused(&site, knowing(LEVEL)).await, needs_newer(), "its own catalogue is of the new level");
    let new = open(&site, knowing(LEVEL + 1)).await.unwrap();
    new.write_snapshot().await.unwrap();
    assert_eq!(site.keys(".chandlery/snapshots/").await.len(), 1);
    new.close().await;
    assert_eq!(refused(&site, site.options()).await, needs_newer(), "the snapshot is of the new level");
    let new = open(&site, Options { level: LEVEL + 1, ..site.options() }).await.unwrap();
    assert_eq!((new.view().state.level, new.view().state.version_count()), (LEVEL + 1, 2));
}

#[tokio::test(start_paused = true)]
async fn the_entry_that_raises_the_level_ends_with_that() {
    let site = Site::new();
    publish(&site.replica().await, &package("web", "1.0.0", "")).await.unwrap();
    let new = later(&site).await;
    let packages: Vec<_> = (1..=6).map(|n| package("web", &format!("1.{n}.0"), "")).collect();
    let raise = async { new.raise_level(false).await.map(|report| assert!(report.is_higher())) };
    let publish = |n: usize| publish(&new, &packages[n]);
    let (first, raised, second) = tokio::join!(join_all((0..3).map(publish)), raise, join_all((3..6).map(publish)));
    raised.unwrap();
    assert!(first.iter().chain(&second).all(|answer| *answer == Ok(PublishOutcome::Created)));
    let mut raises = 0;
    for key in site.keys(".chandlery/journal/").await {
        let entry: Value = serde_json::from_slice(&site.bytes(&key).await).unwrap();
        let changes = entry["changes"].as_array().unwrap();
        let raising = changes.iter().position(|change| change.get("level-raised").is_some());
        if let Some(position) = raising {
            assert_eq!(position + 1, changes.len(), "{entry}");
            // a new storage begins with one to the level before
            raises += u32::from(changes[position]["level-raised"]["level"] == LEVEL + 1);
        }
    }
    assert_eq!(raises, 1);
    assert_eq!(later(&site).await.view().state, new.view().state);
}

#[tokio::test(start_paused = true)]
async fn a_level_in_force_is_not_raised_again() {
    let site = Site::new();
    let (one, other) = (later(&site).await, later(&site).await);
    let before = site.keys(".chandlery/journal/").await;
    for replica in [&one, &other, &one] {
        let report = replica.raise_level(false).await.unwrap();
        assert!(!report.is_higher());
        assert_eq!(report, LevelReport { dry_run: false, before: LEVEL + 1, level: LEVEL + 1 });
    }
    assert_eq!(site.keys(".chandlery/journal/").await, before);
}

#[tokio::test(start_paused = true)]
async fn a_new_storage_begins_at_the_newest_level() {
    let site = Site::new();
    assert_eq!(site.replica().await.view().state.level, LEVEL);
    let site = Site::new();
    site.place("web-1.0.0.tgz", package("web", "1.0.0", "").bytes().clone()).await;
    pass(DAY).await;
    let replica = later(&site).await;
    assert_eq!((replica.view().state.level, replica.view().state.version_count()), (LEVEL + 1, 1));
    assert_eq!(refused(&site, site.options()).await, needs_newer());
}
