//! Reading everything again, and mending it.

use std::sync::{Arc, Mutex};

use catalogue::{Catalogue, Progress, Role, ScrubReport};
use chart::oci::{ContentDigest, Reference};
use storage::faulty::{Effect, Faulty, Plan};

use super::registry::{add, artifact, blob, digest_of, manifest, name, push, put, tagged, tags};
use crate::packages::package;
use crate::site::{Site, bytes, index, overwrite, path, publish, publish_signed, root, signature, version};
use crate::time::pass;

fn quiet() -> Progress {
    Arc::new(|_, _| {})
}

/// Where content of the registry lies.
fn place(replica: &Catalogue, digest: ContentDigest) -> String {
    replica.view().state.registry.contents.get(&digest).unwrap().object.key.to_string()
}

async fn scrub(replica: &Catalogue) -> ScrubReport {
    replica.scrub(false, quiet()).await.unwrap()
}

/// The file, why it is needed, what was wrong.
fn damaged(report: &ScrubReport) -> Vec<(&str, Role, &str)> {
    report.damaged.iter().map(|damage| (damage.file.as_str(), damage.role, damage.reason.as_str())).collect()
}

/// Removed and published again: the same bytes in the trash and in a fresh place.
async fn published_twice(replica: &Catalogue) -> String {
    let package = package("web", "1.0.0", "");
    publish_signed(replica, &package, 1).await;
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    publish_signed(replica, &package, 1).await;
    version(replica, "web", "1.0.0").await.unwrap().package.key.to_string()
}

#[tokio::test(start_paused = true)]
async fn what_is_sound_is_left_as_it_is() {
    let site = Site::new();
    let replica = site.replica().await;
    published_twice(&replica).await;
    overwrite(&replica, &package("web", "1.0.0", "other")).await.unwrap();
    let before = (replica.status().sequence, site.keys("").await);
    let report = scrub(&replica).await;
    assert!(report.is_sound(), "{report:?}");
    // the version, what it replaced, and package and provenance in the trash
    assert_eq!(report.files, 4);
    assert!(report.bytes > 0);
    assert_eq!((replica.status().sequence, site.keys("").await), before);
}

#[tokio::test(start_paused = true)]
async fn a_spoilt_package_is_mended_from_the_trash_and_is_as_it_was() {
    for gone in [false, true] {
        let site = Site::new();
        let replica = site.replica().await;
        let key = published_twice(&replica).await;
        let before =
            (version(&replica, "web", "1.0.0").await.unwrap(), index(&replica, &root()).await["entries"].clone());
        let signed = signature(&replica, &package("web", "1.0.0", "")).await;
        if gone {
            site.take_away(&key).await;
        } else {
            site.place(&key, "spoilt").await;
        }

        let sequence = replica.status().sequence;
        let dry = replica.scrub(true, quiet()).await.unwrap();
        assert_eq!((dry.repaired.len(), dry.damaged.len(), replica.status().sequence), (1, 0, sequence));
        let report = scrub(&replica).await;
        assert_eq!((&report.repaired, report.damaged.len()), (&dry.repaired, 0));
        assert_eq!(report.repaired[0].key, key);
        assert!(report.repaired[0].source.starts_with(".chandlery/trash/"), "{report:?}");
        assert_eq!(replica.status().sequence, sequence + 1, "one entry: the version is never away");

        let after = version(&replica, "web", "1.0.0").await.unwrap();
        assert_ne!(after.package.key, before.0.package.key);
        assert_eq!((after.created, after.replaced), (before.0.created, before.0.replaced));
        assert_eq!(index(&replica, &root()).await["entries"], before.1);
        assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), package("web", "1.0.0", "").bytes());
        assert_eq!(signature(&replica, &package("web", "1.0.0", "")).await, signed);
        assert!(scrub(&replica).await.is_sound());
        assert_eq!(site.replica().await.view().state, replica.view().state);
    }
}

