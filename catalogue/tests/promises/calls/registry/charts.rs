//! Charts: one store, two doors.

use catalogue::{Catalogue, PublishOutcome, RegistryError, Terms};
use chart::oci::{ContentDigest, Manifest, Reference, media_type};

use super::*;
use crate::packages::{package, provenance};
use crate::site::{DAY, Site, path, root};

#[tokio::test(start_paused = true)]
async fn a_pushed_chart_is_a_version() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0+b", "");
    let stored = push(&replica, "team/web", &package, "today").await.unwrap();
    assert_eq!(stored.published, Some(PublishOutcome::Created));
    let view = replica.view();
    let version = view.repository(&path("team")).unwrap().repository.version("web", "1.0.0+b").unwrap().clone();
    assert_eq!(version.package.digest, package.digest());
    assert_eq!(version.package.key.as_str(), "team/web-1.0.0+b.tgz");
    assert_eq!(site.bytes("team/web-1.0.0+b.tgz").await, *package.bytes());
    assert_eq!(tags(&replica, "team/web").await.unwrap(), ["1.0.0_b"]);
    // the manifest is the one that was pushed
    let bytes = manifest(&replica, "team/web", tagged("1.0.0_b")).await.unwrap();
    assert_eq!(ContentDigest::of(&bytes), stored.digest);
    assert!(String::from_utf8_lossy(&bytes).contains("today"));
    // the package is served from its own place: the copy that was uploaded is let go
    assert_eq!(blob(&replica, "team/web", package.digest().into()).await.unwrap(), *package.bytes());
    assert!(view.state.registry.contents.get(&ContentDigest::from(package.digest())).is_none());
    assert_eq!(view.state.unreferenced.len(), 1);
}

#[tokio::test(start_paused = true)]
async fn an_uploaded_chart_is_pulled() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0+b", "");
    let (signed, bytes) = provenance(&package, 1);
    replica.publish(&path("team"), &package, Some((&signed, bytes.clone())), false).await.unwrap();
    let other = site.replica().await;
    for replica in [&replica, &other] {
        assert_eq!(tags(replica, "team/web").await.unwrap(), ["1.0.0_b"]);
        let made = manifest(replica, "team/web", tagged("1.0.0_b")).await.unwrap();
        let digest = Reference::Digest(ContentDigest::of(&made));
        assert_eq!(manifest(replica, "team/web", digest).await.unwrap(), made);
        let read = Manifest::parse(&made, Some(media_type::MANIFEST)).unwrap();
        let packaged = read.chart_package().unwrap();
        assert_eq!(blob(replica, "team/web", packaged.digest).await.unwrap(), *package.bytes());
        let signed = read.chart_provenance().unwrap();
        assert_eq!(blob(replica, "team/web", signed.digest).await.unwrap(), bytes);
        let config = blob(replica, "team/web", read.config.unwrap().digest).await.unwrap();
        assert_eq!(config, package.metadata_json());
        assert_eq!(replica.view().registry_names(None, 10), [name("team/web")]);
    }
    // nothing of it was stored
    assert!(site.keys(".chandlery/objects").await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn the_same_package_is_pushed_again_and_another_one_is_refused() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    replica.publish(&root(), &package, None, false).await.unwrap();
    let made = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    let first = push(&replica, "web", &package, "one").await.unwrap();
    assert_eq!(first.published, None);
    let second = push(&replica, "web", &package, "two").await.unwrap();
    assert_ne!(first.digest, second.digest);
    let current = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    assert_eq!(ContentDigest::of(&current), second.digest);
    for digest in [ContentDigest::of(&made), first.digest, second.digest] {
        assert!(manifest(&replica, "web", Reference::Digest(digest)).await.is_some());
    }

    let other = crate::packages::package("web", "1.0.0", "other");
    let refused = push(&replica, "web", &other, "").await;
    assert!(matches!(refused, Err(RegistryError::Exists(_))), "{refused:?}");
    let manifest_of_other = chart_blobs(&replica, "web", &other, None, "").await;
    let terms = Terms::overwriting(true);
    let replaced = put_on(&replica, "web", tagged("1.0.0"), &manifest_of_other, terms).await.unwrap();
    assert_eq!(replaced.published, Some(PublishOutcome::Replaced));
    let current = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    assert_eq!(ContentDigest::of(&current), replaced.digest);
    let version = replica.view().repository(&root()).unwrap().repository.version("web", "1.0.0").unwrap().clone();
    assert_eq!(version.package.digest, other.digest());
}

