//! What is kept between two starts, and levels.

use catalogue::{Catalogue, RegistryError};

use super::*;
use crate::packages::{package, provenance};
use crate::site::{Site, root};
use std::sync::Arc;

#[tokio::test(start_paused = true)]
async fn a_start_finds_everything_again() {
    let site = Site::new();
    let folder = tempfile::tempdir().unwrap();
    let options = || catalogue::Options { database: Some(folder.path().to_owned()), ..site.options() };
    let first = Catalogue::open(Arc::new(site.store.clone()), options()).await.unwrap();
    push(&first, "team/web", &package("web", "1.0.0", ""), "").await.unwrap();
    let signed = package("web", "2.0.0", "");
    let (text, bytes) = provenance(&signed, 1);
    first.publish(&root(), &signed, Some((&text, bytes)), false).await.unwrap();
    first.publish(&root(), &package("web", "1.0.0", ""), None, false).await.unwrap();
    add(&first, "image", "{}").await;
    put(&first, "image", tagged("1"), &artifact("{}", &[])).await.unwrap();
    let state = first.view().state.clone();
    first.close().await;

    let second = Catalogue::open(Arc::new(site.store.clone()), options()).await.unwrap();
    assert_eq!(second.view().state, state, "from SQLite");
    second.write_snapshot().await.unwrap();
    second.close().await;
    assert_eq!(site.replica().await.view().state, state, "from the snapshot");
    for key in site.keys(".chandlery/snapshots").await {
        site.take_away(&key).await;
    }
    assert_eq!(site.replica().await.view().state, state, "from the journal");
}

#[tokio::test(start_paused = true)]
async fn there_is_no_registry_before_its_level() {
    let site = Site::new();
    let options = catalogue::Options { level: 1, ..site.options() };
    let old = Catalogue::open(Arc::new(site.store.clone()), options).await.unwrap();
    old.publish(&root(), &package("web", "1.0.0", ""), None, false).await.unwrap();
    let replica = site.replica().await;
    let level = |refused| assert!(matches!(refused, Err(RegistryError::Level(_))), "{refused:?}");
    let digest = ContentDigest::of(b"a");
    level(replica.add_blob(&name("a"), digest, "a".into()).await);
    level(replica.delete_blob(&name("a"), digest).await);
    level(replica.delete_manifest(&name("web"), &tagged("1.0.0")).await);
    // what is there can be read
    let made = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    level(put(&old, "web", tagged("2"), &artifact("{}", &[])).await.map(drop));
    replica.raise_level(false).await.unwrap();
    assert_eq!(manifest(&replica, "web", tagged("1.0.0")).await.unwrap(), made);
    replica.add_blob(&name("a"), digest, "a".into()).await.unwrap();
}
