use catalogue::{CommitError, PublishOutcome};

use crate::packages::package;
use crate::site::{Site, bytes, index, index_text, overwrite, path, publish, root, version};

#[tokio::test(start_paused = true)]
async fn a_published_package_lies_in_its_own_place_and_is_listed() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.2.3", "first");
    assert_eq!(publish(&replica, &package).await, Ok(PublishOutcome::Created));

    assert_eq!(site.bytes("web-1.2.3.tgz").await, package.bytes());
    assert_eq!(bytes(&replica, "web", "1.2.3").await.unwrap(), package.bytes());
    let index = index(&replica, &root()).await;
    let entry = &index["entries"]["web"][0];
    assert_eq!(entry["version"], "1.2.3");
    assert_eq!(entry["description"], "first");
    assert_eq!(entry["digest"], package.digest().to_string());
    assert_eq!(entry["urls"][0], "charts/web-1.2.3.tgz");
    let view = replica.view();
    let listing = &view.repository(&root()).unwrap().listing().identity;
    let listing: Vec<u8> = listing.frames.iter().flat_map(|frame| frame.iter().copied()).collect();
    let listing: serde_json::Value = serde_json::from_slice(&listing).unwrap();
    assert_eq!(listing["web"], index["entries"]["web"]);
}

#[tokio::test(start_paused = true)]
async fn a_version_is_published_once() {
    let site = Site::new();
    let replica = site.replica().await;
    let first = package("web", "1.2.3", "first");
    publish(&replica, &first).await.unwrap();
    let before = (index_text(&replica, &root()).await, site.keys("").await);
    for again in [&package("web", "1.2.3", "other"), &first] {
        assert_eq!(publish(&replica, again).await, Err(CommitError::Exists));
    }
    assert_eq!((index_text(&replica, &root()).await, site.keys("").await), before, "a refusal leaves nothing");
}

#[tokio::test(start_paused = true)]
async fn repositories_do_not_share_versions() {
    let site = Site::new();
    let replica = site.replica().await;
    let (here, there) = (package("web", "1.2.3", "here"), package("web", "1.2.3", "there"));
    publish(&replica, &here).await.unwrap();
    replica.publish(&path("team/a"), &there, None, false).await.unwrap();
    assert_eq!(site.bytes("team/a/web-1.2.3.tgz").await, there.bytes());
    let digest = |index: serde_json::Value| index["entries"]["web"][0]["digest"].as_str().unwrap().to_owned();
    assert_eq!(digest(index(&replica, &root()).await), here.digest().to_string());
    assert_eq!(digest(index(&replica, &path("team/a")).await), there.digest().to_string());
}

#[tokio::test(start_paused = true)]
async fn an_overwritten_version_has_a_fresh_place_and_its_old_bytes_stay_for_a_while() {
    let site = Site::new();
    let replica = site.replica().await;
    let (old, new) = (package("web", "1.2.3", "old"), package("web", "1.2.3", "new"));
    publish(&replica, &old).await.unwrap();
    assert_eq!(overwrite(&replica, &new).await, Ok(PublishOutcome::Replaced));

    assert_eq!(bytes(&replica, "web", "1.2.3").await.unwrap(), new.bytes());
    assert_eq!(site.bytes("web-1.2.3.tgz").await, old.bytes(), "a place is written once");
    let key = version(&replica, "web", "1.2.3").await.unwrap().package.key.clone();
    assert!(key.as_str().starts_with(".chandlery/objects/"), "{key}");
    let entries = index(&replica, &root()).await["entries"]["web"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 1);
    assert_eq!(entries[0]["urls"][0], format!("charts/{}/web-1.2.3.tgz", new.digest()));
    let view = replica.view();
    let repository = view.state.repository(&root()).unwrap();
    let location = repository.package("web-1.2.3.tgz", Some(old.digest())).unwrap();
    assert_eq!(replica.load(&location).await.unwrap(), old.bytes());
}

#[tokio::test(start_paused = true)]
async fn overwriting_with_the_same_bytes_changes_nothing() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.2.3", "same");
    assert_eq!(overwrite(&replica, &package).await, Ok(PublishOutcome::Created));
    let before = site.keys("").await;
    assert_eq!(overwrite(&replica, &package).await, Ok(PublishOutcome::Replaced));
    assert_eq!(site.keys("").await, before);
}

#[tokio::test(start_paused = true)]
async fn two_charts_whose_versions_make_one_file_name_do_not_mix() {
    let site = Site::new();
    let replica = site.replica().await;
    publish(&replica, &package("foo", "1.0.0-2.0.0", "")).await.unwrap();
    let before = site.keys("").await;
    let refused = publish(&replica, &package("foo-1.0.0", "2.0.0", "")).await;
    let (file, name, version) = ("foo-1.0.0-2.0.0.tgz".into(), "foo".into(), "1.0.0-2.0.0".into());
    assert_eq!(refused, Err(CommitError::FileNameTaken { file, name, version }));
    assert_eq!(site.keys("").await, before, "a refusal leaves nothing");
}

#[tokio::test(start_paused = true)]
async fn an_unreadable_file_in_the_place_is_left_alone() {
    let site = Site::new();
    let replica = site.replica().await;
    site.place("web-1.2.3.tgz", "no package").await;
    let package = package("web", "1.2.3", "");
    assert_eq!(publish(&replica, &package).await, Ok(PublishOutcome::Created));
    assert_eq!(bytes(&replica, "web", "1.2.3").await.unwrap(), package.bytes());
    assert_eq!(site.bytes("web-1.2.3.tgz").await, "no package");
}

#[tokio::test(start_paused = true)]
async fn concurrent_uploads_of_one_version_have_one_winner_and_share_entries() {
    let site = Site::new();
    let replica = site.replica().await;
    let uploads = (0..20).map(|n| {
        let replica = replica.clone();
        tokio::spawn(async move { publish(&replica, &package("web", "1.2.3", &format!("{n}"))).await })
    });
    let uploads: Vec<_> = uploads.collect();
    let mut created = 0;
    for upload in uploads {
        match upload.await.unwrap() {
            Ok(PublishOutcome::Created) => created += 1,
            other => assert_eq!(other, Err(CommitError::Exists)),
        }
    }
    assert_eq!(created, 1);

    let before = site.keys(".chandlery/journal/").await.len();
    let uploads = (0..20).map(|n| {
        let replica = replica.clone();
        tokio::spawn(async move { publish(&replica, &package("web", &format!("2.0.{n}"), "")).await })
    });
    for upload in uploads.collect::<Vec<_>>() {
        assert_eq!(upload.await.unwrap(), Ok(PublishOutcome::Created));
    }
    let entries = site.keys(".chandlery/journal/").await.len() - before;
    assert!(entries < 10, "{entries} entries for 20 uploads at once");
}

#[tokio::test(start_paused = true)]
async fn a_name_that_no_storage_takes_is_refused() {
    let site = Site::new();
    let replica = site.replica().await;
    let refused = publish(&replica, &package(&"x".repeat(90), &format!("1.0.0-{}", "y".repeat(200)), "")).await;
    assert!(matches!(refused, Err(CommitError::Name(_))), "{refused:?}");
    assert_eq!(replica.view().state.version_count(), 0);
    assert!(site.keys("x").await.is_empty());
}
