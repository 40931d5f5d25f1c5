use catalogue::{CommitError, PublishOutcome};

use crate::packages::{package, provenance};
use crate::site::{Site, overwrite, publish, publish_signed, root, signature};

#[tokio::test(start_paused = true)]
async fn a_provenance_comes_with_before_or_after_its_package() {
    let site = Site::new();
    let replica = site.replica().await;
    let with = package("with", "1.0.0", "");
    let signed = publish_signed(&replica, &with, 1).await;
    assert_eq!(signature(&replica, &with).await.unwrap(), signed);
    assert_eq!(site.bytes("with-1.0.0.tgz.prov").await, signed);

    for (name, first) in [("before", true), ("after", false)] {
        let package = package(name, "1.0.0", "");
        let (signed, bytes) = provenance(&package, 2);
        if first {
            replica.publish_provenance(&root(), &signed, bytes.clone(), false).await.unwrap();
            assert_eq!(signature(&replica, &package).await.unwrap(), bytes);
        }
        publish(&replica, &package).await.unwrap();
        if !first {
            assert_eq!(signature(&replica, &package).await, None);
            replica.publish_provenance(&root(), &signed, bytes.clone(), false).await.unwrap();
        }
        assert_eq!(signature(&replica, &package).await.unwrap(), bytes);
        assert_eq!(site.bytes(&format!("{name}-1.0.0.tgz.prov")).await, bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn a_provenance_is_replaced_only_if_that_is_allowed() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    let first = publish_signed(&replica, &package, 1).await;
    let before = site.keys("").await;
    let (signed, second) = provenance(&package, 2);
    let refused = replica.publish_provenance(&root(), &signed, second.clone(), false).await;
    assert_eq!(refused, Err(CommitError::Exists));
    assert_eq!(site.keys("").await, before, "a refusal leaves nothing");
    replica.publish_provenance(&root(), &signed, second.clone(), true).await.unwrap();
    assert_eq!(signature(&replica, &package).await.unwrap(), second);
    assert_eq!(site.bytes("web-1.0.0.tgz.prov").await, first, "a place is written once");
}

#[tokio::test(start_paused = true)]
async fn overwriting_a_package_without_a_provenance_drops_the_old_one() {
    let site = Site::new();
    let replica = site.replica().await;
    let old = package("web", "1.0.0", "old");
    publish_signed(&replica, &old, 1).await;
    overwrite(&replica, &package("web", "1.0.0", "new")).await.unwrap();
    assert_eq!(signature(&replica, &old).await, None);
    let newer = package("web", "1.0.0", "newer");
    let (signed, bytes) = provenance(&newer, 2);
    replica.publish(&root(), &newer, Some((&signed, bytes.clone())), true).await.unwrap();
    assert_eq!(signature(&replica, &newer).await.unwrap(), bytes);
    for _ in 0..2 {
        crate::time::pass(120).await;
        replica.reconcile(false).await.unwrap();
    }
    assert_eq!(signature(&replica, &newer).await.unwrap(), bytes, "the dropped one stays dropped");
}

#[tokio::test(start_paused = true)]
async fn a_refused_upload_leaves_no_provenance() {
    let site = Site::new();
    let replica = site.replica().await;
    let first = package("web", "1.0.0", "first");
    publish(&replica, &first).await.unwrap();
    let before = site.keys("").await;
    let other = package("web", "1.0.0", "other");
    let (signed, bytes) = provenance(&other, 1);
    let refused = replica.publish(&root(), &other, Some((&signed, bytes)), false).await;
    assert_eq!(refused, Err(CommitError::Exists));
    assert_eq!(site.keys("").await, before);
    assert_eq!(signature(&replica, &other).await, None);
}

#[tokio::test(start_paused = true)]
async fn a_replica_that_has_not_seen_a_removal_publishes_with_a_provenance_all_the_same() {
    let site = Site::new();
    let (here, behind) = (site.replica().await, site.replica().await);
    let old = package("web", "1.0.0", "old");
    publish_signed(&here, &old, 1).await;
    here.remove(&root(), "web", "1.0.0").await.unwrap();
    let new = package("web", "1.0.0", "new");
    let (signed, bytes) = provenance(&new, 2);
    let published = behind.publish(&root(), &new, Some((&signed, bytes.clone())), false).await;
    assert_eq!(published, Ok(PublishOutcome::Created));
    assert_eq!(signature(&here, &new).await.unwrap(), bytes);
    assert_eq!(signature(&behind, &new).await.unwrap(), bytes);
}