#[tokio::test(start_paused = true)]
async fn deleting_through_one_door_removes_from_the_other() {
    let site = Site::new();
    let replica = site.replica().await;
    let exists = |version: &str| {
        let view = replica.view();
        view.repository(&root()).is_some_and(|view| view.repository.version("web", version).is_some())
    };
    let of = |version: &str| package("web", version, "");
    // by the classic door, with everything that stands on it
    push(&replica, "web", &of("1.0.0"), "one").await.unwrap();
    let second = push(&replica, "web", &of("1.0.0"), "two").await.unwrap();
    let bytes: serde_json::Value =
        serde_json::from_slice(&manifest(&replica, "web", tagged("1.0.0")).await.unwrap()).unwrap();
    put(&replica, "web", tagged("stable"), &bytes).await.unwrap();
    assert_eq!(tags(&replica, "web").await.unwrap(), ["1.0.0", "stable"]);
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    assert_eq!(manifest(&replica, "web", Reference::Digest(second.digest)).await, None);
    assert_eq!(manifest(&replica, "web", tagged("stable")).await, None);
    assert_eq!(tags(&replica, "web").await.unwrap(), [""; 0]);

    // by the tag, pushed or made
    push(&replica, "web", &of("2.0.0"), "").await.unwrap();
    replica.publish(&root(), &of("3.0.0"), None, false).await.unwrap();
    for version in ["2.0.0", "3.0.0"] {
        assert!(exists(version));
        replica.delete_manifest(&name("web"), &tagged(version)).await.unwrap();
        assert!(!exists(version));
        assert_eq!(manifest(&replica, "web", tagged(version)).await, None);
    }
    assert!(site.keys(".chandlery/trash").await.iter().any(|key| key.ends_with("/web-3.0.0.tgz")));

    // by the digest: the current one is the version, an earlier one only itself
    let earlier = push(&replica, "web", &of("4.0.0"), "one").await.unwrap();
    let current = push(&replica, "web", &of("4.0.0"), "two").await.unwrap();
    replica.delete_manifest(&name("web"), &Reference::Digest(earlier.digest)).await.unwrap();
    assert!(exists("4.0.0"));
    assert_eq!(manifest(&replica, "web", Reference::Digest(earlier.digest)).await, None);
    replica.delete_manifest(&name("web"), &Reference::Digest(current.digest)).await.unwrap();
    assert!(!exists("4.0.0"));
    // a made one, while a pushed one stands for the tag
    replica.publish(&root(), &of("5.0.0"), None, false).await.unwrap();
    let made = ContentDigest::of(&manifest(&replica, "web", tagged("5.0.0")).await.unwrap());
    push(&replica, "web", &of("5.0.0"), "").await.unwrap();
    replica.delete_manifest(&name("web"), &Reference::Digest(made)).await.unwrap();
    assert_eq!(manifest(&replica, "web", Reference::Digest(made)).await, None);
    assert!(exists("5.0.0"));
}

#[tokio::test(start_paused = true)]
async fn a_version_that_is_restored_has_its_made_manifest_again() {
    let site = Site::new();
    let replica = site.replica().await;
    replica.publish(&root(), &package("web", "1.0.0", ""), None, false).await.unwrap();
    let made = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    assert_eq!(tags(&replica, "web").await, None);
    replica.restore(&root(), "web", "1.0.0").await.unwrap();
    assert_eq!(manifest(&replica, "web", tagged("1.0.0")).await.unwrap(), made);
}

