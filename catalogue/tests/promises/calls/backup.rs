//! Copies of a storage: whole or refused, and copied once.

use std::sync::Arc;
use std::time::Duration;

use catalogue::{BackupError, BackupReport, Catalogue, OpenError, Progress, Role, restore_backup};
use storage::faulty::{Effect, Faulty, Plan};
use storage::memory::MemoryStore;
use storage::{ObjectStore, Operation};

use crate::packages::package;
use crate::site::{DAY, Site, bytes, index_text, overwrite, path, publish, publish_signed, root, version};
use crate::time::pass;

fn quiet() -> Progress {
    Arc::new(|_, _| {})
}

fn shared(site: &Site) -> Arc<dyn ObjectStore> {
    Arc::new(site.store.clone())
}

async fn backup(replica: &Catalogue, to: &Site) -> BackupReport {
    replica.backup(shared(to), quiet()).await.unwrap()
}

/// Everything that can be: listed, replaced, removed, signed, in several repositories.
async fn live(replica: &Catalogue) {
    for n in 0..3 {
        publish(replica, &package("web", &format!("1.{n}.0"), "")).await.unwrap();
    }
    overwrite(replica, &package("web", "1.1.0", "other")).await.unwrap();
    publish_signed(replica, &package("signed", "1.0.0", ""), 1).await;
    publish_signed(replica, &package("gone", "1.0.0", ""), 2).await;
    replica.remove(&root(), "gone", "1.0.0").await.unwrap();
    replica.remove(&root(), "web", "1.2.0").await.unwrap();
    replica.publish(&path("org/team"), &package("web", "1.0.0", ""), None, false).await.unwrap();
}

