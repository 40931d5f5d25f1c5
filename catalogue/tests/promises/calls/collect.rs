use crate::packages::package;
use crate::site::{DAY, Site, bytes, overwrite, publish, publish_signed, root, version};
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
    let served = |replica: &catalogue::Catalogue| {
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
    assert_eq!(replica.view().state.discarded.len(), 1);
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
