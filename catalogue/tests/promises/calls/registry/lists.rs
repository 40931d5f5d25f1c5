//! Lists, and what is found by its digest: both are kept with what they follow from, through every change of it.

use chart::ChartVersion;
use chart::oci::{ContentDigest, Manifest, Reference, Tag, media_type};

use super::*;
use crate::packages::{package, provenance};
use crate::site::{Site, path, root};

#[tokio::test(start_paused = true)]
async fn tags_come_in_pages_whichever_door_made_them() {
    let site = Site::new();
    let replica = site.replica().await;
    let page = |after: Option<&str>, limit| {
        let tags = replica.view().tags(&name("web"), after, limit)?;
        Some(tags.iter().map(Tag::to_string).collect::<Vec<_>>())
    };
    assert_eq!(page(None, 10), None);
    // in no order of theirs; a tag has _ for +, which comes behind letters, where + comes before digits
    for version in ["1.0.0", "10.0.0", "1.0.0+b", "2.0.0", "1.0.0-rc.1"] {
        replica.publish(&root(), &package("web", version, ""), None, false).await.unwrap();
    }
    let long = format!("1.0.0-{}", "a".repeat(130));
    replica.publish(&root(), &package("web", &long, ""), None, false).await.unwrap();
    push(&replica, "web", &package("web", "3.0.0", ""), "").await.unwrap();
    add(&replica, "web", "{}").await;
    for artifact_tag in ["1.0.0A", "latest", "sha256-00.sig"] {
        put(&replica, "web", tagged(artifact_tag), &artifact("{}", &[])).await.unwrap();
    }
    let all = ["1.0.0", "1.0.0-rc.1", "1.0.0A", "1.0.0_b", "10.0.0", "2.0.0", "3.0.0", "latest", "sha256-00.sig"]
        .map(str::to_owned);
    assert_eq!(page(None, 100).unwrap(), all);
    for (at, after) in all.iter().enumerate() {
        assert_eq!(page(Some(after), 2).unwrap(), all[at + 1..].iter().take(2).cloned().collect::<Vec<_>>());
    }
    assert_eq!(page(Some("1.0.0+"), 1).unwrap(), ["1.0.0-rc.1"], "a text that is no tag has its place too");
    assert_eq!(page(Some("~"), 1).unwrap(), [""; 0]);
    assert_eq!(page(None, 0).unwrap(), [""; 0]);
    for version in ["1.0.0", "2.0.0", "3.0.0"] {
        replica.remove(&root(), "web", version).await.unwrap();
    }
    assert_eq!(page(None, 3).unwrap(), ["1.0.0-rc.1", "1.0.0A", "1.0.0_b"]);
    assert_eq!(page(Some("10.0.0"), 3).unwrap(), ["latest", "sha256-00.sig"]);
}

#[tokio::test(start_paused = true)]
async fn names_come_in_pages_and_go_with_the_last_thing_they_have() {
    let site = Site::new();
    let replica = site.replica().await;
    let names = |after: Option<&str>, limit| {
        let names = replica.view().registry_names(after, limit);
        names.iter().map(ToString::to_string).collect::<Vec<_>>()
    };
    // the order is that of the whole names, not of repositories and charts
    for repository in ["a", "a-b", "a/b"] {
        replica.publish(&path(repository), &package("web", "1.0.0", ""), None, false).await.unwrap();
    }
    replica.publish(&root(), &package("web", "1.0.0", ""), None, false).await.unwrap();
    // upper case has no name in a registry
    replica.publish(&root(), &package("Web", "1.0.0", ""), None, false).await.unwrap();
    let only = add(&replica, "a/only", "{}").await;
    let all = ["a-b/web", "a/b/web", "a/only", "a/web", "web"];
    assert_eq!(names(None, 10), all);
    assert_eq!(names(Some("a/b/web"), 2), ["a/only", "a/web"]);
    assert_eq!(names(Some("a/"), 1), ["a/b/web"]);
    assert_eq!(names(None, 0), [""; 0]);

    let held = add(&replica, "web", "{}").await;
    put(&replica, "web", tagged("x"), &artifact("{}", &[])).await.unwrap();
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    replica.delete_blob(&name("a/only"), only).await.unwrap();
    assert_eq!(names(None, 10), ["a-b/web", "a/b/web", "a/web", "web"]);
    replica.delete_manifest(&name("web"), &Reference::Digest(digest_of(&artifact("{}", &[])))).await.unwrap();
    assert_eq!(names(Some("a/web"), 10), ["web"]);
    replica.delete_blob(&name("web"), held).await.unwrap();
    assert_eq!(names(Some("a/web"), 10), [""; 0]);
    assert!(!replica.view().knows_name(&name("web")));
    replica.restore(&root(), "web", "1.0.0").await.unwrap();
    assert_eq!(names(Some("a/web"), 10), ["web"]);
}

