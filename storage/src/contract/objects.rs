use bytes::Bytes;

use super::{Place, assert_not_found, assert_taken, must};
use crate::ByteRange;

/// Names that charts, people and other systems come up with.
const NAMES: [&str; 10] = [
    "web-1.0.0+build.5.tgz",
    "two words.tgz",
    " leading and trailing ",
    "grüße-1.0.0.tgz",
    "日本語/チャート-1.0.0.tgz",
    "a%2Fb?c#d&e=f",
    "quote'\"\\back*star",
    ".hidden/..dots...",
    "UPPER/lower/Mixed",
    "-starts-with-dash",
];

pub(super) async fn hold(place: &Place) {
    creating(&place.below("creating")).await;
    replacing(&place.below("replacing")).await;
    ranges(&place.below("ranges")).await;
    absent(&place.below("absent")).await;
    copying(&place.below("copying")).await;
    names(&place.below("names")).await;
}

async fn creating(place: &Place) {
    let meta = place.put_new("a", "first").await;
    assert_eq!(meta.size, 5);
    let key = place.key("a");
    assert_taken(&key, place.store.put_new(&key, "second".into()).await);
    assert_taken(&key, place.store.create(&key, "third".into()).await);
    must("create", place.store.create(&place.key("b"), "created".into()).await);
    assert_eq!(place.bytes("b").await, "created");
    let object = must("read", place.store.get(&key, None).await);
    assert_eq!(
        (object.bytes, &object.meta),
        (Bytes::from("first"), &meta),
        "the first bytes stay, and their attributes"
    );
    assert_eq!(must("look", place.store.head(&key).await), meta);
    assert_eq!(must("settle", place.store.settle(&key).await), meta);
    assert_eq!(place.put_new("empty", "").await.size, 0);
    assert_eq!(place.bytes("empty").await, "");
    let large = Bytes::from_iter((0..3_000_000_u32).map(|n| (n % 251) as u8));
    assert_eq!(place.put_new("deep/er/and/deeper/large", large.clone()).await.size, 3_000_000);
    assert!(place.bytes("deep/er/and/deeper/large").await == large, "3 MB come back as they went");
}

async fn replacing(place: &Place) {
    let key = place.key("a");
    let mut last = must("put where nothing is", place.store.put(&key, "one".into()).await);
    for text in ["two", "three", ""] {
        let meta = must("replace", place.store.put(&key, text.into()).await);
        assert_ne!(meta.etag, last.etag, "other bytes, another etag");
        assert_eq!(must("look", place.store.head(&key).await), meta);
        assert_eq!(place.bytes("a").await, text);
        last = meta;
    }
    assert_taken(&key, place.store.put_new(&key, "new".into()).await);
}

async fn ranges(place: &Place) {
    let meta = place.put_new("a", "0123456789").await;
    let cases =
        [(0, 10, "0123456789"), (0, 1, "0"), (3, 7, "3456"), (9, 10, "9"), (8, 100, "89"), (0, u64::MAX, "0123456789")];
    let nothing = [(10, 11, ""), (10, 10, ""), (u64::MAX - 1, u64::MAX, ""), (4, 4, ""), (7, 3, "")];
    for (start, end, expected) in cases.into_iter().chain(nothing) {
        let object = must("read a range", place.store.get(&place.key("a"), Some(ByteRange { start, end })).await);
        assert_eq!(object.bytes, expected, "bytes {start}..{end} of 10");
        assert_eq!(object.meta, meta, "the attributes are the whole object's");
    }
    place.put_new("empty", "").await;
    let object = must("read", place.store.get(&place.key("empty"), Some(ByteRange { start: 0, end: 1 })).await);
    assert_eq!(object.bytes, "");
}

async fn absent(place: &Place) {
    let (key, target) = (place.key("a/b"), place.key("target"));
    for _ in 0..2 {
        place.assert_absent("a/b").await;
        assert_not_found(&key, place.store.get(&key, Some(ByteRange { start: 0, end: 1 })).await);
        assert_not_found(&key, place.store.copy_new(&key, &target).await);
        assert_not_found(&key, place.store.settle(&key).await);
        must("remove what is absent", place.store.delete(&key).await);
        place.put_new("a/b", "there").await;
        must("remove", place.store.delete(&key).await);
    }
    place.assert_absent("target").await;
    place.put_new("a/c", "beside").await;
    place.assert_absent("a/b").await;
}

async fn copying(place: &Place) {
    place.put_new("from", "bytes").await;
    let (from, to) = (place.key("from"), place.key("other/to"));
    let meta = must("copy", place.store.copy_new(&from, &to).await);
    assert_eq!(must("look", place.store.head(&to).await), meta);
    assert_eq!(meta.size, 5);
    assert_taken(&to, place.store.copy_new(&from, &to).await);
    must("replace the source", place.store.put(&from, "changed".into()).await);
    assert_eq!(place.bytes("other/to").await, "bytes", "a copy does not follow its source");
    assert_taken(&to, place.store.copy_new(&from, &to).await);
    must("remove the source", place.store.delete(&from).await);
    assert_eq!(place.bytes("other/to").await, "bytes");
}

async fn names(place: &Place) {
    for name in NAMES {
        place.put_new(name, name).await;
    }
    for name in NAMES {
        assert_eq!(place.bytes(name).await, name);
        assert_eq!(place.list(name).await, [name]);
    }
    let mut sorted = NAMES;
    sorted.sort_unstable();
    assert_eq!(place.list("").await, sorted);
    for name in NAMES {
        must("remove", place.store.delete(&place.key(name)).await);
    }
    assert_eq!(place.list("").await, [""; 0]);
}
