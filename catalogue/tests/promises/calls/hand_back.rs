//! What is in the storage afterwards, file by file.

use std::collections::BTreeMap;
use std::sync::Arc;

use catalogue::{Catalogue, CommitError, Repository};
use storage::faulty::{Effect, Faulty, Plan};

use crate::packages::{package, provenance};
use crate::site::{DAY, Site, bytes, overwrite, path, publish, publish_signed, root, signature, version};
use crate::time::pass;

/// Everything that can have happened to a version.
async fn prepared() -> Site {
    let site = Site::new();
    site.place("index-cache.yaml", "apiVersion: v1\nentries: {}\n").await;
    site.place("team/index-cache.yaml", "stale").await;
    site.place("notes.txt", "a person's").await;
    site.place("foreign name.tgz", package("foreign", "1.0.0", "").bytes().clone()).await;
    site.place("garbage-1.0.0.tgz", "no package").await;
    site.place("lone-1.0.0.tgz.prov", "a provenance of nothing").await;
    let replica = site.replica().await;
    publish_signed(&replica, &package("plain", "1.0.0", ""), 1).await;
    publish_signed(&replica, &package("overwritten", "1.0.0", "old"), 2).await;
    overwrite(&replica, &package("overwritten", "1.0.0", "new")).await.unwrap();
    publish_signed(&replica, &package("again", "1.0.0", "old"), 3).await;
    replica.remove(&root(), "again", "1.0.0").await.unwrap();
    publish_signed(&replica, &package("again", "1.0.0", "new"), 4).await;
    publish(&replica, &package("removed", "1.0.0", "old")).await.unwrap();
    overwrite(&replica, &package("removed", "1.0.0", "new")).await.unwrap();
    replica.remove(&root(), "removed", "1.0.0").await.unwrap();
    publish(&replica, &package("garbage", "1.0.0", "")).await.unwrap();
    overwrite(&replica, &package("foreign", "1.0.0", "new")).await.unwrap();
    let team = package("team", "1.0.0", "");
    replica.publish(&path("team/a"), &team, None, false).await.unwrap();
    pass(61).await;
    site
}

/// What ChartMuseum sees: every file but ours.
async fn flat(site: &Site) -> BTreeMap<String, bytes::Bytes> {
    let mut files = BTreeMap::new();
    for key in site.keys("").await.into_iter().filter(|key| !key.starts_with(".chandlery/")) {
        let bytes = site.bytes(&key).await;
        files.insert(key, bytes);
    }
    files
}

fn expected() -> BTreeMap<String, bytes::Bytes> {
    let packages = [
        ("", package("plain", "1.0.0", "")),
        ("", package("overwritten", "1.0.0", "new")),
        ("", package("again", "1.0.0", "new")),
        ("", package("garbage", "1.0.0", "")),
        ("", package("foreign", "1.0.0", "new")),
        ("team/a/", package("team", "1.0.0", "")),
    ];
    let packages =
        packages.iter().map(|(folder, package)| (format!("{folder}{}", package.file_name()), package.bytes().clone()));
    let others = [
        ("plain-1.0.0.tgz.prov", provenance(&package("plain", "1.0.0", ""), 1).1),
        ("again-1.0.0.tgz.prov", provenance(&package("again", "1.0.0", "new"), 4).1),
        ("lone-1.0.0.tgz.prov", "a provenance of nothing".into()),
        ("notes.txt", "a person's".into()),
    ];
    packages.chain(others.map(|(name, bytes)| (name.to_owned(), bytes))).collect()
}

