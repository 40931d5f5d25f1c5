//! What clients of the registry do, and what is let go of what they did.

use catalogue::{Catalogue, PutManifest, RegistryError, Terms};
use chart::Package;
use chart::oci::{ContentDigest, Manifest, Reference, media_type};
use serde_json::{Value, json};

use super::{Operation, interrupt_everywhere};
use crate::calls::registry::{
    add, artifact, blob, chart_blobs, descriptor, digest_of, manifest, name, put, put_on, tag, tagged, tags,
};
use crate::packages::{package, provenance};
use crate::site::{DAY, Site, bytes, publish, publish_signed, root, signature, version};
use crate::time::pass;

fn told<T>(answer: Result<T, RegistryError>) -> Option<bool> {
    match answer {
        Ok(_) => Some(true),
        Err(RegistryError::Unavailable(_)) => None,
        Err(_) => Some(false),
    }
}

fn web(note: &str) -> Package {
    package("web", "1.0.0", note)
}

fn config(package: &Package) -> String {
    // Helm writes the metadata in its own way
    serde_json::to_string_pretty(package.metadata()).unwrap()
}

/// The manifest of a chart and, if it has a number, of a provenance, as [`chart_blobs`] makes it.
fn chart_manifest(package: &Package, number: Option<u32>, note: &str) -> Value {
    let mut layers = vec![descriptor(media_type::CHART_PACKAGE, package.bytes())];
    layers.extend(number.map(|number| descriptor(media_type::CHART_PROVENANCE, &provenance(package, number).1)));
    let annotations = json!({"org.opencontainers.image.created": note});
    let config = descriptor(media_type::CHART_CONFIG, config(package).as_bytes());
    json!({"schemaVersion": 2, "config": config, "layers": layers, "annotations": annotations})
}

async fn upload(replica: &Catalogue, package: &Package, number: Option<u32>, note: &str) -> Value {
    let signed = number.map(|number| provenance(package, number));
    let uploaded = chart_blobs(replica, "web", package, signed.as_ref(), note).await;
    assert_eq!(uploaded, chart_manifest(package, number, note));
    uploaded
}

/// What the version's tag stands for is fetched with everything that it names, and names the version's package.
async fn is_pulled(replica: &Catalogue, package: &Package) {
    let bytes = manifest(replica, "web", tagged("1.0.0")).await.unwrap();
    let read = Manifest::parse(&bytes, Some(media_type::MANIFEST)).unwrap();
    assert_eq!(read.chart_package().unwrap().digest, package.digest().into());
    for named in read.blobs() {
        assert!(blob(replica, "web", named.digest).await.is_some(), "{named:?}");
    }
}

struct PutArtifact;

impl PutArtifact {
    fn subject() -> Value {
        artifact("{}", &["layer"])
    }

    fn signature() -> Value {
        let subject = Self::subject();
        let mut signature = artifact("{}", &["signature"]);
        signature["subject"] = descriptor(media_type::MANIFEST, subject.to_string().as_bytes());
        signature
    }
}

