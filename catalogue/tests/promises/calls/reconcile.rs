use std::sync::Arc;
use std::time::Duration;

use catalogue::{Catalogue, CommitError, Options, PublishOutcome};
use storage::Operation;
use storage::faulty::{Faulty, Plan};

use crate::packages::{package, provenance};
use crate::site::{Site, bytes, publish, publish_signed, root, signature, version};
use crate::time::pass;

#[tokio::test(start_paused = true)]
async fn a_file_placed_by_hand_is_taken_in_after_a_minute() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    site.place("web-1.0.0.tgz", package.bytes().clone()).await;
    site.place("web-1.0.0.tgz.prov", provenance(&package, 1).1).await;
    pass(59).await;
    assert!(replica.reconcile(false).await.unwrap().adopted.is_empty());
    assert_eq!(version(&replica, "web", "1.0.0").await, None);
    assert_eq!(publish(&replica, &package).await, Err(CommitError::Exists), "somebody may be writing it");
    pass(1).await;
    let report = replica.reconcile(false).await.unwrap();
    assert_eq!(report.adopted, [(root(), "web-1.0.0.tgz".to_owned())]);
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), package.bytes());
    assert_eq!(signature(&replica, &package).await.unwrap(), provenance(&package, 1).1);
    assert!(replica.reconcile(false).await.unwrap().adopted.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_file_changed_in_its_place_is_taken_in_as_a_copy() {
    let site = Site::new();
    let replica = site.replica().await;
    publish(&replica, &package("web", "1.0.0", "ours")).await.unwrap();
    let theirs = package("web", "1.0.0", "theirs");
    site.place("web-1.0.0.tgz", theirs.bytes().clone()).await;
    pass(61).await;
    replica.reconcile(false).await.unwrap();
    let version = version(&replica, "web", "1.0.0").await.unwrap();
    assert_eq!(version.package.digest, theirs.digest());
    assert!(version.package.key.as_str().starts_with(".chandlery/objects/"));
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), theirs.bytes());
    assert!(replica.reconcile(false).await.unwrap().adopted.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_file_spoilt_in_its_place_is_named_until_it_is_right_again() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    publish(&replica, &package).await.unwrap();
    site.place("web-1.0.0.tgz", "spoilt").await;
    pass(61).await;
    assert_eq!(replica.reconcile(false).await.unwrap().unreadable.len(), 1);
    let location = (&version(&replica, "web", "1.0.0").await.unwrap().package).into();
    replica.load(&location).await.unwrap_err();
    site.place("web-1.0.0.tgz", package.bytes().clone()).await;
    pass(61).await;
    let reports = [replica.reconcile(false).await.unwrap(), replica.reconcile(false).await.unwrap()];
    assert!(reports[1].unreadable.is_empty(), "{reports:?}");
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), package.bytes());
}

