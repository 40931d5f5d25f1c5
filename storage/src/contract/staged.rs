use super::{Place, assert_not_found, assert_taken, must};
use crate::{StagedWrite, StorageError};

pub(super) async fn hold(place: &Place) {
    publishing(&place.below("publishing")).await;
    of_objects(&place.below("objects")).await;
    giving_up(&place.below("giving-up")).await;
    taken(&place.below("taken")).await;
}

async fn begin(place: &Place, text: &str, parts: &[&'static str]) -> Box<dyn StagedWrite> {
    let mut stage = must("begin", place.store.stage(&place.key(text)).await);
    for part in parts {
        must("append", stage.append((*part).into()).await);
    }
    stage
}

async fn publishing(place: &Place) {
    let stage = begin(place, "a/b", &["one ", "", "two ", "three"]).await;
    place.assert_absent("a/b").await;
    assert_eq!(place.list("").await, [""; 0], "nothing is listed under any name");
    let meta = must("publish", stage.publish_new().await);
    assert_eq!(meta.size, 13);
    assert_eq!(must("look", place.store.head(&place.key("a/b")).await), meta);
    assert_eq!(place.bytes("a/b").await, "one two three");
    must("publish nothing", begin(place, "empty", &[]).await.publish_new().await);
    assert_eq!(place.bytes("empty").await, "");
    let mut stage = begin(place, "large", &[]).await;
    let part = vec![7_u8; 1 << 20];
    for _ in 0..12 {
        must("append a MiB", stage.append(part.clone().into()).await);
    }
    assert_eq!(must("publish", stage.publish_new().await).size, 12 << 20);
    let bytes = place.bytes("large").await;
    assert!(bytes.len() == 12 << 20 && bytes.iter().all(|byte| *byte == 7));
}

/// Objects of many sizes with bytes between them: where backends draw the line between copying and sending.
async fn of_objects(place: &Place) {
    const MIB: usize = 1 << 20;
    let sizes = [7, 0, 5 * MIB, MIB, 4 * MIB + 1, 5 * MIB - 1, 1];
    let objects: Vec<Vec<u8>> = (1_u8..).zip(sizes).map(|(n, size)| vec![n; size]).collect();
    for (n, object) in objects.iter().enumerate() {
        place.put_new(&format!("source/{n}+é"), object.clone()).await;
    }
    let source = |n: usize| place.key(&format!("source/{n}+é"));
    for (name, chosen, between) in
        [("all", 0..7, ""), ("mixed", 0..4, "between"), ("large", 2..3, ""), ("nothing", 1..2, "")]
    {
        let mut stage = begin(place, name, &[between]).await;
        let mut expected = between.as_bytes().to_vec();
        for n in chosen {
            must("append an object", stage.append_object(&source(n), objects[n].len() as u64).await);
            must("append", stage.append(between.into()).await);
            expected.extend_from_slice(&objects[n]);
            expected.extend_from_slice(between.as_bytes());
        }
        place.assert_absent(name).await;
        assert_eq!(must("publish", stage.publish_new().await).size, expected.len() as u64, "{name}");
        assert!(place.bytes(name).await == expected, "{name}: other bytes than were appended");
    }
    for (n, object) in objects.iter().enumerate() {
        assert!(place.bytes(&format!("source/{n}+é")).await == *object, "what was appended stays");
    }
    let absent = place.key("absent");
    for size in [1, 6 * MIB] {
        assert_not_found(&absent, begin(place, "b", &["1"]).await.append_object(&absent, size as u64).await);
    }
    for (n, size) in [(0, 6), (0, 8), (2, 5 * MIB - 1), (2, 5 * MIB + 1)] {
        let appended = begin(place, "b", &[]).await.append_object(&source(n), size as u64).await;
        assert!(matches!(appended, Err(StorageError::Corrupt(_))), "{size} bytes of {n}: {appended:?}");
    }
    place.assert_absent("b").await;
    must("sweep", place.store.sweep().await);
    assert!(place.bytes("large").await == objects[2], "what was published is no leftover");
}

async fn giving_up(place: &Place) {
    must("abandon", begin(place, "a", &["bytes"]).await.abandon().await);
    place.assert_absent("a").await;
    drop(begin(place, "a", &["bytes"]).await);
    place.assert_absent("a").await;
    place.put_new("a", "the key is still free").await;
}

async fn taken(place: &Place) {
    let (first, second) = (begin(place, "a", &["first"]).await, begin(place, "a", &["second"]).await);
    must("publish", second.publish_new().await);
    assert_taken(&place.key("a"), first.publish_new().await);
    assert_eq!(place.bytes("a").await, "second");
    let late = begin(place, "b", &["late"]).await;
    place.put_new("b", "early").await;
    assert_taken(&place.key("b"), late.publish_new().await);
    assert_eq!(place.bytes("b").await, "early");
    assert_eq!(place.list("").await, ["a", "b"]);
}
