//! What nothing needs is let go, what an unfinished push will need is not, and what exists is copied and read again.

use std::sync::Arc;

use catalogue::{Dispensable, RegistryError, restore_backup};
use chart::oci::{ContentDigest, Reference};
use storage::ObjectStore;
use storage::memory::MemoryStore;

use super::*;
use crate::packages::package;
use crate::site::{DAY, Site, keys};
use crate::time::pass;

#[tokio::test(start_paused = true)]
async fn what_a_push_left_unfinished_is_let_go_after_a_day() {
    let site = Site::new();
    let replica = site.replica().await;
    let finished = artifact("{}", &["layer"]);
    add(&replica, "image", "{}").await;
    add(&replica, "image", "layer").await;
    put(&replica, "image", tagged("1"), &finished).await.unwrap();
    let objects = site.keys(".chandlery/objects").await;
    // Helm puts a manifest by its digest first
    let chart = chart_blobs(&replica, "web", &package("web", "1.0.0", ""), None, "").await;
    put(&replica, "web", Reference::Digest(digest_of(&chart)), &chart).await.unwrap();
    let lost = add(&replica, "image", "lost").await;

    assert_eq!(replica.collectable().await.unwrap(), []);
    pass(DAY - 60).await;
    replica.collect().await.unwrap();
    put(&replica, "web", Reference::Digest(digest_of(&chart)), &chart).await.unwrap();
    assert!(blob(&replica, "image", lost).await.is_some());
    pass(DAY + 1).await;
    let listed: Vec<_> =
        replica.collectable().await.unwrap().into_iter().map(|item| (item.what, item.reason)).collect();
    assert!(listed.contains(&(format!("image@{lost}"), Dispensable::UnneededBlob)), "{listed:?}");
    assert!(listed.contains(&(format!("web@{}", digest_of(&chart)), Dispensable::UntaggedChart)), "{listed:?}");
    assert_eq!(listed.len(), 2, "{listed:?}");
    // asking changes nothing
    assert!(blob(&replica, "image", lost).await.is_some());

    replica.collect().await.unwrap();
    assert_eq!(blob(&replica, "image", lost).await, None);
    assert_eq!(tags(&replica, "image").await.unwrap(), ["1"]);
    let gone = manifest(&replica, "web", Reference::Digest(digest_of(&chart))).await;
    assert_eq!(gone, None);
    for _ in 0..4 {
        pass(DAY + 1).await;
        replica.collect().await.unwrap();
    }
    assert_eq!(site.keys(".chandlery/objects").await, objects);
    assert_eq!(tags(&replica, "web").await, None);
}

#[tokio::test(start_paused = true)]
async fn a_push_that_finds_its_blobs_there_is_not_robbed_of_them() {
    let site = Site::new();
    let (pusher, collector) = (site.replica().await, site.replica().await);
    add(&pusher, "image", "{}").await;
    add(&pusher, "image", "layer").await;
    pass(DAY + 1).await;
    // its blobs are as old as can be; it sends them again, as a client does that is not told of them
    add(&pusher, "image", "{}").await;
    add(&pusher, "image", "layer").await;
    let image = artifact("{}", &["layer"]);
    let (collected, pushed) = tokio::join!(collector.collect(), put(&pusher, "image", tagged("1"), &image));
    collected.unwrap();
    pushed.unwrap();
    for _ in 0..3 {
        pass(DAY + 1).await;
        collector.collect().await.unwrap();
    }
    assert!(blob(&pusher, "image", ContentDigest::of(b"layer")).await.is_some());
    assert!(manifest(&collector, "image", tagged("1")).await.is_some());
}

#[tokio::test(start_paused = true)]
async fn pushes_race_against_collections_and_are_whole_or_told_so() {
    let site = Site::new();
    let (pusher, collector) = (site.replica().await, site.replica().await);
    let mut whole = 0;
    for round in 0..20 {
        let layer = format!("layer {round}");
        add(&pusher, "image", "{}").await;
        add(&pusher, "image", layer.clone()).await;
        // some are about to be let go, some have been discarded, some have just come
        pass([0, DAY - 1, DAY + 1, 2 * DAY][round % 4]).await;
        let image = artifact("{}", &[&layer]);
        let tag = tagged(&format!("r{round}"));
        let (collected, pushed) = tokio::join!(collector.collect(), put(&pusher, "image", tag.clone(), &image));
        collected.unwrap();
        match pushed {
            Ok(_) => whole += 1,
            Err(RegistryError::ReferenceUnknown(_)) => continue,
            Err(error) => panic!("{error}"),
        }
        pass(3 * DAY).await;
        collector.collect().await.unwrap();
        assert!(manifest(&pusher, "image", tag).await.is_some(), "{round}");
        for bytes in ["{}", &layer] {
            assert!(blob(&pusher, "image", ContentDigest::of(bytes.as_bytes())).await.is_some(), "{round}");
        }
    }
    assert!(whole >= 10, "{whole}");
}

#[tokio::test(start_paused = true)]
async fn a_backup_has_everything_that_was_pushed_and_a_scrub_reads_it() {
    let site = Site::new();
    let replica = site.replica().await;
    push(&replica, "team/web", &package("web", "1.0.0", ""), "").await.unwrap();
    add(&replica, "image", "{}").await;
    add(&replica, "image", "").await;
    // more than one piece
    let large = vec![7; 33 << 20];
    add(&replica, "image", large.clone()).await;
    put(&replica, "image", tagged("1"), &artifact("{}", &[])).await.unwrap();
    let (backup, restored) = (MemoryStore::default(), MemoryStore::default());
    let quiet: catalogue::Progress = Arc::new(|_, _| ());
    let as_store = |store: &MemoryStore| Arc::new(store.clone()) as Arc<dyn ObjectStore>;
    let report = replica.backup(as_store(&backup), quiet.clone()).await.unwrap();
    assert!(report.damaged.is_empty(), "{report:?}");
    let again = replica.backup(as_store(&backup), quiet.clone()).await.unwrap();
    assert_eq!((again.copied, again.damaged.len()), (0, 0));
    restore_backup(as_store(&backup), as_store(&restored), quiet.clone()).await.unwrap();
    let copy = Catalogue::open(as_store(&restored), site.options()).await.unwrap();
    assert_eq!(copy.view().state.registry, replica.view().state.registry);
    assert_eq!(blob(&copy, "image", ContentDigest::of(&large)).await.unwrap(), large);
    assert!(manifest(&copy, "team/web", tagged("1.0.0")).await.is_some());

    let sound = replica.scrub(false, quiet.clone()).await.unwrap();
    assert!(sound.is_sound(), "{sound:?}");
    let key = replica.view().state.registry.contents[&ContentDigest::of(&large)].object.key.clone();
    site.place(key.as_str(), "spoilt").await;
    let spoilt = replica.scrub(false, quiet).await.unwrap();
    assert_eq!((spoilt.withdrawn.len(), spoilt.damaged.len()), (1, 0), "{spoilt:?}");
    assert_eq!(spoilt.withdrawn[0].digest, ContentDigest::of(&large));
    assert_eq!(blob(&replica, "image", ContentDigest::of(&large)).await, None);
    assert_eq!(keys(&backup, ".chandlery/objects").await.len(), keys(&restored, ".chandlery/objects").await.len());
}