impl Operation for PutArtifact {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        for bytes in ["{}", "layer", "signature"] {
            add(&replica, "image", bytes).await;
        }
        put(&replica, "image", tagged("1"), &Self::subject()).await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let put = PutManifest {
            reference: tagged("2"),
            tags: vec![tag("3")],
            content_type: Some(media_type::MANIFEST.to_owned()),
            bytes: Self::signature().to_string().into(),
            package_limit: 0,
        };
        told(replica.put_manifest(&name("image"), put, Terms::default()).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let digest = digest_of(&Self::signature());
        let done = manifest(replica, "image", Reference::Digest(digest)).await.is_some();
        let expected = if done { &["1", "2", "3"][..] } else { &["1"] };
        assert_eq!(tags(replica, "image").await.unwrap(), expected);
        for tag in &expected[1..] {
            assert_eq!(manifest(replica, "image", tagged(tag)).await.unwrap(), Self::signature().to_string());
        }
        let referrers = replica.view().referrers(&name("image"), digest_of(&Self::subject()), None, None, 9);
        assert_eq!(referrers.len(), usize::from(done));
        done
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        assert_eq!(self.perform(replica).await, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn an_artifact_is_there_with_its_tags_or_not() {
    interrupt_everywhere(&PutArtifact).await;
}

struct PushChart;

impl Operation for PushChart {
    async fn prepare(&self, site: &Site) {
        upload(&site.replica().await, &web(""), Some(1), "").await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(put(replica, "web", tagged("1.0.0"), &chart_manifest(&web(""), Some(1), "")).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let pushed = chart_manifest(&web(""), Some(1), "");
        let done = manifest(replica, "web", Reference::Digest(digest_of(&pushed))).await.is_some();
        // the file of a push that went no further is taken in by the reconcile, as that of any upload
        let exists = version(replica, "web", "1.0.0").await.is_some();
        assert!(exists || !done);
        if exists {
            assert_eq!(bytes(replica, "web", "1.0.0").await.unwrap(), web("").bytes());
            assert_eq!(signature(replica, &web("")).await.unwrap(), provenance(&web(""), 1).1);
            is_pulled(replica, &web("")).await;
        }
        let tagged = manifest(replica, "web", tagged("1.0.0")).await;
        assert_eq!(tagged.is_some(), exists);
        assert_eq!(tagged.is_some_and(|tagged| tagged == pushed.to_string()), done);
        done
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        assert_eq!(self.perform(replica).await, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pushed_chart_is_in_both_doors_or_in_none() {
    interrupt_everywhere(&PushChart).await;
}

/// Over a version that came by the classic door, with a tag of its own.
struct OverwriteChart;

impl Operation for OverwriteChart {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        publish_signed(&replica, &web("old"), 1).await;
        let old = upload(&replica, &web("old"), None, "").await;
        put(&replica, "web", tagged("stable"), &old).await.unwrap();
        upload(&replica, &web("new"), None, "").await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let new = chart_manifest(&web("new"), None, "");
        told(put_on(replica, "web", tagged("1.0.0"), &new, Terms::overwriting(true)).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let new = chart_manifest(&web("new"), None, "").to_string();
        let found = bytes(replica, "web", "1.0.0").await.unwrap();
        let done = found == web("new").bytes();
        assert!(done || found == web("old").bytes());
        is_pulled(replica, &web(if done { "new" } else { "old" })).await;
        assert_eq!(manifest(replica, "web", tagged("1.0.0")).await.unwrap() == new, done);
        let by_digest = manifest(replica, "web", Reference::Digest(ContentDigest::of(new.as_bytes()))).await;
        assert_eq!(by_digest.is_some(), done);
        assert_eq!(signature(replica, &web("")).await.is_none(), done, "it signs the old bytes");
        done
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        assert_eq!(self.perform(replica).await, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_chart_is_overwritten_by_a_push_wholly_or_not() {
    interrupt_everywhere(&OverwriteChart).await;
}

/// A provenance and another manifest of a version that exists.
struct PushAgain;

impl Operation for PushAgain {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        publish(&replica, &web("")).await.unwrap();
        upload(&replica, &web(""), Some(1), "").await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(put(replica, "web", tagged("1.0.0"), &chart_manifest(&web(""), Some(1), "")).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        is_pulled(replica, &web("")).await;
        let pushed = chart_manifest(&web(""), Some(1), "").to_string();
        let done = manifest(replica, "web", tagged("1.0.0")).await.unwrap() == pushed;
        // a provenance that was left is taken in by the reconcile
        assert!(!done || signature(replica, &web("")).await.is_some());
        done
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        assert_eq!(self.perform(replica).await, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_chart_that_exists_is_pushed_again_wholly_or_not() {
    interrupt_everywhere(&PushAgain).await;
}

/// The manifest by which a version stands.
struct DeleteChart {
    by_digest: bool,
}

impl Operation for DeleteChart {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        let pushed = upload(&replica, &web(""), Some(1), "").await;
        put(&replica, "web", tagged("1.0.0"), &pushed).await.unwrap();
        put(&replica, "web", tagged("stable"), &pushed).await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let digest = digest_of(&chart_manifest(&web(""), Some(1), ""));
        let reference = if self.by_digest { Reference::Digest(digest) } else { tagged("1.0.0") };
        told(replica.delete_manifest(&name("web"), &reference).await)
    }

    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool {
        let exists = version(replica, "web", "1.0.0").await.is_some();
        let digest = Reference::Digest(digest_of(&chart_manifest(&web(""), Some(1), "")));
        for reference in [tagged("1.0.0"), tagged("stable"), digest] {
            assert_eq!(manifest(replica, "web", reference).await.is_some(), exists);
        }
        let (files, trash) = (site.keys("web-").await.len(), site.keys(".chandlery/trash/").await.len());
        assert_eq!((files, trash), if exists { (2, 0) } else { (0, 2) });
        if exists {
            is_pulled(replica, &web("")).await;
        }
        !exists
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert_eq!(self.perform(replica).await, Some(!done));
    }
}

#[tokio::test(start_paused = true)]
async fn a_chart_is_deleted_from_both_doors_or_from_none() {
    for by_digest in [false, true] {
        interrupt_everywhere(&DeleteChart { by_digest }).await;
    }
}

/// An artifact and what it needs: a blob, a tag or the whole manifest is taken away.
enum Delete {
    Blob,
    Tag,
    Manifest,
}

impl Operation for Delete {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        for bytes in ["{}", "layer", "spare"] {
            add(&replica, "image", bytes).await;
        }
        for tag in ["1", "2"] {
            put(&replica, "image", tagged(tag), &artifact("{}", &["layer"])).await.unwrap();
        }
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let name = name("image");
        told(match self {
            Self::Blob => replica.delete_blob(&name, ContentDigest::of(b"spare")).await,
            Self::Tag => replica.delete_manifest(&name, &tagged("2")).await,
            Self::Manifest => {
                let digest = digest_of(&artifact("{}", &["layer"]));
                replica.delete_manifest(&name, &Reference::Digest(digest)).await
            }
        })
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let left = tags(replica, "image").await.unwrap();
        let spare = blob(replica, "image", ContentDigest::of(b"spare")).await.is_some();
        let by_digest = Reference::Digest(digest_of(&artifact("{}", &["layer"])));
        assert_eq!(manifest(replica, "image", by_digest).await.is_some(), !left.is_empty());
        assert!(blob(replica, "image", ContentDigest::of(b"layer")).await.is_some());
        let left: Vec<_> = left.iter().map(String::as_str).collect();
        match (self, &*left) {
            (Self::Blob, ["1", "2"]) => !spare,
            (Self::Tag | Self::Manifest, ["1", "2"]) => false,
            (Self::Tag, ["1"]) | (Self::Manifest, []) => true,
            (_, left) => panic!("{left:?} are left"),
        }
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert_eq!(self.perform(replica).await, Some(!done));
    }
}

#[tokio::test(start_paused = true)]
async fn what_is_deleted_in_the_registry_is_gone_or_not() {
    for delete in [Delete::Blob, Delete::Tag, Delete::Manifest] {
        interrupt_everywhere(&delete).await;
    }
}

/// A blob of a chart's version, which is copied, and one that has an object, which is linked.
struct Mount {
    digest: ContentDigest,
}

impl Operation for Mount {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        publish(&replica, &web("")).await.unwrap();
        add(&replica, "web", "layer").await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let mounted = replica.mount_blob(&name("web"), &name("image"), self.digest).await;
        assert_ne!(mounted, Ok(false), "the source has it");
        told(mounted)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        assert!(blob(replica, "web", self.digest).await.is_some());
        blob(replica, "image", self.digest).await.is_some()
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        assert_eq!(self.perform(replica).await, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_blob_is_mounted_or_not() {
    for digest in [ContentDigest::of(b"layer"), web("").digest().into()] {
        interrupt_everywhere(&Mount { digest }).await;
    }
}

/// What unfinished pushes left, a manifest that was deleted, and the objects of both: after so many days.
struct Collect {
    days: usize,
}

/// Objects after each day: the stray one and the deleted manifest go first, then the blobs that were lost, then those of
/// the chart, which were kept a day longer for another try.
const LEFT: [usize; 4] = [10, 8, 5, 3];

impl Collect {
    fn deleted() -> Value {
        artifact("{}", &["deleted"])
    }
}

impl Operation for Collect {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        for bytes in ["{}", "layer", "deleted", "lost"] {
            add(&replica, "image", bytes).await;
        }
        put(&replica, "image", tagged("1"), &artifact("{}", &["layer"])).await.unwrap();
        put(&replica, "image", tagged("2"), &Self::deleted()).await.unwrap();
        let digest = Reference::Digest(digest_of(&Self::deleted()));
        replica.delete_manifest(&name("image"), &digest).await.unwrap();
        // Helm puts a manifest by its digest first
        let chart = upload(&replica, &web(""), None, "").await;
        put(&replica, "web", Reference::Digest(digest_of(&chart)), &chart).await.unwrap();
        site.place(".chandlery/objects/ab/ab0123", "left").await;
        pass(DAY + 60).await;
        for _ in 0..self.days {
            replica.collect().await.unwrap();
            pass(DAY + 60).await;
        }
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        replica.collect().await.ok().map(|_| true)
    }

    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool {
        assert_eq!(tags(replica, "image").await.unwrap(), ["1"]);
        assert!(manifest(replica, "image", tagged("1")).await.is_some());
        for bytes in ["{}", "layer"] {
            assert!(blob(replica, "image", ContentDigest::of(bytes.as_bytes())).await.is_some());
        }
        let state = &replica.view().state;
        let lost = blob(replica, "image", ContentDigest::of(b"lost")).await;
        let chart = manifest(replica, "web", Reference::Digest(digest_of(&chart_manifest(&web(""), None, "")))).await;
        let objects = site.keys(".chandlery/objects/").await.len();
        lost.is_none() && chart.is_none() && objects == LEFT[self.days] && (self.days > 0 || state.discarded.len() == 2)
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert!(done, "a collect after the crash has done it");
        replica.collect().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_the_registry_does_not_need_is_let_go_once() {
    for days in 0..LEFT.len() {
        interrupt_everywhere(&Collect { days }).await;
    }
}

/// The version has a pushed manifest, and comes back from the trash without it.
struct Restore;

impl Operation for Restore {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        let pushed = upload(&replica, &web(""), Some(1), "").await;
        put(&replica, "web", tagged("1.0.0"), &pushed).await.unwrap();
        replica.delete_manifest(&name("web"), &tagged("1.0.0")).await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(replica.restore(&root(), "web", "1.0.0").await.map_err(RegistryError::from))
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let done = version(replica, "web", "1.0.0").await.is_some();
        assert_eq!(manifest(replica, "web", tagged("1.0.0")).await.is_some(), done);
        if done {
            is_pulled(replica, &web("")).await;
        }
        done
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert_eq!(self.perform(replica).await, Some(!done));
    }
}

#[tokio::test(start_paused = true)]
async fn a_pushed_chart_is_restored_for_both_doors_or_for_none() {
    interrupt_everywhere(&Restore).await;
}