#[tokio::test(start_paused = true)]
async fn bytes_of_another_repository_mend_too_and_so_does_what_was_missing() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    for repository in [root(), path("org")] {
        replica.publish(&repository, &package, None, false).await.unwrap();
    }
    site.take_away("web-1.0.0.tgz").await;
    replica.reconcile(false).await.unwrap();
    replica.reconcile(false).await.unwrap();
    assert_eq!(version(&replica, "web", "1.0.0").await, None);
    let report = scrub(&replica).await;
    assert_eq!((report.repaired.len(), report.repaired[0].role), (1, Role::Missing));
    assert_eq!(report.repaired[0].source, "org/web-1.0.0.tgz");
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), package.bytes());
    assert!(scrub(&replica).await.is_sound());
}

#[tokio::test(start_paused = true)]
async fn a_provenance_is_mended_as_well() {
    let site = Site::new();
    let replica = site.replica().await;
    published_twice(&replica).await;
    let package = package("web", "1.0.0", "");
    let signed = signature(&replica, &package).await.unwrap();
    let view = replica.checked().await.unwrap().view;
    let place = view.state.repository(&root()).unwrap().provenance("web-1.0.0.tgz").unwrap().key;
    site.place(place.as_str(), "spoilt").await;
    let report = scrub(&replica).await;
    assert_eq!((report.repaired.len(), report.repaired[0].role), (1, Role::Provenance));
    assert_eq!(signature(&replica, &package).await.unwrap(), signed);
    assert!(scrub(&replica).await.is_sound());
}

#[tokio::test(start_paused = true)]
async fn what_nothing_can_mend_is_reported() {
    let site = Site::new();
    let replica = site.replica().await;
    for text in ["1.0.0", "2.0.0", "3.0.0"] {
        publish(&replica, &package("web", text, "")).await.unwrap();
    }
    publish(&replica, &package("gone", "1.0.0", "")).await.unwrap();
    replica.remove(&root(), "gone", "1.0.0").await.unwrap();
    site.place("web-1.0.0.tgz", "spoilt").await;
    site.take_away("web-2.0.0.tgz").await;
    site.place("web-3.0.0.tgz", package("web", "3.0.0", "theirs").bytes().clone()).await;
    site.take_away(&site.keys(".chandlery/trash/").await[0]).await;
    let sequence = replica.status().sequence;
    let report = scrub(&replica).await;
    let expected = [
        ("gone-1.0.0.tgz", Role::Trashed, "its file is gone"),
        ("web-1.0.0.tgz", Role::Package, "its bytes are not those that were published"),
        ("web-2.0.0.tgz", Role::Package, "its file is gone"),
        ("web-3.0.0.tgz", Role::Package, "another package was put in its place: `chandlery reconcile` takes it in"),
    ];
    assert_eq!(damaged(&report), expected);
    assert_eq!((report.repaired.len(), report.unread.len()), (0, 0));
    assert_eq!(replica.status().sequence, sequence);
}

#[tokio::test(start_paused = true)]
async fn a_mended_version_stays_mended_whatever_lies_in_its_old_place() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    for repository in [root(), path("org")] {
        replica.publish(&repository, &package, None, false).await.unwrap();
    }
    site.place("web-1.0.0.tgz", "spoilt").await;
    pass(61).await;
    assert_eq!(scrub(&replica).await.repaired.len(), 1);
    pass(61).await;
    let report = replica.reconcile(false).await.unwrap();
    assert_eq!(report.unreadable.len(), 1, "the spoilt file is no version, and is named");
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), package.bytes());
    site.place("web-1.0.0.tgz", package.bytes().clone()).await;
    pass(61).await;
    replica.reconcile(false).await.unwrap();
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), package.bytes());
    assert!(scrub(&replica).await.is_sound());
}

#[tokio::test(start_paused = true)]
async fn what_the_storage_does_not_give_is_not_called_damaged() {
    let site = Site::new();
    let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(process.clone(), site.options()).await.unwrap();
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    publish(&replica, &package("web", "2.0.0", "")).await.unwrap();
    process.set_plan(Plan::down().under(["web-2.0.0.tgz"]));
    let report = scrub(&replica).await;
    assert_eq!((report.unread.len(), report.damaged.len(), report.repaired.len()), (1, 0, 0));
    assert_eq!(report.unread[0].file, "web-2.0.0.tgz");
    assert!(!report.is_sound());
}