#[tokio::test(start_paused = true)]
async fn a_removed_version_does_not_return_when_its_file_does() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    publish_signed(&replica, &package, 1).await;
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    site.place("web-1.0.0.tgz", package.bytes().clone()).await;
    for _ in 0..2 {
        pass(120).await;
        assert!(replica.reconcile(false).await.unwrap().adopted.is_empty());
    }
    assert_eq!(version(&replica, "web", "1.0.0").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_read_a_file_long_ago_does_not_bring_it_back() {
    // the file changed under its version, or was laid where a removed one had been
    for removed in [false, true] {
        let site = Site::new();
        let slow = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
        let (late, other) = (Catalogue::open(slow.clone(), site.options()).await.unwrap(), site.replica().await);
        publish(&other, &package("web", "1.0.0", "ours")).await.unwrap();
        if removed {
            other.remove(&root(), "web", "1.0.0").await.unwrap();
        }
        let theirs = package("web", "1.0.0", "theirs");
        site.place("web-1.0.0.tgz", theirs.bytes().clone()).await;
        pass(61).await;
        slow.set_plan(Plan::delay(Duration::from_secs(100)).only([Operation::PutNew]).under([".chandlery/objects/"]));
        let reconcile = tokio::spawn(async move { late.reconcile(false).await });
        tokio::time::sleep(Duration::from_secs(1)).await;
        other.reconcile(false).await.unwrap();
        assert_eq!(version(&other, "web", "1.0.0").await.unwrap().package.digest, theirs.digest());
        other.remove(&root(), "web", "1.0.0").await.unwrap();
        assert!(reconcile.await.unwrap().unwrap().adopted.is_empty());
        assert_eq!(version(&other, "web", "1.0.0").await, None);
    }
}

#[tokio::test(start_paused = true)]
async fn a_refused_upload_takes_only_its_own_bytes_back() {
    let site = Site::new();
    let slow = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let late = Catalogue::open(slow.clone(), site.options()).await.unwrap();
    // its clock is ahead, so that it waits for no minute
    let options = Options { clock: Arc::new(site.clock.ahead_by(3600)), ..site.options() };
    let other = Catalogue::open(Arc::new(site.store.clone()), options).await.unwrap();
    slow.set_plan(Plan::delay(Duration::from_secs(5)).only([Operation::Get]).under([".chandlery/journal/"]));
    let upload = tokio::spawn(async move { publish(&late, &package("web", "1.0.0", "ours")).await });
    tokio::time::sleep(Duration::from_secs(1)).await;
    assert!(site.has("web-1.0.0.tgz").await, "the upload wrote its file");
    let theirs = package("web", "1.0.0", "theirs");
    site.place("web-1.0.0.tgz", theirs.bytes().clone()).await;
    assert_eq!(other.reconcile(false).await.unwrap().adopted.len(), 1);
    assert_eq!(upload.await.unwrap(), Err(CommitError::Exists));
    assert_eq!(bytes(&other, "web", "1.0.0").await.unwrap(), theirs.bytes());
}

#[tokio::test(start_paused = true)]
async fn a_file_removed_by_hand_is_missing_until_it_returns() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    publish(&replica, &package).await.unwrap();
    let before = version(&replica, "web", "1.0.0").await.unwrap();
    site.take_away("web-1.0.0.tgz").await;
    assert!(replica.reconcile(false).await.unwrap().missing.is_empty(), "the first look is not believed");
    assert!(version(&replica, "web", "1.0.0").await.is_some());
    let report = replica.reconcile(false).await.unwrap();
    assert_eq!(report.missing, [(root(), "web-1.0.0.tgz".to_owned())]);
    assert_eq!(version(&replica, "web", "1.0.0").await, None);

    site.place("web-1.0.0.tgz", package.bytes().clone()).await;
    let report = replica.reconcile(false).await.unwrap();
    assert_eq!(report.found, [(root(), "web-1.0.0.tgz".to_owned())]);
    assert_eq!(version(&replica, "web", "1.0.0").await.unwrap(), before);
}

#[tokio::test(start_paused = true)]
async fn a_missing_version_can_be_published_again() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    publish(&replica, &package).await.unwrap();
    site.take_away("web-1.0.0.tgz").await;
    replica.reconcile(false).await.unwrap();
    replica.reconcile(false).await.unwrap();
    assert_eq!(publish(&replica, &package).await, Ok(PublishOutcome::Created));
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), package.bytes());
}

#[tokio::test(start_paused = true)]
async fn a_wiped_storage_is_not_believed_until_somebody_says_so() {
    let site = Site::new();
    let replica = site.replica().await;
    for n in 0..15 {
        publish(&replica, &package("web", &format!("1.{n}.0"), "")).await.unwrap();
    }
    for n in 0..10 {
        site.take_away(&format!("web-1.{n}.0.tgz")).await;
    }
    for _ in 0..3 {
        let report = replica.reconcile(false).await.unwrap();
        assert!(report.looks_wiped.is_some() && report.missing.is_empty(), "{report:?}");
    }
    assert_eq!(replica.view().state.version_count(), 15);
    let status = replica.status();
    assert!(status.not_ready.is_empty() && status.degraded.len() == 1, "{status:?}");

    let report = replica.reconcile(true).await.unwrap();
    assert_eq!(report.missing.len(), 10);
    assert_eq!(replica.view().state.version_count(), 5);
    assert!(replica.status().degraded.is_empty());
}

#[tokio::test(start_paused = true)]
async fn a_storage_without_its_format_file_looks_wiped() {
    let site = Site::new();
    let replica = site.replica().await;
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    site.take_away(".chandlery/format.json").await;
    site.take_away("web-1.0.0.tgz").await;
    for _ in 0..3 {
        let report = replica.reconcile(false).await.unwrap();
        assert!(report.looks_wiped.is_some() && report.missing.is_empty(), "{report:?}");
    }
}
