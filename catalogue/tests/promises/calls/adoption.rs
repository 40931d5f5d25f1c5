use std::sync::{Arc, Mutex};

use catalogue::{Catalogue, Clock, Options};
use jiff::Timestamp;
use storage::memory::MemoryStore;

use crate::packages::{package, provenance};
use crate::site::{Site, bytes, index, path, root, signature, version};
use crate::time::pass;

#[tokio::test(start_paused = true)]
async fn what_lies_in_a_storage_is_taken_in_at_the_first_start() {
    let site = Site::new();
    let (web, foreign, nested) =
        (package("web", "1.0.0", ""), package("foreign", "2.0.0", ""), package("web", "3.0.0", ""));
    site.place("web-1.0.0.tgz", web.bytes().clone()).await;
    site.place("web-1.0.0.tgz.prov", provenance(&web, 1).1).await;
    site.place("another name.tgz", foreign.bytes().clone()).await;
    site.place("team/a/web-3.0.0.tgz", nested.bytes().clone()).await;
    site.place("broken-1.0.0.tgz", "no package").await;
    site.place("readme.txt", "no package either").await;
    let placed = site.clock.now();
    pass(5).await;

    let replica = site.replica().await;
    assert_eq!(bytes(&replica, "web", "1.0.0").await.unwrap(), web.bytes());
    assert_eq!(version(&replica, "web", "1.0.0").await.unwrap().created, placed, "the object's time");
    assert_eq!(signature(&replica, &web).await.unwrap(), provenance(&web, 1).1);
    assert_eq!(bytes(&replica, "foreign", "2.0.0").await.unwrap(), foreign.bytes());
    let entries = index(&replica, &root()).await["entries"].clone();
    assert_eq!(entries["foreign"][0]["urls"][0], "charts/another name.tgz");
    assert_eq!(entries.as_object().unwrap().len(), 2);
    assert_eq!(index(&replica, &path("team/a")).await["entries"]["web"][0]["version"], "3.0.0");
    let view = replica.view();
    assert!(view.state.adopted);
    assert_eq!(view.repositories().count(), 2);
    let broken = view.state.repository(&root()).unwrap().file("broken-1.0.0.tgz").unwrap();
    assert!(broken.unreadable.is_some());
    let report = replica.reconcile(false).await.unwrap();
    assert_eq!(report.unreadable.len(), 1, "{report:?}");
    assert!(report.adopted.is_empty() && report.missing.is_empty() && report.found.is_empty(), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn a_restart_takes_nothing_in_anew() {
    let site = Site::new();
    site.place("web-1.0.0.tgz", package("web", "1.0.0", "").bytes().clone()).await;
    let first = site.replica().await;
    site.place("late-1.0.0.tgz", package("late", "1.0.0", "").bytes().clone()).await;
    let second = site.replica().await;
    assert_eq!(first.view().state, second.view().state);
    assert_eq!(version(&second, "late", "1.0.0").await, None);
}

#[tokio::test(start_paused = true)]
async fn publish_times_are_those_of_the_cached_index() {
    let web = package("web", "1.0.0", "");
    let changed = package("changed", "1.0.0", "");
    let (digest, other) = (web.digest(), package("changed", "1.0.0", "before").digest());
    let yaml = format!(
        "apiVersion: v1\nentries:\n  web:\n  - name: web\n    version: 1.0.0\n    digest: {digest}\n    \
         created: \"2020-02-03T04:05:06.789+01:00\"\n    urls:\n    - charts/web-1.0.0.tgz\n  changed:\n  - name: changed\n    \
         version: 1.0.0\n    digest: {other}\n    created: \"2020-02-03T04:05:06Z\"\n    urls:\n    - charts/changed-1.0.0.tgz\n\
         generated: \"2020-02-03T04:05:06Z\"\n"
    );
    let json = serde_json::json!({"apiVersion": "v1", "entries": {
        "web": [{"name": "web", "version": "1.0.0", "digest": digest.to_string(),
            "created": "2020-02-03T04:05:06.789+01:00", "urls": ["charts/web-1.0.0.tgz"]}],
        "changed": [{"name": "changed", "version": "1.0.0", "digest": other.to_string(),
            "created": "2020-02-03T04:05:06Z", "urls": ["charts/changed-1.0.0.tgz"]}],
    }});
    for text in [yaml, json.to_string()] {
        let site = Site::new();
        site.place("web-1.0.0.tgz", web.bytes().clone()).await;
        site.place("changed-1.0.0.tgz", changed.bytes().clone()).await;
        site.place("index-cache.yaml", text).await;
        let placed = site.clock.now();
        pass(5).await;
        let replica = site.replica().await;
        let noted: Timestamp = "2020-02-03T03:05:06.789Z".parse().unwrap();
        assert_eq!(version(&replica, "web", "1.0.0").await.unwrap().created, noted);
        assert_eq!(version(&replica, "changed", "1.0.0").await.unwrap().created, placed, "another digest");
    }
}

#[tokio::test(start_paused = true)]
async fn of_two_files_with_one_version_one_is_served_and_the_other_named() {
    let site = Site::new();
    let (one, other) = (package("web", "1.0.0", "one"), package("web", "1.0.0", "other"));
    site.place("web-1.0.0.tgz", one.bytes().clone()).await;
    site.place("web-copy.tgz", other.bytes().clone()).await;
    let replica = site.replica().await;
    let entries = index(&replica, &root()).await["entries"]["web"].clone();
    assert_eq!(entries.as_array().unwrap().len(), 1);
    let report = replica.reconcile(false).await.unwrap();
    assert_eq!(report.unreadable.len(), 1);
    assert!(report.unreadable[0].2.contains("web 1.0.0"), "{report:?}");
}

#[tokio::test(start_paused = true)]
async fn two_replicas_that_start_at_once_take_everything_in_once() {
    let site = Site::new();
    for n in 0..40 {
        let package = package(&format!("chart{}", n % 7), &format!("1.{n}.0"), "");
        site.place(&package.file_name(), package.bytes().clone()).await;
    }
    let (first, second) = tokio::join!(site.replica(), site.replica());
    first.checked().await.unwrap();
    second.checked().await.unwrap();
    assert_eq!(first.view().state, second.view().state);
    assert_eq!(first.view().state.version_count(), 40);
}

#[tokio::test(start_paused = true)]
async fn progress_is_told() {
    let site = Site::new();
    for n in 0..250 {
        let package = package("web", &format!("1.{n}.0"), "");
        site.place(&package.file_name(), package.bytes().clone()).await;
    }
    let told: Arc<Mutex<Vec<(u64, u64)>>> = Arc::default();
    let teller = told.clone();
    let options = Options {
        progress: Some(Arc::new(move |done, total| teller.lock().unwrap().push((done, total)))),
        ..site.options()
    };
    let store: MemoryStore = site.store.clone();
    let replica = Catalogue::open(Arc::new(store), options).await.unwrap();
    assert_eq!(replica.view().state.version_count(), 250);
    assert_eq!(*told.lock().unwrap(), [(100, 250), (200, 250), (250, 250)]);
    let entries = site.keys(".chandlery/journal/").await.len();
    assert!(entries < 50, "{entries} entries for 250 packages");
}
