use std::collections::BTreeSet;

use futures_util::{StreamExt, TryStreamExt, stream};

use super::{Place, must};
use crate::{Listed, Prefix};

/// Objects in the large listing: more than a page of any backend.
const MANY: usize = 1100;
/// Calls at once while it is filled.
const AT_ONCE: usize = 32;

pub(super) async fn hold(place: &Place) {
    order_and_folders(&place.below("order")).await;
    empty_folders(&place.below("empty")).await;
    attributes(&place.below("attributes")).await;
    many(&place.below("many")).await;
}

/// Names around the byte of `/`: `-` and `.` come before it, digits after.
async fn order_and_folders(place: &Place) {
    let keys = ["a-b", "a.b", "a/-", "a/b/c", "a/b/d", "a0", "ab", "ab/c", "b/a/a/a", "b/a/a/b", "é"];
    for key in keys.iter().rev().filter(|key| **key != "ab/c") {
        place.put_new(key, *key).await;
    }
    let keys = keys.map(str::to_owned).into_iter().filter(|key| key != "ab/c").collect::<Vec<_>>();
    assert_eq!(place.list("").await, keys, "byte order");
    for prefix in ["a", "a/", "a/b", "a/b/", "a/b/c", "a/b/cc", "a.", "ab", "b/a/a/", "b/a/a/b", "c", "c/d/", "\u{e9}"]
    {
        let expected: Vec<_> = keys.iter().filter(|key| key.starts_with(prefix)).cloned().collect();
        assert_eq!(place.list(prefix).await, expected, "every key that begins with {prefix:?} and no other");
    }
    assert_eq!(
        place.list_folder("").await,
        ["a-b", "a.b", "a/", "a0", "ab", "b/", "é"],
        "a folder once, no grandchild"
    );
    assert_eq!(place.list_folder("a/").await, ["a/-", "a/b/"]);
    assert_eq!(place.list_folder("b/").await, ["b/a/"]);
    assert_eq!(place.list_folder("b/a/a/").await, ["b/a/a/a", "b/a/a/b"]);
    assert_eq!(place.list_folder("c/").await, [""; 0], "a folder that never was");
    let all: Vec<_> = must("list all", place.store.list(&Prefix::root()).try_collect().await);
    let mine = |line: &&Listed| matches!(line, Listed::Object(key, _) if key.as_str().starts_with(&place.name));
    let mine: Vec<_> = all.iter().filter(mine).map(|line| place.relative(line)).collect();
    assert_eq!(mine, keys, "the listing of everything has them all");
}

/// A folder is a beginning of keys: without keys there is none.
async fn empty_folders(place: &Place) {
    place.put_new("a/b/c", "").await;
    place.put_new("d", "").await;
    must("remove", place.store.delete(&place.key("a/b/c")).await);
    assert_eq!(place.list_folder("").await, ["d"]);
    assert_eq!(place.list_folder("a/").await, [""; 0]);
}

async fn attributes(place: &Place) {
    let expected = [("a", place.put_new("a", "1").await), ("b/c", place.put_new("b/c", "22").await)];
    let lines: Vec<_> = must("list", place.store.list(&place.prefix("")).try_collect().await);
    assert_eq!(lines, expected.map(|(text, meta)| Listed::Object(place.key(text), meta)));
}

async fn many(place: &Place) {
    let names: BTreeSet<_> =
        (0..MANY).map(|n| format!("{:x}/{}-{n:04}", n % 2, ["chart", "chart-b"][n % 3 % 2])).collect();
    let put = |name: &String| {
        let (place, name) = (place.clone(), name.clone());
        async move { place.put_new(&name, name.clone()).await }
    };
    stream::iter(names.iter().map(put)).buffer_unordered(AT_ONCE).count().await;
    for prefix in ["", "0", "0/", "0/chart", "0/chart-", "0/chart-b-00", "1/chart-b-0", "1/chart-0", "1/chart-b-0001x"]
    {
        let expected: Vec<_> = names.iter().filter(|name| name.starts_with(prefix)).cloned().collect();
        assert_eq!(place.list(prefix).await, expected, "{prefix:?}");
    }
    assert_eq!(place.list_folder("").await, ["0/", "1/"]);
    let expected: Vec<_> = names.iter().filter(|name| name.starts_with("0/")).cloned().collect();
    assert_eq!(place.list_folder("0/").await, expected);
    let three: Vec<_> = must("begin a listing", place.store.list(&place.prefix("")).take(3).try_collect().await);
    assert_eq!(three.len(), 3, "a listing may be left in the middle");
    let remove = |name: &String| {
        let (place, name) = (place.clone(), name.clone());
        async move { must("remove", place.store.delete(&place.key(&name)).await) }
    };
    stream::iter(names.iter().map(remove)).buffer_unordered(AT_ONCE).count().await;
    assert_eq!(place.list("").await, [""; 0]);
}
