//! What is no chart.

use catalogue::{Catalogue, ManifestStored, PutManifest, RegistryError, Terms};
use chart::oci::{ContentDigest, Reference, media_type};
use serde_json::json;

use super::*;
use crate::site::{DAY, Site};

async fn pushed(replica: &Catalogue, to: &str) -> (serde_json::Value, ContentDigest) {
    add(replica, to, "{}").await;
    add(replica, to, "layer").await;
    let manifest = artifact("{}", &["layer"]);
    let digest = digest_of(&manifest);
    let stored = put(replica, to, tagged("1.0.0"), &manifest).await.unwrap();
    let tags = vec![tag("1.0.0")];
    assert_eq!(stored, ManifestStored { digest, subject: None, tags, published: None });
    (manifest, digest)
}

#[tokio::test(start_paused = true)]
async fn an_artifact_is_read_as_it_was_pushed() {
    let site = Site::new();
    let replica = site.replica().await;
    let (pushed, digest) = pushed(&replica, "a/b").await;
    let other = site.replica().await;
    for replica in [&replica, &other] {
        for reference in [tagged("1.0.0"), Reference::Digest(digest)] {
            assert_eq!(manifest(replica, "a/b", reference).await.unwrap(), pushed.to_string());
        }
        assert_eq!(blob(replica, "a/b", ContentDigest::of(b"layer")).await.unwrap(), "layer");
        assert_eq!(tags(replica, "a/b").await.unwrap(), ["1.0.0"]);
        assert_eq!(manifest(replica, "a", tagged("1.0.0")).await, None);
        assert_eq!(blob(replica, "a", ContentDigest::of(b"layer")).await, None);
        assert_eq!(tags(replica, "a").await, None);
        assert_eq!(replica.view().registry_names(None, 10), [name("a/b")]);
    }
    let found = replica.view().manifest(&name("a/b"), &tagged("1.0.0")).unwrap();
    assert_eq!(found.media_type, media_type::MANIFEST);
}

#[tokio::test(start_paused = true)]
async fn content_is_stored_once_for_all_names() {
    let site = Site::new();
    let replica = site.replica().await;
    pushed(&replica, "a").await;
    let objects = site.keys(".chandlery/objects").await;
    assert_eq!(objects.len(), 3);
    pushed(&replica, "b").await;
    assert!(replica.mount_blob(&name("a"), &name("c"), ContentDigest::of(b"layer")).await.unwrap());
    assert!(!replica.mount_blob(&name("a"), &name("c"), ContentDigest::of(b"other")).await.unwrap());
    assert!(!replica.mount_blob(&name("d"), &name("c"), ContentDigest::of(b"layer")).await.unwrap());
    assert_eq!(blob(&replica, "c", ContentDigest::of(b"layer")).await.unwrap(), "layer");
    assert_eq!(site.keys(".chandlery/objects").await, objects);
}

#[tokio::test(start_paused = true)]
async fn a_manifest_needs_what_it_names() {
    let site = Site::new();
    let replica = site.replica().await;
    add(&replica, "a", "{}").await;
    add(&replica, "b", "layer").await;
    let manifest = artifact("{}", &["layer"]);
    let missing = RegistryError::ReferenceUnknown(ContentDigest::of(b"layer"));
    assert_eq!(put(&replica, "a", tagged("1"), &manifest).await, Err(missing));
    let index = json!({"schemaVersion": 2, "manifests": [descriptor(media_type::MANIFEST, b"absent")]});
    let as_index = |manifest: &serde_json::Value| PutManifest {
        reference: tagged("1"),
        tags: vec![tag("2"), tag("1")],
        content_type: Some(media_type::INDEX.to_owned()),
        bytes: manifest.to_string().into(),
        package_limit: 0,
    };
    let refused = replica.put_manifest(&name("a"), as_index(&index), Terms::default()).await;
    assert_eq!(refused, Err(RegistryError::ReferenceUnknown(ContentDigest::of(b"absent"))));
    // nothing of it is there
    assert_eq!(tags(&replica, "a").await.unwrap(), [""; 0]);
    assert_eq!(site.keys(".chandlery/objects").await.len(), 2);

    add(&replica, "a", "layer").await;
    put(&replica, "a", tagged("1"), &manifest).await.unwrap();
    let index = json!({"schemaVersion": 2, "manifests": [
        {"mediaType": media_type::MANIFEST, "digest": digest_of(&manifest), "size": manifest.to_string().len()}
    ]});
    let stored = replica.put_manifest(&name("a"), as_index(&index), Terms::default()).await.unwrap();
    assert_eq!(stored.tags, [tag("1"), tag("2")]);
    assert_eq!(super::manifest(&replica, "a", tagged("2")).await.unwrap(), index.to_string());
}