#[tokio::test(start_paused = true)]
async fn a_chart_must_be_what_its_name_and_tag_say() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    let invalid = |refused: Result<_, RegistryError>| match refused {
        Err(RegistryError::ManifestInvalid(sentence)) => sentence,
        other => panic!("{other:?}"),
    };
    let elsewhere = chart_blobs(&replica, "team/shop", &package, None, "").await;
    let sentence = invalid(put(&replica, "team/shop", tagged("1.0.0"), &elsewhere).await);
    assert_eq!(sentence, "the chart is called web: push it to a repository whose name ends in /web");
    let pushed = chart_blobs(&replica, "web", &package, None, "").await;
    invalid(put(&replica, "web", tagged("1.0.1"), &pushed).await);
    invalid(put(&replica, "web", tagged("latest"), &pushed).await);
    // another chart's config
    let other = chart_blobs(&replica, "web", &crate::packages::package("web", "2.0.0", ""), None, "").await;
    let mut mixed = pushed.clone();
    mixed["config"] = other["config"].clone();
    invalid(put(&replica, "web", tagged("1.0.0"), &mixed).await);
    // no chart at all
    let mut nothing = pushed.clone();
    add(&replica, "web", "no package").await;
    nothing["layers"] = serde_json::json!([descriptor(media_type::CHART_PACKAGE, b"no package")]);
    invalid(put(&replica, "web", tagged("1.0.0"), &nothing).await);
    nothing["layers"] = serde_json::json!([]);
    invalid(put(&replica, "web", tagged("1.0.0"), &nothing).await);
    // another chart's provenance
    let (_, wrong) = provenance(&crate::packages::package("web", "2.0.0", ""), 1);
    add(&replica, "web", wrong.clone()).await;
    let mut signed = pushed.clone();
    signed["layers"].as_array_mut().unwrap().push(descriptor(media_type::CHART_PROVENANCE, &wrong));
    invalid(put(&replica, "web", tagged("1.0.0"), &signed).await);

    assert_eq!(tags(&replica, "web").await.unwrap(), [""; 0]);
    assert_eq!(site.keys("web").await, [""; 0]);
    put(&replica, "web", tagged("1.0.0"), &pushed).await.unwrap();
    put(&replica, "web", tagged("latest"), &pushed).await.unwrap();
    assert_eq!(tags(&replica, "web").await.unwrap(), ["1.0.0", "latest"]);
}

#[tokio::test(start_paused = true)]
async fn by_its_digest_a_chart_is_only_stored() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    let pushed = chart_blobs(&replica, "web", &package, None, "").await;
    let stored = put(&replica, "web", Reference::Digest(digest_of(&pushed)), &pushed).await.unwrap();
    assert_eq!(stored.published, None);
    assert_eq!(tags(&replica, "web").await.unwrap(), [""; 0]);
    assert!(site.keys("web").await.is_empty());
    let stored = put(&replica, "web", tagged("1.0.0"), &pushed).await.unwrap();
    assert_eq!(stored.published, Some(PublishOutcome::Created));
}

#[tokio::test(start_paused = true)]
async fn a_versions_tag_is_for_charts_alone() {
    let site = Site::new();
    let replica = site.replica().await;
    for to in ["web", "shop"] {
        add(&replica, to, "{}").await;
    }
    let image = artifact("{}", &[]);
    put(&replica, "shop", tagged("1.0.0"), &image).await.unwrap();
    let refused = replica.publish(&root(), &package("shop", "1.0.0", ""), None, false).await;
    assert_eq!(refused, Err(catalogue::CommitError::TagTaken(tag("1.0.0"))));
    assert!(site.keys("shop").await.is_empty());
    let refused = push(&replica, "shop", &package("shop", "1.0.0", ""), "").await;
    assert!(matches!(refused, Err(RegistryError::Exists(_))), "{refused:?}");

    replica.publish(&root(), &package("web", "1.0.0", ""), None, false).await.unwrap();
    for version in ["1.0.0", "2.0.0", "3"] {
        let refused = put(&replica, "web", tagged(version), &image).await;
        assert!(matches!(refused, Err(RegistryError::Exists(_))), "{refused:?}");
    }
    put(&replica, "web", tagged("sha256-00.sig"), &image).await.unwrap();
    assert_eq!(tags(&replica, "web").await.unwrap(), ["1.0.0", "sha256-00.sig"]);
}