/// Everything that a client reaches from the version's tag is there by its digest. Returns the manifest's digest.
async fn reach(replica: &Catalogue, version: &str) -> ContentDigest {
    let tag = Tag::of_version(&ChartVersion::parse(version).unwrap()).unwrap();
    let bytes = manifest(replica, "web", Reference::Tag(tag)).await.unwrap();
    let digest = ContentDigest::of(&bytes);
    assert_eq!(manifest(replica, "web", Reference::Digest(digest)).await.unwrap(), bytes, "{version}");
    for named in Manifest::parse(&bytes, Some(media_type::MANIFEST)).unwrap().blobs() {
        assert!(blob(replica, "web", named.digest).await.is_some(), "{version} {named:?}");
    }
    digest
}

#[tokio::test(start_paused = true)]
async fn versions_are_found_by_their_digests_through_every_change() {
    let site = Site::new();
    let replica = site.replica().await;
    let mut listed = Vec::new();
    // at the front, at the back and in between
    for version in ["5.0.0", "1.0.0", "3.0.0", "2.0.0", "4.0.0", "6.0.0", "0.1.0"] {
        replica.publish(&root(), &package("web", version, ""), None, false).await.unwrap();
        listed.push(version);
        for version in &listed {
            reach(&replica, version).await;
        }
    }
    // a provenance for one, and another one after it
    let one = package("web", "3.0.0", "");
    let (first, bytes) = provenance(&one, 1);
    replica.publish_provenance(&root(), &first, bytes.clone(), false).await.unwrap();
    let before = reach(&replica, "3.0.0").await;
    let (second, later) = provenance(&one, 2);
    replica.publish_provenance(&root(), &second, later.clone(), true).await.unwrap();
    assert_ne!(reach(&replica, "3.0.0").await, before);
    for provenance in [&bytes, &later] {
        assert_eq!(blob(&replica, "web", ContentDigest::of(provenance)).await.unwrap(), *provenance);
    }
    // other bytes: the old ones are served until their window ends
    let old = package("web", "2.0.0", "");
    replica.publish(&root(), &package("web", "2.0.0", "other"), None, true).await.unwrap();
    assert_eq!(blob(&replica, "web", old.digest().into()).await.unwrap(), *old.bytes());
    // one in the middle goes, and what it had
    let gone = reach(&replica, "4.0.0").await;
    replica.remove(&root(), "web", "4.0.0").await.unwrap();
    listed.retain(|version| *version != "4.0.0");
    assert_eq!(manifest(&replica, "web", Reference::Digest(gone)).await, None);
    assert_eq!(blob(&replica, "web", package("web", "4.0.0", "").digest().into()).await, None);
    for version in &listed {
        reach(&replica, version).await;
    }
    // one that is pushed, and one that is found again
    push(&replica, "web", &package("web", "2.5.0", ""), "").await.unwrap();
    listed.push("2.5.0");
    replica.restore(&root(), "web", "4.0.0").await.unwrap();
    listed.push("4.0.0");
    let other = site.replica().await;
    assert_eq!(other.view().state, replica.view().state);
    for version in &listed {
        assert_eq!(reach(&replica, version).await, reach(&other, version).await);
    }
}