#[tokio::test(start_paused = true)]
async fn a_digest_is_that_of_the_bytes() {
    let site = Site::new();
    let replica = site.replica().await;
    let (manifest, _) = pushed(&replica, "a").await;
    let wrong = ContentDigest::of(b"other");
    let refused = put(&replica, "a", Reference::Digest(wrong), &manifest).await;
    assert_eq!(refused, Err(RegistryError::ManifestDigest(wrong)));
    assert_eq!(replica.add_blob(&name("a"), wrong, "x".into()).await, Err(RegistryError::ManifestDigest(wrong)));
    let refused = put(&replica, "a", tagged("1"), &json!({"schemaVersion": 2})).await;
    assert!(matches!(refused, Err(RegistryError::ManifestInvalid(_))), "{refused:?}");
}

#[tokio::test(start_paused = true)]
async fn referrers_are_listed_with_what_they_say() {
    let site = Site::new();
    let replica = site.replica().await;
    let (_, subject) = pushed(&replica, "a").await;
    let mut signature = artifact("{}", &[]);
    signature["artifactType"] = json!("application/signature");
    signature["subject"] = json!({"mediaType": media_type::MANIFEST, "digest": subject, "size": 2});
    signature["annotations"] = json!({"by": "me"});
    let stored = put(&replica, "a", tagged("sig"), &signature).await.unwrap();
    assert_eq!(stored.subject, Some(subject));
    // its subject need not be there
    let absent = ContentDigest::of(b"absent");
    let mut other = signature.clone();
    other["subject"]["digest"] = json!(absent);
    other["artifactType"] = json!(null);
    put(&replica, "a", Reference::Digest(digest_of(&other)), &other).await.unwrap();

    let view = replica.view();
    let found = view.referrers(&name("a"), subject, None, None, 10);
    assert_eq!(found.len(), 1);
    assert_eq!((found[0].digest, found[0].size), (digest_of(&signature), signature.to_string().len() as u64));
    assert_eq!(found[0].manifest.kind.as_deref(), Some("application/signature"));
    assert_eq!(found[0].manifest.annotations["by"], "me");
    assert_eq!(view.referrers(&name("a"), absent, None, None, 10)[0].manifest.kind.as_deref(), Some(IMAGE_CONFIG));
    assert!(view.referrers(&name("a"), subject, Some("text/plain"), None, 10).is_empty());
    assert!(view.referrers(&name("a"), subject, None, Some(digest_of(&signature)), 10).is_empty());
    assert!(view.referrers(&name("b"), subject, None, None, 10).is_empty());

    replica.delete_manifest(&name("a"), &Reference::Digest(digest_of(&signature))).await.unwrap();
    assert!(replica.view().referrers(&name("a"), subject, None, None, 10).is_empty());
    assert_eq!(tags(&replica, "a").await.unwrap(), ["1.0.0"]);
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_is_gone_at_once_and_its_object_two_days_later() {
    let site = Site::new();
    let replica = site.replica().await;
    let (pushed, digest) = pushed(&replica, "a").await;
    put(&replica, "a", tagged("2.0.0"), &pushed).await.unwrap();
    replica.delete_manifest(&name("a"), &tagged("1.0.0")).await.unwrap();
    assert_eq!(tags(&replica, "a").await.unwrap(), ["2.0.0"]);
    assert!(manifest(&replica, "a", Reference::Digest(digest)).await.is_some());
    replica.delete_manifest(&name("a"), &Reference::Digest(digest)).await.unwrap();
    assert_eq!(tags(&replica, "a").await.unwrap(), [""; 0]);
    let again = replica.delete_manifest(&name("a"), &Reference::Digest(digest)).await;
    assert_eq!(again, Err(RegistryError::ManifestUnknown));

    let layer = ContentDigest::of(b"layer");
    replica.delete_blob(&name("a"), layer).await.unwrap();
    assert_eq!(blob(&replica, "a", layer).await, None);
    assert_eq!(replica.delete_blob(&name("a"), layer).await, Err(RegistryError::BlobUnknown));
    replica.delete_blob(&name("a"), ContentDigest::of(b"{}")).await.unwrap();
    assert_eq!(tags(&replica, "a").await, None);
    assert!(replica.view().registry_names(None, 10).is_empty());

    assert_eq!(site.keys(".chandlery/objects").await.len(), 3);
    for _ in 0..3 {
        crate::time::pass(DAY + 1).await;
        replica.collect().await.unwrap();
    }
    assert!(site.keys(".chandlery/objects").await.is_empty());
}

/// A replica that has not heard of the deletion counts on bytes that nothing refers to any more.
#[tokio::test(start_paused = true)]
async fn what_was_deleted_elsewhere_is_pushed_again_with_its_bytes() {
    let site = Site::new();
    let (one, behind) = (site.replica().await, site.replica().await);
    let (pushed, digest) = pushed(&one, "a").await;
    assert!(manifest(&behind, "a", tagged("1.0.0")).await.is_some());
    one.delete_manifest(&name("a"), &Reference::Digest(digest)).await.unwrap();
    put(&behind, "a", tagged("2.0.0"), &pushed).await.unwrap();
    for replica in [&one, &behind] {
        assert_eq!(manifest(replica, "a", tagged("2.0.0")).await.unwrap(), pushed.to_string());
    }
}
