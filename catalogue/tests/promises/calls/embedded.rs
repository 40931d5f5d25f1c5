//! The repository that the program brings along.

use std::sync::Arc;

use bytes::Bytes;
use catalogue::{Catalogue, CommitError, Embedded, Options, PutManifest, RegistryError, Terms};
use chart::oci::{ContentDigest, Manifest, Reference, RegistryName, Tag};

use crate::packages::package;
use crate::site::{Site, path, publish};

async fn bringing(site: &Site) -> Catalogue {
    let released = "2026-01-01T00:00:00Z".parse().unwrap();
    let packages =
        vec![package("web", "1.0.0", "first"), package("web", "1.1.0", "second"), package("db", "0.1.0", "")];
    let embedded = Embedded::new(path("stack"), packages, released).unwrap();
    let options = Options { embedded: Some(Arc::new(embedded)), ..site.options() };
    Catalogue::open(Arc::new(site.store.clone()), options).await.unwrap()
}

fn name(text: &str) -> RegistryName {
    RegistryName::parse(text).unwrap()
}

fn tag(text: &str) -> Reference {
    Reference::Tag(Tag::parse(text).unwrap())
}

#[tokio::test]
async fn the_registry_has_its_charts() {
    let site = Site::new();
    let replica = bringing(&site).await;
    publish(&replica, &package("own", "1.0.0", "")).await.unwrap();
    let view = replica.checked().await.unwrap().view;
    assert_eq!(view.registry_names(None, 10), ["own", "stack/db", "stack/web"].map(name));
    let tags = view.tags(&name("stack/web"), None, 10).unwrap();
    assert_eq!(tags.iter().map(Tag::as_str).collect::<Vec<_>>(), ["1.0.0", "1.1.0"]);
    assert!(view.knows_name(&name("stack/db")) && !view.knows_name(&name("stack/none")));

    let found = view.manifest(&name("stack/web"), &tag("1.1.0")).unwrap();
    let bytes = replica.load_manifest(&found).await.unwrap();
    assert_eq!(ContentDigest::of(&bytes), found.digest);
    let by_digest = view.manifest(&name("stack/web"), &Reference::Digest(found.digest)).unwrap();
    assert_eq!(by_digest, found);
    assert!(view.manifest(&name("stack/db"), &Reference::Digest(found.digest)).is_none());
    let manifest = Manifest::parse(&bytes, Some(&found.media_type)).unwrap();
    for blob in manifest.blobs() {
        let found = view.blob(&name("stack/web"), blob.digest).unwrap();
        let bytes = replica.load_blob(&found, None).await.unwrap();
        assert!(blob.digest.matches(&bytes) && bytes.len() as u64 == blob.size);
    }
    let layer = manifest.chart_package().unwrap().digest;
    assert_eq!(layer, ContentDigest::of(package("web", "1.1.0", "second").bytes()));
}

#[tokio::test]
async fn the_registry_changes_nothing_of_it() {
    let site = Site::new();
    let replica = bringing(&site).await;
    let before = site.keys("").await;
    let web = name("stack/web");
    let view = replica.checked().await.unwrap().view;
    let found = view.manifest(&web, &tag("1.0.0")).unwrap();
    let bytes = replica.load_manifest(&found).await.unwrap();
    let denied = RegistryError::from(CommitError::Embedded);
    let put = |reference: Reference| PutManifest {
        reference,
        tags: Vec::new(),
        content_type: None,
        bytes: bytes.clone(),
        package_limit: u64::MAX,
    };
    let terms = Terms::overwriting(true);
    for name in [&web, &name("stack/other")] {
        assert_eq!(replica.put_manifest(name, put(tag("1.0.0")), terms).await, Err(denied.clone()));
        let digest = ContentDigest::of(b"blob");
        assert_eq!(replica.add_blob(name, digest, Bytes::from_static(b"blob")).await, Err(denied.clone()));
        assert_eq!(replica.delete_manifest(name, &tag("1.0.0")).await, Err(denied.clone()));
        assert_eq!(replica.delete_blob(name, digest).await, Err(denied.clone()));
        assert_eq!(replica.mount_blob(&web, name, digest).await, Err(denied.clone()));
    }
    assert_eq!(site.keys("").await, before);
}
