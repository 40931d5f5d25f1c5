use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use futures_util::{StreamExt, TryStreamExt};
use storage::contract::holds;
use storage::{Key, Listed, ObjectStore, Prefix, StorageError};
use storage_s3::{Options, SMALLEST_PART};

use super::{gateway, options, store};

fn key(text: &str) -> Key {
    Key::new(text).unwrap()
}

async fn names(store: &dyn ObjectStore) -> Vec<String> {
    let lines: Vec<_> = store.list(&Prefix::root()).try_collect().await.unwrap();
    let name = |line: &Listed| match line {
        Listed::Object(key, _) => key.to_string(),
        Listed::Folder(folder) => folder.to_string(),
    };
    lines.iter().map(name).collect()
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bucket_holds_it() {
    let Some(gateway) = gateway() else { return };
    holds(Arc::new(store(gateway).await)).await;
}

/// One process that looks before it writes keeps all promises but those to other processes.
#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn a_bucket_without_conditions_holds_it_for_one_process() {
    let Some(gateway) = gateway() else { return };
    holds(Arc::new(store(gateway).await.without_conditions())).await;
}

#[tokio::test]
async fn a_prefix_has_nothing_to_do_with_one_that_begins_like_it() {
    let Some(gateway) = gateway() else { return };
    let mut ours = options(gateway);
    let theirs = gateway.open(Options { prefix: format!("{}2", ours.prefix), ..ours.clone() }).await.unwrap();
    theirs.put_new(&key("theirs"), "1".into()).await.unwrap();
    ours.prefix = format!("/{}/", ours.prefix);
    let ours = gateway.open(ours).await.unwrap();
    ours.put_new(&key("ours"), "2".into()).await.unwrap();
    assert_eq!(names(&ours).await, ["ours"]);
    assert_eq!(names(&theirs).await, ["theirs"]);
    assert!(ours.get(&key("theirs"), None).await.unwrap_err().is_not_found());
}

#[tokio::test]
async fn what_no_key_can_name_is_passed_over() {
    let Some(gateway) = gateway() else { return };
    let options = options(gateway);
    let folder = gateway.files().join(&options.prefix);
    let store = gateway.open(options).await.unwrap();
    store.put_new(&key("a/b"), "1".into()).await.unwrap();
    std::fs::create_dir_all(folder.join("empty/er")).unwrap();
    std::fs::write(folder.join("by hand"), "2").unwrap();
    assert_eq!(names(&store).await, ["a/b", "by hand"]);
    assert_eq!(store.get(&key("by hand"), None).await.unwrap().bytes, "2");
}

#[tokio::test]
async fn large_objects_go_up_in_parts_and_are_copied() {
    let Some(gateway) = gateway() else { return };
    let mut options = options(gateway);
    options.part_size = SMALLEST_PART;
    let store = gateway.open(options).await.unwrap();
    let size = 2 * SMALLEST_PART + 1000;
    let bytes = Bytes::from_iter((0..size).map(|n| (n % 251) as u8));
    let mut stage = store.stage(&key("large")).await.unwrap();
    for piece in bytes.chunks(700_000) {
        stage.append(Bytes::copy_from_slice(piece)).await.unwrap();
    }
    let meta = stage.publish_new().await.unwrap();
    assert_eq!(meta.size, size as u64);
    assert!(meta.etag.ends_with("-3"), "three parts: {}", meta.etag);
    let copied = store.copy_new(&key("large"), &key("copy")).await.unwrap();
    assert_eq!(copied.size, size as u64);
    assert!(store.get(&key("copy"), None).await.unwrap().bytes == bytes);
    assert!(store.copy_new(&key("large"), &key("copy")).await.unwrap_err().is_already_exists());
    assert_eq!(names(&store).await, ["copy", "large"], "the loser leaves nothing");
}