#[tokio::test(start_paused = true)]
async fn a_provenance_that_comes_later_makes_another_manifest_if_nobody_stands_on_the_first() {
    let site = Site::new();
    let replica = site.replica().await;
    for (version, is_held) in [("1.0.0", false), ("2.0.0", true)] {
        let package = package("web", version, "");
        replica.publish(&root(), &package, None, false).await.unwrap();
        let first = manifest(&replica, "web", tagged(version)).await.unwrap();
        if is_held {
            let bytes = serde_json::from_slice::<Box<serde_json::value::RawValue>>(&first).unwrap();
            let put = PutManifest {
                reference: tagged("stable"),
                tags: Vec::new(),
                content_type: Some(media_type::MANIFEST.to_owned()),
                bytes: bytes.get().to_owned().into(),
                package_limit: 1 << 20,
            };
            replica.put_manifest(&name("web"), put, Terms::default()).await.unwrap();
        }
        let (signed, bytes) = provenance(&package, 1);
        replica.publish_provenance(&root(), &signed, bytes.clone(), false).await.unwrap();
        let second = manifest(&replica, "web", tagged(version)).await.unwrap();
        assert_eq!(first == second, is_held);
        let digest = Reference::Digest(ContentDigest::of(&first));
        assert_eq!(manifest(&replica, "web", digest).await.unwrap(), first);
        assert_eq!(blob(&replica, "web", ContentDigest::of(&bytes)).await.unwrap(), bytes);
    }
}

#[tokio::test(start_paused = true)]
async fn the_manifest_of_an_overwritten_version_is_found_as_long_as_its_package() {
    let site = Site::new();
    let replica = site.replica().await;
    let of = |note: &str| package("web", "1.0.0", note);
    replica.publish(&root(), &of("first"), None, false).await.unwrap();
    let first = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    let digest = ContentDigest::of(&first);
    let as_pushed = |reference: Reference| PutManifest {
        reference,
        tags: Vec::new(),
        content_type: Some(media_type::MANIFEST.to_owned()),
        bytes: first.clone(),
        package_limit: 1 << 20,
    };
    // it was never pushed: a tag of its own is all that it gets
    replica.put_manifest(&name("web"), as_pushed(tagged("pinned")), Terms::default()).await.unwrap();
    replica.publish(&root(), &of("second"), None, true).await.unwrap();
    let second = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    assert_ne!(first, second);
    let other = site.replica().await;
    for replica in [&replica, &other] {
        assert_eq!(manifest(replica, "web", Reference::Digest(digest)).await.unwrap(), first);
        assert_eq!(manifest(replica, "web", tagged("pinned")).await.unwrap(), first);
        for named in Manifest::parse(&first, Some(media_type::MANIFEST)).unwrap().blobs() {
            assert!(blob(replica, "web", named.digest).await.is_some(), "{named:?}");
        }
    }
    // one that was signed goes with its provenance
    let (signed, bytes) = provenance(&of("second"), 1);
    replica.publish_provenance(&root(), &signed, bytes, false).await.unwrap();
    let with_provenance = ContentDigest::of(&manifest(&replica, "web", tagged("1.0.0")).await.unwrap());
    replica.publish(&root(), &of("third"), None, true).await.unwrap();
    assert_eq!(manifest(&replica, "web", Reference::Digest(with_provenance)).await, None);
    assert_eq!(manifest(&replica, "web", Reference::Digest(ContentDigest::of(&second))).await.unwrap(), second);
    // it can be deleted for itself, and its version stays
    replica.delete_manifest(&name("web"), &Reference::Digest(ContentDigest::of(&second))).await.unwrap();
    assert_eq!(manifest(&replica, "web", Reference::Digest(ContentDigest::of(&second))).await, None);
    assert!(manifest(&replica, "web", tagged("1.0.0")).await.is_some());

    crate::time::pass(8 * DAY).await;
    replica.collect().await.unwrap();
    assert_eq!(blob(&replica, "web", of("first").digest().into()).await, None);
    assert_eq!(manifest(&replica, "web", Reference::Digest(digest)).await, None);
    assert_eq!(tags(&replica, "web").await.unwrap(), ["1.0.0"], "no tag stands for what is gone");
    assert_eq!(site.replica().await.view().state, replica.view().state);
    // what it named is gone: it cannot come back
    let again = replica.put_manifest(&name("web"), as_pushed(Reference::Digest(digest)), Terms::default()).await;
    assert!(matches!(again, Err(RegistryError::ReferenceUnknown(_))), "{again:?}");
}