#[tokio::test(start_paused = true)]
async fn what_the_storage_gives_when_it_is_asked_again_is_sound() {
    let site = Site::new();
    let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(process.clone(), site.options()).await.unwrap();
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    let blob = place(&replica, add(&replica, "org/app", "blob").await);
    let all = scrub(&replica).await;
    assert!(all.is_sound() && all.files == 2, "{all:?}");
    for key in ["web-1.0.0.tgz", &blob] {
        process.set_plan(Plan::fail_at(1, Effect::Before).under([key]));
        let told = Arc::new(Mutex::new(Vec::new()));
        let tell = told.clone();
        let report = replica.scrub(false, Arc::new(move |done, of| tell.lock().unwrap().push((done, of)))).await;
        assert_eq!((report.unwrap(), &*told.lock().unwrap()), (all.clone(), &vec![(1, 2), (2, 2)]), "{key}");
    }
    // by then it is known that it is spoilt
    site.place("web-1.0.0.tgz", "spoilt").await;
    process.set_plan(Plan::fail_at(1, Effect::Before).under(["web-1.0.0.tgz"]));
    let report = scrub(&replica).await;
    let expected = [("web-1.0.0.tgz", Role::Package, "its bytes are not those that were published")];
    assert_eq!((damaged(&report), report.unread.len()), (expected.to_vec(), 0));
}

#[tokio::test(start_paused = true)]
async fn a_spoilt_blob_is_mended_from_a_package_with_the_same_bytes() {
    for gone in [false, true] {
        let site = Site::new();
        let replica = site.replica().await;
        let package = package("web", "1.0.0", "");
        publish(&replica, &package).await.unwrap();
        let digest = add(&replica, "org/one", package.bytes().clone()).await;
        add(&replica, "org/other", package.bytes().clone()).await;
        let key = place(&replica, digest);
        if gone {
            site.take_away(&key).await;
        } else {
            site.place(&key, "spoilt").await;
        }
        let sequence = replica.status().sequence;
        let dry = replica.scrub(true, quiet()).await.unwrap();
        assert_eq!((dry.repaired.len(), dry.withdrawn.len(), replica.status().sequence), (1, 0, sequence), "{dry:?}");
        let report = scrub(&replica).await;
        assert_eq!((&report.repaired, report.damaged.len()), (&dry.repaired, 0));
        assert_eq!((report.repaired[0].role, &*report.repaired[0].source), (Role::Content, "web-1.0.0.tgz"));
        assert_eq!(replica.status().sequence, sequence + 1, "one entry: the blob is never away");
        assert_ne!(place(&replica, digest), key);
        for of in ["org/one", "org/other"] {
            assert_eq!(blob(&replica, of, digest).await.unwrap(), package.bytes());
        }
        assert!(scrub(&replica).await.is_sound());
        assert_eq!(site.replica().await.view().state, replica.view().state);
    }
}

#[tokio::test(start_paused = true)]
async fn a_lost_blob_is_absent_until_it_is_pushed_again() {
    let site = Site::new();
    let replica = site.replica().await;
    for of in ["org/one", "org/other"] {
        add(&replica, of, "{}").await;
        add(&replica, of, "layer").await;
        put(&replica, of, tagged("latest"), &artifact("{}", &["layer"])).await.unwrap();
    }
    let layer = ContentDigest::of(b"layer");
    site.place(&place(&replica, layer), "spoilt").await;
    let sequence = replica.status().sequence;
    let dry = replica.scrub(true, quiet()).await.unwrap();
    assert_eq!((dry.withdrawn.len(), replica.status().sequence), (1, sequence), "{dry:?}");
    let report = scrub(&replica).await;
    assert_eq!(report.withdrawn, dry.withdrawn);
    let withdrawal = &report.withdrawn[0];
    assert_eq!((withdrawal.digest, &*withdrawal.reason), (layer, "its bytes are not those that were pushed"));
    assert_eq!(withdrawal.blob_of, [name("org/one"), name("org/other")]);
    assert!(withdrawal.manifest_of.is_empty() && withdrawal.tags.is_empty() && report.damaged.is_empty());
    for of in ["org/one", "org/other"] {
        assert_eq!(blob(&replica, of, layer).await, None, "clients that ask are told to push it");
        assert_eq!(tags(&replica, of).await.unwrap(), ["latest"]);
    }
    assert!(scrub(&replica).await.is_sound());
    add(&replica, "org/one", "layer").await;
    assert_eq!(blob(&replica, "org/one", layer).await.unwrap(), "layer");
    assert!(manifest(&replica, "org/one", tagged("latest")).await.is_some());
    assert_eq!(site.replica().await.view().state, replica.view().state);
}