#[tokio::test(start_paused = true)]
async fn chartmuseum_finds_exactly_what_was_served() {
    let site = prepared().await;
    let replica = site.replica().await;
    let before = replica.checked().await.unwrap().view.state.clone();
    let report = replica.hand_back().await.unwrap();
    assert_eq!(flat(&site).await, expected());
    assert!(report.failed.is_empty(), "{report:?}");
    assert_eq!(report.files, 9, "packages and provenances");
    let written: Vec<_> = report.written.iter().map(storage::Key::as_str).collect();
    assert_eq!(
        written,
        ["again-1.0.0.tgz", "again-1.0.0.tgz.prov", "foreign-1.0.0.tgz", "garbage-1.0.0.tgz", "overwritten-1.0.0.tgz"]
    );
    assert_eq!(report.indexes.len(), 2);
    // nothing is lost: what had to leave is kept aside
    let displaced: Vec<_> = report.displaced.iter().map(|(from, _)| from.as_str()).collect();
    let left = [
        "foreign name.tgz",
        "garbage-1.0.0.tgz",
        "overwritten-1.0.0.tgz",
        "overwritten-1.0.0.tgz.prov",
        "removed-1.0.0.tgz",
    ];
    assert_eq!(displaced, left);
    let aside = |from: &str| report.displaced.iter().find(|(key, _)| key.as_str() == from).unwrap().1.to_string();
    assert_eq!(site.bytes(&aside("removed-1.0.0.tgz")).await, package("removed", "1.0.0", "old").bytes());
    assert_eq!(site.bytes(&aside("garbage-1.0.0.tgz")).await, "no package");

    // the same versions, served as before
    let after = replica.checked().await.unwrap().view.state.clone();
    for (path, repository) in &before.repositories {
        let versions =
            |charts: &Repository| charts.charts.values().flat_map(|c| c.versions.clone()).collect::<Vec<_>>();
        assert_eq!(versions(after.repository(path).unwrap()), versions(repository));
    }
    let again = replica.hand_back().await.unwrap();
    assert_eq!((again.files, again.written.len(), again.displaced.len(), again.indexes.len()), (9, 0, 0, 0));
}

/// Serving goes on afterwards as if nothing had been: each file's bytes are known.
#[tokio::test(start_paused = true)]
async fn a_storage_that_was_handed_back_is_served_again() {
    let site = prepared().await;
    site.replica().await.hand_back().await.unwrap();
    let replica = site.replica().await;
    let before = replica.checked().await.unwrap().view.state.clone();
    for _ in 0..3 {
        pass(DAY + 61).await;
        let report = replica.reconcile(false).await.unwrap();
        assert!(report.adopted.is_empty() && report.missing.is_empty() && report.looks_wiped.is_none(), "{report:?}");
        replica.collect().await.unwrap();
    }
    let after = replica.checked().await.unwrap().view.state.clone();
    assert_eq!(after.repository(&root()).unwrap().charts, before.repository(&root()).unwrap().charts);
    assert_eq!(bytes(&replica, "overwritten", "1.0.0").await.unwrap(), package("overwritten", "1.0.0", "new").bytes());
    assert_eq!(version(&replica, "removed", "1.0.0").await, None);
    replica.restore(&root(), "removed", "1.0.0").await.unwrap();
    assert_eq!(bytes(&replica, "removed", "1.0.0").await.unwrap(), package("removed", "1.0.0", "new").bytes());
    assert!(signature(&replica, &package("again", "1.0.0", "")).await.is_some());
    // an old digest is answered "not found", never with other bytes
    let old = package("overwritten", "1.0.0", "old").digest();
    let view = replica.checked().await.unwrap().view;
    assert_eq!(view.state.repository(&root()).unwrap().package("overwritten-1.0.0.tgz", Some(old)), None);
}