/// What the reference means is there, with everything that it names.
async fn is_whole(replica: &Catalogue, reference: Reference) -> Manifest {
    let bytes = manifest(replica, "web", reference).await.unwrap();
    let read = Manifest::parse(&bytes, Some(media_type::MANIFEST)).unwrap();
    for named in read.blobs() {
        assert!(blob(replica, "web", named.digest).await.is_some(), "{named:?}");
    }
    read
}

#[tokio::test(start_paused = true)]
async fn a_version_that_comes_back_without_its_provenance_has_a_manifest_without_it() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    let (signed, bytes) = provenance(&package, 1);
    replica.publish(&root(), &package, Some((&signed, bytes)), false).await.unwrap();
    assert!(is_whole(&replica, tagged("1.0.0")).await.chart_provenance().is_some());
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    replica.publish(&root(), &package, None, false).await.unwrap();
    assert!(is_whole(&replica, tagged("1.0.0")).await.chart_provenance().is_none());

    // one that says something about it is no reason to name what is gone
    add(&replica, "web", "{}").await;
    let (signed, bytes) = provenance(&package, 2);
    replica.publish_provenance(&root(), &signed, bytes, false).await.unwrap();
    let of = manifest(&replica, "web", tagged("1.0.0")).await.unwrap();
    let mut signature = artifact("{}", &[]);
    signature["subject"] = descriptor(media_type::MANIFEST, &of);
    put(&replica, "web", tagged("sig"), &signature).await.unwrap();
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    let key = site.keys(".chandlery/trash/").await.into_iter().rfind(|key| key.ends_with(".prov")).unwrap();
    site.take_away(&key).await;
    replica.restore(&root(), "web", "1.0.0").await.unwrap();
    is_whole(&replica, tagged("1.0.0")).await;
}

#[tokio::test(start_paused = true)]
async fn a_version_that_comes_back_has_a_manifest_whatever_was_deleted_of_it() {
    let site = Site::new();
    let replica = site.replica().await;
    let package = package("web", "1.0.0", "");
    replica.publish(&root(), &package, None, false).await.unwrap();
    let made = Reference::Digest(ContentDigest::of(&manifest(&replica, "web", tagged("1.0.0")).await.unwrap()));
    push(&replica, "web", &package, "").await.unwrap();
    replica.delete_manifest(&name("web"), &made).await.unwrap();
    assert_eq!(manifest(&replica, "web", made).await, None);
    replica.delete_manifest(&name("web"), &tagged("1.0.0")).await.unwrap();
    replica.restore(&root(), "web", "1.0.0").await.unwrap();
    assert_eq!(tags(&replica, "web").await.unwrap(), ["1.0.0"]);
    is_whole(&replica, tagged("1.0.0")).await;
    let again = site.replica().await;
    assert_eq!(again.view().state, replica.view().state);
}

#[tokio::test(start_paused = true)]
async fn a_provenance_that_a_pushed_manifest_names_stays_as_long_as_that() {
    let site = Site::new();
    let replica = site.replica().await;
    let old = package("web", "1.0.0", "old");
    let pushed = chart_blobs(&replica, "web", &old, Some(&provenance(&old, 1)), "").await;
    put(&replica, "web", tagged("1.0.0"), &pushed).await.unwrap();
    let (signed, bytes) = provenance(&old, 2);
    replica.publish_provenance(&root(), &signed, bytes, true).await.unwrap();
    is_whole(&replica, tagged("1.0.0")).await;
    // what was replaced is served by its digest for a while
    replica.publish(&root(), &package("web", "1.0.0", "new"), None, true).await.unwrap();
    is_whole(&replica, Reference::Digest(digest_of(&pushed))).await;
    for _ in 0..6 {
        crate::time::pass(3 * DAY).await;
        replica.collect().await.unwrap();
    }
    assert_eq!(manifest(&replica, "web", Reference::Digest(digest_of(&pushed))).await, None);
    replica.remove(&root(), "web", "1.0.0").await.unwrap();
    for _ in 0..6 {
        crate::time::pass(3 * DAY).await;
        replica.collect().await.unwrap();
    }
    assert_eq!(site.keys(".chandlery/objects").await, [""; 0]);
}
