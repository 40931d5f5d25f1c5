//! Starts: from a snapshot, from the disk, and from a disk that knows another history.

use std::path::Path;
use std::sync::Arc;

use catalogue::{Catalogue, Options};

use crate::packages::package;
use crate::site::{Site, index_text, overwrite, publish, root};

/// What SQLite reads and writes at once.
const PAGE: usize = 4096;

async fn with_disk(site: &Site, folder: &Path) -> Catalogue {
    let options = Options { database: Some(folder.to_owned()), ..site.options() };
    Catalogue::open(Arc::new(site.store.clone()), options).await.unwrap()
}

/// Several versions with all that can happen to them.
async fn live(replica: &Catalogue) {
    for n in 0..3 {
        publish(replica, &package("web", &format!("1.{n}.0"), "")).await.unwrap();
    }
    overwrite(replica, &package("web", "1.1.0", "other")).await.unwrap();
    replica.remove(&root(), "web", "1.2.0").await.unwrap();
}

/// The replica has the state, and the index, of one that replays the journal from nothing.
async fn is_right(site: &Site, replica: &Catalogue) {
    let only_journal = site.copy().await;
    for snapshot in only_journal.keys(".chandlery/snapshots/").await {
        only_journal.take_away(&snapshot).await;
    }
    let replayed = only_journal.replica().await;
    assert_eq!(replica.view().state, replayed.view().state);
    assert_eq!(index_text(replica, &root()).await, index_text(&replayed, &root()).await);
}

#[tokio::test(start_paused = true)]
async fn a_start_takes_the_newest_snapshot_and_the_entries_after_it() {
    let site = Site::new();
    let replica = site.replica().await;
    live(&replica).await;
    replica.write_snapshot().await.unwrap();
    let whole = site.copy().await;
    publish(&replica, &package("web", "2.0.0", "")).await.unwrap();
    is_right(&site, &site.replica().await).await;

    // without the entries before it only a snapshot can be the beginning
    let journal = whole.keys(".chandlery/journal/").await;
    for entry in &journal[..journal.len() - 1] {
        whole.take_away(entry).await;
    }
    let begun = whole.replica().await;
    assert_eq!(begun.view().state.version_count(), 2);
    assert!(publish(&begun, &package("web", "3.0.0", "")).await.is_ok());
}

#[tokio::test(start_paused = true)]
async fn a_snapshot_that_cannot_be_read_is_passed_over() {
    let site = Site::new();
    let replica = site.replica().await;
    live(&replica).await;
    replica.write_snapshot().await.unwrap();
    publish(&replica, &package("web", "2.0.0", "")).await.unwrap();
    replica.write_snapshot().await.unwrap();
    let snapshots = site.keys(".chandlery/snapshots/").await;
    for (snapshot, spoil) in snapshots.iter().rev().zip([0, 1]) {
        let bytes = site.bytes(snapshot).await;
        let bytes = if spoil == 0 { bytes.slice(..bytes.len() / 2) } else { "no snapshot".into() };
        site.place(snapshot, bytes).await;
        is_right(&site, &site.replica().await).await;
    }
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_is_ahead_of_the_storage_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (before, after) = (folder.path().join("before"), folder.path().join("after"));
    let site = Site::new();
    let replica = with_disk(&site, &before).await;
    publish(&replica, &package("web", "0.1.0", "")).await.unwrap();
    replica.write_snapshot().await.unwrap();
    let rolled_back = site.copy().await;
    live(&replica).await;
    replica.close().await;
    crate::disk::copy(&before, &after);

    // the journal ends before what the disk has
    let behind = with_disk(&rolled_back, &before).await;
    is_right(&rolled_back, &behind).await;
    assert_eq!(behind.view().state.version_count(), 1);
    // and it has gone another way since
    let replica = rolled_back.replica().await;
    for n in 0..20 {
        publish(&replica, &package("other", &format!("1.{n}.0"), "")).await.unwrap();
    }
    let elsewhere = with_disk(&rolled_back, &after).await;
    is_right(&rolled_back, &elsewhere).await;
    assert_eq!(elsewhere.view().state.version_count(), 21);
}

#[tokio::test(start_paused = true)]
async fn a_disk_of_another_storage_begins_anew() {
    let folder = tempfile::tempdir().unwrap();
    let (one, other) = (Site::new(), Site::new());
    let replica = with_disk(&one, folder.path()).await;
    live(&replica).await;
    replica.close().await;
    let replica = with_disk(&other, folder.path()).await;
    assert_eq!(replica.view().state.version_count(), 0);
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    is_right(&other, &replica).await;
}

#[tokio::test(start_paused = true)]
async fn a_disk_that_lost_any_page_is_not_believed() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole");
    let site = Site::new();
    let replica = with_disk(&site, &whole).await;
    live(&replica).await;
    replica.close().await;
    let file = std::fs::read(whole.join("catalogue.sqlite")).unwrap();
    assert!(file.len() > 8 * PAGE);
    for (n, lost) in (0..file.len()).step_by(PAGE).enumerate() {
        let spoilt = folder.path().join(n.to_string());
        crate::disk::copy(&whole, &spoilt);
        let mut bytes = file.clone();
        bytes[lost..lost + PAGE].fill(0);
        std::fs::write(spoilt.join("catalogue.sqlite"), bytes).unwrap();
        let replica = with_disk(&site, &spoilt).await;
        is_right(&site, &replica).await;
        replica.close().await;
    }
}