/// A version whose bytes are gone is named, and the others are handed back.
#[tokio::test(start_paused = true)]
async fn what_cannot_be_handed_back_is_named() {
    let site = prepared().await;
    let replica = site.replica().await;
    let key = version(&replica, "again", "1.0.0").await.unwrap().package.key.to_string();
    site.take_away(&key).await;
    let report = replica.hand_back().await.unwrap();
    assert_eq!(report.failed, [("again-1.0.0.tgz".to_owned(), "its file is gone".to_owned())]);
    let mut expected = expected();
    expected.remove("again-1.0.0.tgz");
    assert_eq!(flat(&site).await, expected);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_still_runs_is_noticed() {
    let site = prepared().await;
    let other = site.replica().await;
    let slow = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(slow.clone(), site.options()).await.unwrap();
    slow.set_plan(Plan::delay(std::time::Duration::from_secs(5)).under([".chandlery/displaced/"]));
    let handing_back = tokio::spawn(async move { replica.hand_back().await });
    tokio::time::sleep(std::time::Duration::from_secs(1)).await;
    publish(&other, &package("late", "1.0.0", "")).await.unwrap();
    let refused = handing_back.await.unwrap();
    assert!(
        matches!(&refused, Err(CommitError::Unavailable(reason)) if reason.contains("stop every replica")),
        "{refused:?}"
    );
}

/// Killed at any call, it is finished by the next run, and nothing is lost.
#[tokio::test(start_paused = true)]
async fn a_crash_costs_another_run() {
    let calls = {
        let site = prepared().await;
        let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
        let replica = Catalogue::open(process.clone(), site.options()).await.unwrap();
        let before = process.calls();
        replica.hand_back().await.unwrap();
        process.calls() - before
    };
    let original = prepared().await;
    let lost: Vec<_> = flat(&original).await.into_values().collect();
    for effect in [Effect::Before, Effect::After] {
        for call in 1..=calls {
            let site = prepared().await;
            let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
            let replica = Catalogue::open(process.clone(), site.options()).await.unwrap();
            process.set_plan(Plan::crash_at(call, effect));
            tokio::select! {
                biased;
                _ = replica.hand_back() => {}
                _ = process.crashed() => {}
            }
            drop(replica);
            site.replica().await.hand_back().await.unwrap();
            assert_eq!(flat(&site).await, expected(), "{effect:?} call {call}");
            let mut kept = Vec::new();
            for key in site.keys("").await {
                kept.push(site.bytes(&key).await);
            }
            for bytes in
                lost.iter().filter(|bytes| **bytes != "stale" && !bytes.starts_with(b"apiVersion: v1\nentries"))
            {
                assert!(kept.contains(bytes), "{effect:?} call {call}: bytes are lost");
            }
        }
    }
}

/// What ChartMuseum deleted meanwhile stays deleted, and can be restored; what it overwrote is overwritten.
#[tokio::test(start_paused = true)]
async fn what_chartmuseum_did_meanwhile_is_believed() {
    let site = prepared().await;
    site.replica().await.hand_back().await.unwrap();
    // one whose bytes we keep elsewhere, and one that lies in its own place
    site.take_away("overwritten-1.0.0.tgz").await;
    site.take_away("plain-1.0.0.tgz").await;
    let (again, added) = (package("again", "1.0.0", "by ChartMuseum"), package("added", "1.0.0", ""));
    site.place("again-1.0.0.tgz", again.bytes().clone()).await;
    site.place("added-1.0.0.tgz", added.bytes().clone()).await;
    site.place("index-cache.yaml", "apiVersion: v1\nentries: {}\n").await;
    pass(61).await;
    let replica = site.replica().await;
    assert_eq!(version(&replica, "overwritten", "1.0.0").await, None);
    assert_eq!(bytes(&replica, "again", "1.0.0").await.unwrap(), again.bytes());
    for _ in 0..2 {
        replica.reconcile(false).await.unwrap();
    }
    assert_eq!(version(&replica, "plain", "1.0.0").await, None);
    assert_eq!(bytes(&replica, "added", "1.0.0").await.unwrap(), added.bytes());
    assert_eq!(bytes(&replica, "foreign", "1.0.0").await.unwrap(), package("foreign", "1.0.0", "new").bytes());
    replica.restore(&root(), "overwritten", "1.0.0").await.unwrap();
    let restored = bytes(&replica, "overwritten", "1.0.0").await.unwrap();
    assert_eq!(restored, package("overwritten", "1.0.0", "new").bytes());
    // it is believed once: a start after this one finds nothing to do
    let state = replica.checked().await.unwrap().view.state.clone();
    assert_eq!(site.replica().await.view().state, state);
    assert!(!site.has(".chandlery/handed-back.json").await);
}

/// A folder that was emptied is no sign that each of many versions was deleted.
#[tokio::test(start_paused = true)]
async fn a_great_loss_is_not_believed() {
    let site = Site::new();
    let replica = site.replica().await;
    for n in 0..12 {
        let text = format!("1.{n}.0");
        publish(&replica, &package("web", &text, "old")).await.unwrap();
        overwrite(&replica, &package("web", &text, "new")).await.unwrap();
    }
    replica.hand_back().await.unwrap();
    for key in site.keys("web").await {
        site.take_away(&key).await;
    }
    assert_eq!(site.replica().await.view().state.version_count(), 12);
}