#[tokio::test(start_paused = true)]
async fn a_lost_manifest_goes_with_its_tags_and_comes_back_with_a_push() {
    let site = Site::new();
    let replica = site.replica().await;
    let image = artifact("{}", &[]);
    add(&replica, "org/app", "{}").await;
    for tag in ["latest", "v1"] {
        put(&replica, "org/app", tagged(tag), &image).await.unwrap();
    }
    let digest = digest_of(&image);
    site.take_away(&place(&replica, digest)).await;
    let report = scrub(&replica).await;
    assert_eq!(report.withdrawn.len(), 1, "{report:?}");
    assert_eq!(report.withdrawn[0].manifest_of, [name("org/app")]);
    assert_eq!(report.withdrawn[0].tags, ["org/app:latest", "org/app:v1"]);
    assert_eq!(manifest(&replica, "org/app", Reference::Digest(digest)).await, None);
    assert_eq!(manifest(&replica, "org/app", tagged("latest")).await, None);
    put(&replica, "org/app", tagged("latest"), &image).await.unwrap();
    assert_eq!(manifest(&replica, "org/app", tagged("latest")).await.unwrap(), image.to_string());
    assert!(scrub(&replica).await.is_sound());
}

#[tokio::test(start_paused = true)]
async fn spoilt_content_that_is_not_given_again_is_neither_withdrawn_nor_passed_over() {
    let site = Site::new();
    let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(process.clone(), site.options()).await.unwrap();
    let digest = add(&replica, "org/app", "blob").await;
    let key = place(&replica, digest);
    site.place(&key, "spoilt").await;
    process.set_plan(Plan::fail_at(2, Effect::Before).under([&key]));
    let report = scrub(&replica).await;
    assert_eq!((report.withdrawn.len(), report.unread.len()), (0, 1), "{report:?}");
    assert_eq!(report.unread[0].file, digest.to_string());
    assert_eq!(scrub(&replica).await.withdrawn.len(), 1);
}

/// The version lives on, with the manifest that is made of it.
#[tokio::test(start_paused = true)]
async fn the_lost_manifest_of_a_chart_takes_no_version_with_it() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    push(&replica, "web", &package, "pushed").await.unwrap();
    let before = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    let digest = ContentDigest::of(&before);
    let key = place(&replica, digest);
    site.place(&key, "spoilt").await;
    let report = scrub(&replica).await;
    assert_eq!(report.withdrawn.len(), 1, "{report:?}");
    assert_eq!(report.withdrawn[0].tags, ["web:1.0.0"]);
    let made = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    assert_ne!(made, before);
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), package.bytes());
    put(&replica, "web", tagged("1.0.0"), &serde_json::from_slice(&before).unwrap()).await.unwrap();
    assert_eq!(manifest(&replica, "web", tagged("1.0.0")).await.unwrap(), before);
    assert!(scrub(&replica).await.is_sound());
}

/// A volume that is not mounted is no reason to forget what is on it.
#[tokio::test(start_paused = true)]
async fn nothing_is_withdrawn_when_most_of_it_is_gone() {
    let site = Site::new();
    let replica = site.replica().await;
    let digests: Vec<_> = {
        let mut digests = Vec::new();
        for n in 0..12 {
            digests.push(add(&replica, "org/app", format!("blob {n}")).await);
        }
        digests
    };
    for digest in &digests[..11] {
        site.take_away(&place(&replica, *digest)).await;
    }
    let sequence = replica.status().sequence;
    let report = scrub(&replica).await;
    assert_eq!((report.withdrawn.len(), report.damaged.len(), replica.status().sequence), (0, 11, sequence));
    let reason = "its file is gone; so much has gone bad at once that nothing was withdrawn";
    assert_eq!(report.damaged[0].reason, reason);
    assert!(digests.iter().all(|digest| replica.view().blob(&name("org/app"), *digest).is_some()));
}
