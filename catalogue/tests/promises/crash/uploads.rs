//! What clients do.

use std::num::NonZeroUsize;

use catalogue::{Catalogue, CommitError, PublishOutcome, Terms, Upload};
use chart::Package;

use super::{Operation, interrupt_everywhere};
use crate::packages::{package, provenance};
use crate::site::{Site, bytes, overwrite, publish, publish_signed, root, signature, version};

/// What an answer says about whether it is done.
fn told<T>(answer: Result<T, CommitError>) -> Option<bool> {
    match answer {
        Ok(_) => Some(true),
        Err(CommitError::Unavailable(_)) => None,
        Err(_) => Some(false),
    }
}

fn web(note: &str) -> Package {
    package("web", "1.0.0", note)
}

struct SignedPublish;

impl Operation for SignedPublish {
    async fn prepare(&self, site: &Site) {
        publish(&site.replica().await, &package("other", "1.0.0", "")).await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let (signed, bytes) = provenance(&web(""), 1);
        told(replica.publish(&root(), &web(""), Some((&signed, bytes)), false).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let Some(bytes) = bytes(replica, "web", "1.0.0").await else { return false };
        assert_eq!(bytes, web("").bytes());
        assert_eq!(signature(replica, &web("")).await.unwrap(), provenance(&web(""), 1).1);
        true
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert_eq!(self.perform(replica).await, Some(!done));
    }
}

#[tokio::test(start_paused = true)]
async fn a_publication_with_its_provenance_happens_wholly_or_not() {
    interrupt_everywhere(&SignedPublish).await;
}

struct Overwrite;

impl Operation for Overwrite {
    async fn prepare(&self, site: &Site) {
        publish_signed(&site.replica().await, &web("old"), 1).await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(overwrite(replica, &web("new")).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        let bytes = bytes(replica, "web", "1.0.0").await.unwrap();
        let done = bytes == web("new").bytes();
        assert!(done || bytes == web("old").bytes());
        assert_eq!(signature(replica, &web("")).await.is_none(), done, "it signs the old bytes");
        done
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        assert_eq!(overwrite(replica, &web("new")).await, Ok(PublishOutcome::Replaced));
    }
}

#[tokio::test(start_paused = true)]
async fn an_overwrite_happens_wholly_or_not() {
    interrupt_everywhere(&Overwrite).await;
}

struct LoneProvenance;

impl Operation for LoneProvenance {
    async fn prepare(&self, site: &Site) {
        publish(&site.replica().await, &web("")).await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let (signed, bytes) = provenance(&web(""), 1);
        told(replica.publish_provenance(&root(), &signed, bytes, false).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        signature(replica, &web("")).await.is_some()
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert_eq!(self.perform(replica).await, Some(!done));
    }
}

#[tokio::test(start_paused = true)]
async fn a_provenance_happens_wholly_or_not() {
    interrupt_everywhere(&LoneProvenance).await;
}

/// Two packages with their provenances push out what the chart has too many of.
struct Form;

impl Form {
    fn packages() -> [Package; 2] {
        [package("web", "1.1.0", ""), package("db", "1.0.0", "")]
    }
}

impl Operation for Form {
    async fn prepare(&self, site: &Site) {
        publish_signed(&site.replica().await, &web(""), 1).await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let packages = Self::packages();
        let provenances = packages.iter().map(|package| provenance(package, 2)).collect();
        let upload = Upload { packages: packages.to_vec(), provenances };
        let terms = Terms { versions_per_chart: NonZeroUsize::new(1), ..Terms::default() };
        told(replica.upload(&root(), upload, terms).await)
    }

    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool {
        let done = version(replica, "web", "1.1.0").await.is_some();
        assert_eq!(version(replica, "db", "1.0.0").await.is_some(), done);
        assert_eq!(version(replica, "web", "1.0.0").await.is_none(), done);
        let (files, trash) = (site.keys("web-1.0.0").await.len(), site.keys(".chandlery/trash/").await.len());
        assert_eq!((files, trash), if done { (0, 2) } else { (2, 0) });
        for package in Self::packages() {
            assert_eq!(signature(replica, &package).await.is_some(), done);
        }
        done
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert_eq!(self.perform(replica).await, Some(!done));
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_of_several_files_happens_wholly_or_not() {
    interrupt_everywhere(&Form).await;
}

struct Remove;

impl Operation for Remove {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        publish_signed(&replica, &web(""), 1).await;
        publish_signed(&replica, &package("web", "1.1.0", ""), 2).await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(replica.remove_chart(&root(), "web").await)
    }

    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool {
        let (one, other) = (version(replica, "web", "1.0.0").await, version(replica, "web", "1.1.0").await);
        assert_eq!(one.is_some(), other.is_some());
        let (files, trash) = (site.keys("web").await.len(), site.keys(".chandlery/trash/").await.len());
        if one.is_some() {
            assert_eq!((files, trash), (4, 0));
            return false;
        }
        assert_eq!((files, trash), (0, 4), "all of it is in the trash");
        true
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        let expected = if done { Err(CommitError::NotFound) } else { Ok(2) };
        assert_eq!(replica.remove_chart(&root(), "web").await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_removal_happens_wholly_or_not() {
    interrupt_everywhere(&Remove).await;
}

struct Restore;

impl Operation for Restore {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        publish_signed(&replica, &web(""), 1).await;
        replica.remove(&root(), "web", "1.0.0").await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(replica.restore(&root(), "web", "1.0.0").await)
    }

    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool {
        let Some(bytes) = bytes(replica, "web", "1.0.0").await else {
            assert_eq!(site.keys(".chandlery/trash/").await.len(), 2);
            return false;
        };
        assert_eq!(bytes, web("").bytes());
        assert_eq!(signature(replica, &web("")).await.unwrap(), provenance(&web(""), 1).1);
        true
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        let expected = if done { Err(CommitError::NotFound) } else { Ok(()) };
        assert_eq!(replica.restore(&root(), "web", "1.0.0").await, expected);
    }
}

#[tokio::test(start_paused = true)]
async fn a_restoration_happens_wholly_or_not() {
    interrupt_everywhere(&Restore).await;
}
