use catalogue::{CommitError, PublishOutcome};

use crate::packages::package;
use crate::site::{Site, bytes, index, overwrite, publish, publish_signed, root, signature, version};

async fn removed(replica: &catalogue::Catalogue, name: &str, text: &str) {
    replica.remove(&root(), name, text).await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn a_removed_version_waits_in_the_trash() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.2.3", "");
    let signed = publish_signed(&replica, &package, 1).await;
    removed(&replica, "web", "1.2.3").await;

    assert_eq!(version(&replica, "web", "1.2.3").await, None);
    assert_eq!(index(&replica, &root()).await["entries"], serde_json::json!({}));
    assert!(site.keys("web").await.is_empty());
    let trash = site.keys(".chandlery/trash/").await;
    assert_eq!(trash.len(), 2);
    assert_eq!(site.bytes(&trash[0]).await, package.bytes());
    assert_eq!(site.bytes(&trash[1]).await, signed);
    assert_eq!(replica.remove(&root(), "web", "1.2.3").await, Err(CommitError::NotFound));
}

#[tokio::test(start_paused = true)]
async fn a_restored_version_is_as_it_was() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.2.3", "");
    let signed = publish_signed(&replica, &package, 1).await;
    let before = version(&replica, "web", "1.2.3").await.unwrap();
    removed(&replica, "web", "1.2.3").await;
    replica.restore(&root(), "web", "1.2.3").await.unwrap();

    let after = version(&replica, "web", "1.2.3").await.unwrap();
    assert_eq!((after.created, &after.metadata), (before.created, &before.metadata));
    assert_eq!(bytes(&replica, "web", "1.2.3").await.unwrap(), package.bytes());
    assert_eq!(signature(&replica, &package).await.unwrap(), signed);
    assert_eq!(replica.restore(&root(), "web", "1.2.3").await, Err(CommitError::NotFound));
}

#[tokio::test(start_paused = true)]
async fn the_newest_removal_is_restored_and_nothing_over_a_new_version() {
    let site = Site::new();
    let replica = site.replica().await;
    let (first, second, third) =
        (package("web", "1.2.3", "1"), package("web", "1.2.3", "2"), package("web", "1.2.3", "3"));
    publish(&replica, &first).await.unwrap();
    removed(&replica, "web", "1.2.3").await;
    publish(&replica, &second).await.unwrap();
    overwrite(&replica, &third).await.unwrap();
    assert_eq!(replica.restore(&root(), "web", "1.2.3").await, Err(CommitError::Exists));
    removed(&replica, "web", "1.2.3").await;
    replica.restore(&root(), "web", "1.2.3").await.unwrap();
    assert_eq!(bytes(&replica, "web", "1.2.3").await.unwrap(), third.bytes());
}

#[tokio::test(start_paused = true)]
async fn a_version_published_after_its_removal_has_a_fresh_place() {
    let site = Site::new();
    let replica = site.replica().await;
    let (old, new) = (package("web", "1.2.3", "old"), package("web", "1.2.3", "new"));
    publish(&replica, &old).await.unwrap();
    removed(&replica, "web", "1.2.3").await;
    for package in [&old, &new] {
        assert_eq!(publish(&replica, package).await, Ok(PublishOutcome::Created));
        assert_eq!(bytes(&replica, "web", "1.2.3").await.unwrap(), package.bytes());
        assert!(!site.has("web-1.2.3.tgz").await, "a place is written once");
        removed(&replica, "web", "1.2.3").await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_whole_chart_is_removed_in_one_entry() {
    let site = Site::new();
    let replica = site.replica().await;
    for text in ["1.0.0", "1.1.0", "2.0.0"] {
        publish(&replica, &package("web", text, "")).await.unwrap();
    }
    publish(&replica, &package("other", "1.0.0", "")).await.unwrap();
    let before = replica.status().sequence;
    assert_eq!(replica.remove_chart(&root(), "web").await, Ok(3));
    assert_eq!(replica.status().sequence, before + 1);
    let entries = index(&replica, &root()).await["entries"].clone();
    assert_eq!(entries.as_object().unwrap().keys().collect::<Vec<_>>(), ["other"]);
    assert_eq!(site.keys(".chandlery/trash/").await.len(), 3);
    assert!(site.keys("web").await.is_empty());
    assert_eq!(replica.remove_chart(&root(), "web").await, Err(CommitError::NotFound));
    replica.restore(&root(), "web", "1.1.0").await.unwrap();
    assert!(version(&replica, "web", "1.1.0").await.is_some());
}
