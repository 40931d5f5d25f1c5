use std::sync::Arc;
use std::time::Duration;

use catalogue::{Catalogue, CommitError, PackagePublished, Proposal, Publication, Refusal, StoredFile, Terms};
use storage::Operation;
use storage::faulty::{Faulty, Plan};

use crate::packages::package;
use crate::site::{DAY, Site, bytes, key, overwrite, publish, publish_signed, root, version};
use crate::time::pass;

#[tokio::test(start_paused = true)]
async fn a_replaced_package_is_let_go_in_two_steps_after_its_window() {
    let site = Site::new();
    let replica = site.replica().await;
    let packages: Vec<_> = (0..3).map(|n| package("web", "1.0.0", &n.to_string())).collect();
    for package in &packages {
        overwrite(&replica, package).await.unwrap();
    }
    let stays = version(&replica, "web", "1.0.0").await.unwrap().package.key.to_string();
    let old = site.keys(".chandlery/objects/").await.into_iter().find(|key| *key != stays).unwrap();
    let served = |replica: &Catalogue| {
        let view = replica.view();
        view.state.repository(&root()).unwrap().package("web-1.0.0.tgz", Some(packages[1].digest()))
    };

    pass(7 * DAY - 60).await;
    assert_eq!(replica.collect().await, Ok(0));
    assert!(served(&replica).is_some());
    pass(61).await;
    assert_eq!(replica.collect().await, Ok(0), "dropped, and unreferenced from now on");
    assert_eq!(served(&replica), None);
    pass(DAY + 1).await;
    assert_eq!(replica.collect().await, Ok(0), "discarded");
    assert!(site.has(&old).await);
    pass(DAY).await;
    assert_eq!(replica.collect().await, Ok(0), "not yet a day");
    pass(1).await;
    assert_eq!(replica.collect().await, Ok(1));
    assert_eq!(site.keys(".chandlery/objects/").await, [stays]);
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), packages[2].bytes());
    assert_eq!(replica.collect().await, Ok(0));
}

#[tokio::test(start_paused = true)]
async fn the_trash_is_emptied_after_its_window() {
    let site = Site::new();
    let replica = site.replica().await;
    publish_signed(&replica, &package("web", "1.0.0", ""), 1).await;
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    pass(7 * DAY - 60).await;
    assert_eq!(replica.collect().await, Ok(0));
    assert_eq!(site.keys(".chandlery/trash/").await.len(), 2);
    pass(61).await;
    assert_eq!(replica.collect().await, Ok(2));
    assert!(site.keys(".chandlery/trash/").await.is_empty());
    replica.restore(&root(), "web", "1.0.0").await.unwrap_err();
}

#[tokio::test(start_paused = true)]
async fn what_a_crash_left_below_objects_is_let_go() {
    let site = Site::new();
    let replica = site.replica().await;
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    let left = ".chandlery/objects/ab/ab0123/web-1.0.0.tgz";
    site.place(left, "left").await;
    pass(DAY).await;
    replica.collect().await.unwrap();
    assert!(replica.view().state.discarded.is_empty(), "not yet a day");
    pass(1).await;
    assert_eq!(replica.collect().await, Ok(0));
    let state = replica.view().state.clone();
    assert_eq!(state.discarded.len(), 1);
    let package = package("web", "2.0.0", "");
    let published = PackagePublished {
        repository: root(),
        name: package.name().clone(),
        version: package.version().clone(),
        file: package.file_name(),
        package: StoredFile { key: key(left), digest: package.digest(), size: 4 },
        traces: None,
        metadata: serde_json::value::RawValue::from_string(package.metadata_json()).unwrap(),
        created: None,
        provenance: None,
    };
    let (repository, packages, terms) = (root(), vec![published], Terms::default());
    let publication = Publication { repository, packages, provenances: Vec::new(), terms };
    let named = state.check(&Proposal::Publish(Box::new(publication)));
    assert_eq!(named.err(), Some(Refusal::PlaceUsed), "nobody may name it any more");
    pass(DAY + 1).await;
    assert_eq!(replica.collect().await, Ok(1));
    assert!(!site.has(left).await);
}

#[tokio::test(start_paused = true)]
async fn a_collect_leaves_nothing_new() {
    let site = Site::new();
    let replica = site.replica().await;
    publish(&replica, &package("web", "1.0.0", "")).await.unwrap();
    replica.collect().await.unwrap();
    let before = site.keys("").await;
    replica.collect().await.unwrap();
    assert_eq!(site.keys("").await, before);
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_took_longer_than_a_day_is_not_believed() {
    let site = Site::new();
    let slow = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let replica = Catalogue::open(slow.clone(), site.options()).await.unwrap();
    publish(&replica, &package("web", "1.0.0", "old")).await.unwrap();
    slow.set_plan(Plan::delay(Duration::from_secs(DAY + 1)).only([Operation::PutNew]).under([".chandlery/objects/"]));
    let late = overwrite(&replica, &package("web", "1.0.0", "new")).await;
    assert!(matches!(late, Err(CommitError::Unavailable(_))), "what it names may be gone: {late:?}");
    assert_eq!(
        version(&replica, "web", "1.0.0").await.unwrap().package.digest,
        package("web", "1.0.0", "old").digest()
    );
}
