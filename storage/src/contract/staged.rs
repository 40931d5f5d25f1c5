use super::{Place, assert_taken, must};
use crate::StagedWrite;

pub(super) async fn hold(place: &Place) {
    publishing(&place.below("publishing")).await;
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