async fn everything_is_there(copy: &Site, replica: &Catalogue) {
    for item in replica.view().state.inventory() {
        let mut found = false;
        for place in &item.places {
            let object = copy.store.get(place, None).await;
            found |= object.is_ok_and(|object| item.digest.matches(&object.bytes));
        }
        assert!(found, "{item:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_copy_has_the_state_the_index_and_every_file() {
    let (site, copy) = (Site::new(), Site::new());
    let replica = site.replica().await;
    live(&replica).await;
    let report = backup(&replica, &copy).await;
    let state = replica.view().state.clone();
    assert_eq!((report.sequence, report.versions), (state.sequence, state.version_count()));
    assert_eq!((report.source, report.storage), (state.storage, state.storage));
    assert_eq!((report.copied, report.present, report.entries), (9, 0, state.sequence));
    assert_eq!(report.damaged, []);
    // a file that nobody refers to is not ours to copy
    assert_eq!(copy.keys("web").await, ["web-1.0.0.tgz", "web-1.1.0.tgz"]);

    let served = copy.replica().await;
    assert_eq!(served.view().state, state);
    for repository in [root(), path("org/team")] {
        assert_eq!(index_text(&served, &repository).await, index_text(&replica, &repository).await);
    }
    everything_is_there(&copy, &served).await;
    served.restore(&root(), "gone", "1.0.0").await.unwrap();
    publish(&served, &package("web", "9.0.0", "")).await.unwrap();
    served.reconcile(false).await.unwrap();
    pass(61).await;
    let again = served.reconcile(false).await.unwrap();
    assert!(again.adopted.is_empty() && again.missing.is_empty() && again.unreadable.is_empty(), "{again:?}");
    assert_eq!(served.view().state.version_count(), state.version_count() + 2);
}

#[tokio::test(start_paused = true)]
async fn a_second_backup_copies_what_is_new_and_deletes_what_is_old() {
    let (site, copy) = (Site::new(), Site::new());
    let replica = site.replica().await;
    live(&replica).await;
    backup(&replica, &copy).await;
    let nothing = backup(&replica, &copy).await;
    assert_eq!((nothing.copied, nothing.present, nothing.entries, nothing.deleted), (0, 9, 0, 0));

    publish(&replica, &package("web", "3.0.0", "")).await.unwrap();
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    let more = backup(&replica, &copy).await;
    // what was removed is there already, in its old place
    assert_eq!((more.copied, more.present, more.entries, more.deleted), (1, 9, 2, 0));
    pass(8 * DAY).await;
    replica.collect().await.unwrap();
    let less = backup(&replica, &copy).await;
    assert_eq!((less.copied, less.damaged.len()), (0, 0));
    assert!(less.deleted >= 6, "the trash has been emptied: {less:?}");
    assert!(copy.keys(".chandlery/trash/").await.is_empty());
    assert!(!copy.has("web-1.0.0.tgz").await);
    let served = copy.replica().await;
    assert_eq!(served.view().state, replica.view().state);
    everything_is_there(&copy, &served).await;
}

#[tokio::test(start_paused = true)]
async fn a_version_removed_while_it_is_copied_is_no_damage() {
    let (site, copy) = (Site::new(), Site::new());
    let slow = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(slow.clone(), site.options()).await.unwrap();
    let other = site.replica().await;
    live(&replica).await;
    slow.set_plan(Plan::delay(Duration::from_secs(5)).only([Operation::Get]).under(["web-1.0.0.tgz"]));
    let (report, ()) = tokio::join!(backup(&replica, &copy), async {
        tokio::time::sleep(Duration::from_secs(1)).await;
        other.remove(&root(), "web", "1.0.0").await.unwrap();
    });
    assert_eq!(report.damaged, []);
    assert_eq!(report.sequence, other.view().state.sequence, "it moved on to the state after the removal");
    let served = copy.replica().await;
    assert_eq!(served.view().state, other.view().state);
    served.restore(&root(), "web", "1.0.0").await.unwrap();
}

#[tokio::test(start_paused = true)]
async fn what_is_spoilt_or_gone_is_reported_and_the_rest_is_copied() {
    let (site, copy) = (Site::new(), Site::new());
    let replica = site.replica().await;
    live(&replica).await;
    site.place("web-1.0.0.tgz", "spoilt").await;
    site.take_away("signed-1.0.0.tgz.prov").await;
    let report = backup(&replica, &copy).await;
    let damaged: Vec<_> =
        report.damaged.iter().map(|damage| (damage.file.as_str(), damage.role, damage.reason.as_str())).collect();
    let expected = [
        ("signed-1.0.0.tgz.prov", Role::Provenance, "its file is gone"),
        ("web-1.0.0.tgz", Role::Package, "its bytes are not those that were published"),
    ];
    assert_eq!(damaged, expected);
    assert_eq!(report.copied, 7);
    assert!(!copy.has("web-1.0.0.tgz").await);
    // mended, it is copied by the next one
    site.place("web-1.0.0.tgz", package("web", "1.0.0", "").bytes().clone()).await;
    let report = backup(&replica, &copy).await;
    assert_eq!((report.copied, report.damaged.len()), (1, 1));
}

#[tokio::test(start_paused = true)]
async fn what_is_no_version_and_is_served_by_its_name_is_copied_too() {
    let (site, copy) = (Site::new(), Site::new());
    let replica = site.replica().await;
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    site.place("odd-1.0.0.tgz", "no package").await;
    site.place("notes.txt", "not ours").await;
    site.place("web-1.0.0.tgz", "spoilt").await;
    pass(61).await;
    assert_eq!(replica.reconcile(false).await.unwrap().unreadable.len(), 2);
    let report = backup(&replica, &copy).await;
    assert_eq!((report.copied, report.damaged.len()), (1, 1));
    assert_eq!(copy.bytes("odd-1.0.0.tgz").await, "no package");
    assert!(!copy.has("notes.txt").await && !copy.has("web-1.0.0.tgz").await);
    assert_eq!(backup(&replica, &copy).await.copied, 0);
    site.place("odd-1.0.0.tgz", "no package either").await;
    assert_eq!(backup(&replica, &copy).await.copied, 1);
    assert_eq!(copy.bytes("odd-1.0.0.tgz").await, "no package either");
    site.take_away("odd-1.0.0.tgz").await;
    assert_eq!(backup(&replica, &copy).await.deleted, 1);
    assert!(!copy.has("odd-1.0.0.tgz").await);
}

#[tokio::test(start_paused = true)]
async fn a_copy_that_was_spoilt_on_its_disk_is_mended() {
    let (site, copy) = (Site::new(), Site::new());
    let replica = site.replica().await;
    live(&replica).await;
    backup(&replica, &copy).await;
    copy.place("web-1.0.0.tgz", "short").await;
    assert_eq!(backup(&replica, &copy).await.copied, 1);
    assert_eq!(copy.bytes("web-1.0.0.tgz").await, package("web", "1.0.0", "").bytes());
}

fn refused(outcome: Result<BackupReport, BackupError>) -> String {
    match outcome {
        Err(BackupError::Refused(reason)) => reason,
        other => panic!("{other:?}"),
    }
}

#[tokio::test(start_paused = true)]
async fn nothing_is_copied_over_anything_else() {
    let (site, other, files, copy) = (Site::new(), Site::new(), Site::new(), Site::new());
    let (replica, stranger) = (site.replica().await, other.replica().await);
    live(&replica).await;
    files.place("a/web-1.0.0.tgz", "a package").await;
    for used in [&other, &files] {
        let before = used.keys("").await;
        let reason = refused(replica.backup(shared(used), quiet()).await);
        assert!(reason.contains("is no backup of this storage: it holds "), "{reason}");
        let reason = refused(restore_backup(shared(&site), shared(used), quiet()).await);
        assert!(reason.contains("is not empty: it holds "), "{reason}");
        assert_eq!(used.keys("").await, before);
    }
    backup(&replica, &copy).await;
    let reason = refused(stranger.backup(shared(&copy), quiet()).await);
    assert!(reason.contains("a copy of another storage"), "{reason}");
    // somebody published on the copy
    publish(&copy.replica().await, &package("own", "1.0.0", "")).await.unwrap();
    let before = copy.keys("").await;
    let reason = refused(replica.backup(shared(&copy), quiet()).await);
    assert!(reason.contains("a history of its own"), "{reason}");
    publish(&replica, &package("other", "1.0.0", "")).await.unwrap();
    let reason = refused(replica.backup(shared(&copy), quiet()).await);
    assert!(reason.contains("a history of its own"), "{reason}");
    assert_eq!(copy.keys("").await, before);
}

#[tokio::test(start_paused = true)]
async fn a_restored_backup_is_a_storage_of_its_own_with_the_same_index() {
    let (site, copy, restored) = (Site::new(), Site::new(), Site::new());
    let replica = site.replica().await;
    live(&replica).await;
    backup(&replica, &copy).await;
    let report = restore_backup(shared(&copy), shared(&restored), quiet()).await.unwrap();
    let served = restored.replica().await;
    let state = served.view().state.clone();
    assert_eq!(report.storage, state.storage);
    assert_ne!(report.storage, report.source);
    assert_eq!(report.source, replica.view().state.storage);
    assert_eq!(state.repositories, replica.view().state.repositories);
    // pages are cut at other names, so that tags and compressed bytes differ; the text is the same
    for repository in [root(), path("org/team")] {
        assert_eq!(index_text(&served, &repository).await, index_text(&replica, &repository).await);
    }
    everything_is_there(&restored, &served).await;
    assert!(!restored.has(".chandlery/backup.json").await);
    // it begins from a snapshot of its own
    assert_eq!(restored.keys(".chandlery/snapshots/").await.len(), 1);
    publish(&served, &package("web", "9.0.0", "")).await.unwrap();
    let reason = refused(restore_backup(shared(&copy), shared(&restored), quiet()).await);
    assert!(reason.contains("is not empty"), "{reason}");
    let reason = refused(restore_backup(shared(&Site::new()), shared(&Site::new()), quiet()).await);
    assert!(reason.contains("neither a backup nor a storage"), "{reason}");
}

/// Runs until it ends or its process dies.
async fn until_crash(process: &Faulty<MemoryStore>, work: impl Future<Output = ()>) {
    tokio::select! {
        biased;
        () = work => {}
        _ = process.crashed() => {}
    }
}

#[tokio::test(start_paused = true)]
async fn a_backup_that_dies_anywhere_is_refused_or_whole_and_is_finished_by_the_next() {
    for second in [false, true] {
        let mut call = 0;
        loop {
            call += 1;
            let mut died = false;
            for effect in [Effect::Before, Effect::After] {
                let (site, copy) = (Site::new(), Site::new());
                let replica = site.replica().await;
                publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
                let mut earlier = None;
                if second {
                    backup(&replica, &copy).await;
                    earlier = Some(replica.view().state.clone());
                    publish_signed(&replica, &package("web", "2.0.0", ""), 1).await;
                    replica.remove(&root(), "web", "1.0.0").await.unwrap();
                }
                let process = Faulty::new(copy.store.clone(), Plan::crash_at(call, effect));
                let target: Arc<dyn ObjectStore> = Arc::new(process.clone());
                until_crash(&process, async {
                    replica.backup(target, quiet()).await.unwrap();
                })
                .await;
                died |= process.crash_site().is_some();
                let what = format!("call {call} {effect:?}, second: {second}");

                let left = copy.copy().await;
                // a copy that nothing was written to yet is an empty folder
                if !left.keys("").await.is_empty() {
                    match Catalogue::open(shared(&left), left.options()).await {
                        Err(OpenError::Format(reason)) => assert!(reason.contains("unfinished"), "{what}: {reason}"),
                        Err(error) => panic!("{what}: {error}"),
                        Ok(served) => {
                            let state = served.view().state.clone();
                            let is_earlier = earlier.as_ref().is_some_and(|earlier| state == *earlier);
                            assert!(is_earlier || state == replica.view().state, "{what}");
                            everything_is_there(&left, &served).await;
                        }
                    }
                }
                if second {
                    let restored = Site::new();
                    restore_backup(shared(&copy), shared(&restored), quiet()).await.unwrap();
                    let served = restored.replica().await;
                    let count = served.view().state.version_count();
                    assert_eq!(count, 1, "{what}: an earlier backup can be restored all the time");
                    everything_is_there(&restored, &served).await;
                }
                backup(&replica, &copy).await;
                let served = copy.replica().await;
                assert_eq!(served.view().state, replica.view().state, "{what}");
                everything_is_there(&copy, &served).await;
            }
            if !died {
                break;
            }
        }
        assert!(call > 8, "it died at {call} calls only");
    }
}

#[tokio::test(start_paused = true)]
async fn a_restore_that_dies_anywhere_is_refused_or_whole_and_is_finished_by_the_next() {
    let (site, copy) = (Site::new(), Site::new());
    let replica = site.replica().await;
    live(&replica).await;
    backup(&replica, &copy).await;
    let mut call = 0;
    loop {
        call += 1;
        let mut died = false;
        for effect in [Effect::Before, Effect::After] {
            let restored = Site::new();
            let process = Faulty::new(restored.store.clone(), Plan::crash_at(call, effect));
            let target: Arc<dyn ObjectStore> = Arc::new(process.clone());
            until_crash(&process, async {
                restore_backup(shared(&copy), target, quiet()).await.unwrap();
            })
            .await;
            died |= process.crash_site().is_some();
            let begun = restored.has(".chandlery/backup.json").await;
            if begun {
                let opened = Catalogue::open(shared(&restored), restored.options()).await;
                match opened {
                    Ok(served) => assert_eq!(served.view().state.version_count(), 4),
                    Err(error) => assert!(error.to_string().contains("unfinished"), "call {call}: {error}"),
                }
            }
            match restore_backup(shared(&copy), shared(&restored), quiet()).await {
                Ok(report) => assert_eq!(report.damaged, []),
                // it was whole
                Err(error) => assert!(error.to_string().contains("is not empty"), "call {call}: {error}"),
            }
            let served = restored.replica().await;
            assert_eq!(served.view().state.repositories, replica.view().state.repositories);
            everything_is_there(&restored, &served).await;
            assert_eq!(bytes(&served, "web", "1.0.0").await.unwrap(), package("web", "1.0.0", "").bytes());
            assert!(version(&served, "web", "1.2.0").await.is_none());
        }
        if !died {
            break;
        }
    }
    assert!(call > 8, "it died at {call} calls only");
}