#[tokio::test]
async fn parts_that_were_given_up_are_removed() {
    let Some(gateway) = gateway() else { return };
    // a bucket of its own: the gateway keeps the parts of a bucket in one folder
    let folder = gateway.files().with_file_name("parts");
    std::fs::create_dir(&folder).unwrap();
    let mut options = options(gateway);
    options.part_size = SMALLEST_PART;
    options.bucket = "parts".to_owned();
    let store = gateway.open(options).await.unwrap();
    let unfinished = || {
        let uploads = folder.join(".sgwtmp/multipart").read_dir().into_iter().flatten().flatten();
        uploads.map(|object| object.path().read_dir().into_iter().flatten().count()).sum::<usize>()
    };
    let begin = async || {
        let mut stage = store.stage(&key("large")).await.unwrap();
        stage.append(Bytes::from(vec![1; SMALLEST_PART + 1])).await.unwrap();
        stage
    };
    let gone = async || {
        while unfinished() > 0 {
            tokio::task::yield_now().await; // by another task, a moment later
        }
    };
    let abandoned = begin().await;
    assert!(unfinished() > 0);
    abandoned.abandon().await.unwrap();
    assert_eq!(unfinished(), 0);
    let abandoned = begin().await;
    let mut copying = store.stage(&key("copy")).await.unwrap();
    store.put_new(&key("source"), Bytes::from(vec![2; SMALLEST_PART])).await.unwrap();
    for _ in 0..12 {
        copying.append_object(&key("source"), SMALLEST_PART as u64).await.unwrap();
    }
    drop((abandoned, copying));
    gone().await;
    let dropped = begin().await;
    assert!(unfinished() > 0);
    drop(dropped);
    gone().await;
    let late = begin().await;
    store.put_new(&key("large"), "early".into()).await.unwrap();
    assert!(late.publish_new().await.unwrap_err().is_already_exists());
    gone().await;
    assert_eq!(store.get(&key("large"), None).await.unwrap().bytes, "early");
}

#[tokio::test]
async fn a_bucket_that_goes_is_not_an_absent_object() {
    let Some(gateway) = gateway() else { return };
    let folder = gateway.files().with_file_name("going");
    std::fs::create_dir(&folder).unwrap();
    let mut options = options(gateway);
    options.bucket = "going".to_owned();
    let store = gateway.open(options).await.unwrap();
    assert!(store.head(&key("a")).await.unwrap_err().is_not_found());
    std::fs::remove_dir(&folder).unwrap();
    let unavailable = |error: StorageError| assert!(matches!(error, StorageError::Unavailable(_)), "{error:?}");
    unavailable(store.head(&key("a")).await.unwrap_err());
    unavailable(store.get(&key("a"), None).await.unwrap_err());
    unavailable(store.put_new(&key("a"), "".into()).await.unwrap_err());
    unavailable(store.list(&Prefix::root()).next().await.unwrap().unwrap_err());
}

/// A store that copies is not sent what it has.
#[tokio::test]
async fn parts_are_copied_in_the_store_where_they_are_large_enough() {
    let Some(gateway) = gateway() else { return };
    let store = store(gateway).await;
    let (small, large) = (Bytes::from(vec![1; 1000]), Bytes::from(vec![2; SMALLEST_PART + 1]));
    store.put_new(&key("small"), small.clone()).await.unwrap();
    store.put_new(&key("large"), large.clone()).await.unwrap();
    let mut stage = store.stage(&key("both")).await.unwrap();
    for _ in 0..3 {
        stage.append_object(&key("large"), large.len() as u64).await.unwrap();
    }
    stage.append_object(&key("small"), small.len() as u64).await.unwrap();
    let meta = stage.publish_new().await.unwrap();
    assert!(meta.etag.ends_with("-4"), "each object is a part: {}", meta.etag);
    let expected = [&*large, &*large, &*large, &*small].concat();
    assert!(store.get(&key("both"), None).await.unwrap().bytes == expected);
}

#[tokio::test]
async fn what_a_process_that_died_has_begun_is_swept() {
    let Some(gateway) = gateway() else { return };
    let options = options(gateway);
    let (young, old) = (
        gateway.open(options.clone()).await.unwrap(),
        gateway.open(Options { leftover_age: Duration::ZERO, ..options }).await.unwrap(),
    );
    let mut unfinished = Vec::new();
    for text in [".chandlery/objects/aa/blob", ".chandlery/uploads/a/parts/b", "people/theirs"] {
        let mut stage = young.stage(&key(text)).await.unwrap();
        stage.append(Bytes::from(vec![1; Options::default().part_size + 1])).await.unwrap();
        unfinished.push(stage);
    }
    assert_eq!(young.sweep().await.unwrap(), 0);
    assert_eq!(old.sweep().await.unwrap(), 2, "what lies elsewhere may be somebody else's");
    assert_eq!(old.sweep().await.unwrap(), 0);
    let theirs = unfinished.pop().unwrap();
    theirs.publish_new().await.unwrap();
    for stage in unfinished {
        assert!(matches!(stage.publish_new().await, Err(StorageError::Unavailable(_))));
    }
    assert_eq!(names(&young).await, ["people/theirs"]);
}
