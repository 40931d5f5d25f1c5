//! Blobs on their way into the storage, in one request and in sessions.

use std::sync::Mutex;

use bytes::Bytes;
use catalogue::{Catalogue, DigestAlgorithm, RegistryError, UploadBody, UploadError};
use chart::oci::ContentDigest;
use futures_util::{StreamExt, stream};
use uuid::Uuid;

use super::{Operation, interrupt_everywhere};
use crate::calls::registry::{blob, name, tags};
use crate::site::{DAY, Site};
use crate::time::pass;

/// Where they go.
const TO: &str = "org/app";

fn told<T>(answer: Result<T, UploadError>) -> Option<bool> {
    match answer {
        Ok(_) => Some(true),
        Err(UploadError::Unavailable(_) | UploadError::Registry(RegistryError::Unavailable(_))) => None,
        Err(_) => Some(false),
    }
}

fn body(text: &str) -> UploadBody {
    let text = Bytes::copy_from_slice(text.as_bytes());
    stream::iter((!text.is_empty()).then_some(Ok(text))).boxed()
}

fn digest(text: &str) -> ContentDigest {
    ContentDigest::of(text.as_bytes())
}

struct OneRequest;

impl Operation for OneRequest {
    async fn prepare(&self, site: &Site) {
        site.replica().await.upload_blob(&name(TO), body("another"), digest("another")).await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        told(replica.upload_blob(&name(TO), body("a blob"), digest("a blob")).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        assert!(blob(replica, TO, digest("another")).await.is_some());
        blob(replica, TO, digest("a blob")).await.is_some()
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        assert_eq!(self.perform(replica).await, Some(true));
    }
}

#[tokio::test(start_paused = true)]
async fn a_blob_of_one_request_is_there_or_not() {
    interrupt_everywhere(&OneRequest).await;
}

/// A session of so many requests, and what its last one brings.
struct Session {
    parts: &'static [&'static str],
    last: &'static str,
    /// As far as the client knows.
    begun: Mutex<Option<Uuid>>,
}

impl Session {
    fn of(parts: &'static [&'static str], last: &'static str) -> Self {
        Self { parts, last, begun: Mutex::default() }
    }

    fn whole(&self) -> String {
        self.parts.concat() + self.last
    }

    /// Goes on where it is.
    async fn go_on(&self, replica: &Catalogue, id: Uuid) -> Result<(), UploadError> {
        let whole = self.whole();
        let arrived = replica.upload_session(&name(TO), id).await?.size as usize;
        assert!(whole.is_char_boundary(arrived) && arrived <= self.parts.concat().len());
        let mut end = 0;
        for part in self.parts {
            end += part.len();
            if end > arrived {
                assert_eq!(end - part.len(), replica.upload_session(&name(TO), id).await?.size as usize);
                replica.append_upload(&name(TO), id, None, body(part)).await?;
            }
        }
        replica.finish_upload(&name(TO), id, None, body(self.last), digest(&whole)).await
    }
}

impl Operation for Session {
    async fn prepare(&self, site: &Site) {
        site.replica().await.upload_blob(&name(TO), body("another"), digest("another")).await.unwrap();
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        *self.begun.lock().unwrap() = None;
        let begun = replica.begin_upload(&name(TO), DigestAlgorithm::Sha256).await;
        let Ok(session) = begun else { return told(begun) };
        *self.begun.lock().unwrap() = Some(session.id);
        told(self.go_on(replica, session.id).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        assert!(blob(replica, TO, digest("another")).await.is_some());
        for part in self.parts.iter().filter(|part| **part != self.whole()) {
            assert_eq!(blob(replica, TO, digest(part)).await, None, "a part is no blob");
        }
        blob(replica, TO, digest(&self.whole())).await.is_some()
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        let begun = *self.begun.lock().unwrap();
        match begun.filter(|_| !done) {
            // the restart of a replica does not end it
            Some(id) => self.go_on(replica, id).await.unwrap(),
            None => assert_eq!(self.perform(replica).await, Some(true)),
        }
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_of_one_part_goes_on_where_it_was() {
    interrupt_everywhere(&Session::of(&["a blob"], "")).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_whose_last_request_brings_everything_goes_on_where_it_was() {
    interrupt_everywhere(&Session::of(&[], "a blob")).await;
}

#[tokio::test(start_paused = true)]
async fn a_session_of_several_parts_goes_on_where_it_was() {
    interrupt_everywhere(&Session::of(&["one ", "two ", "three "], "four")).await;
}

/// A session is given up.
struct Cancel {
    begun: Mutex<Option<Uuid>>,
}

impl Operation for Cancel {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        let id = replica.begin_upload(&name(TO), DigestAlgorithm::Sha256).await.unwrap().id;
        for part in ["one ", "two"] {
            replica.append_upload(&name(TO), id, None, body(part)).await.unwrap();
        }
        *self.begun.lock().unwrap() = Some(id);
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        let id = self.begun.lock().unwrap().unwrap();
        told(replica.cancel_upload(&name(TO), id).await)
    }

    async fn is_done(&self, _: &Site, replica: &Catalogue) -> bool {
        assert_eq!(tags(replica, TO).await, None);
        let id = self.begun.lock().unwrap().unwrap();
        match replica.upload_session(&name(TO), id).await {
            Ok(session) => assert_eq!(session.size, 7),
            Err(error) => assert_eq!(error, UploadError::Unknown),
        }
        replica.upload_session(&name(TO), id).await.is_err()
    }

    async fn repeat(&self, replica: &Catalogue, done: bool) {
        assert_eq!(self.perform(replica).await, Some(!done));
    }
}

#[tokio::test(start_paused = true)]
async fn a_session_is_given_up_or_not() {
    interrupt_everywhere(&Cancel { begun: Mutex::default() }).await;
}

/// Sessions in which nothing happens any more: one of a part, one of several, one that brought nothing.
struct Sweep {
    begun: Mutex<Vec<Uuid>>,
}

impl Operation for Sweep {
    async fn prepare(&self, site: &Site) {
        let replica = site.replica().await;
        let mut begun = Vec::new();
        for parts in [&["one"][..], &["one ", "two"], &[]] {
            let id = replica.begin_upload(&name(TO), DigestAlgorithm::Sha256).await.unwrap().id;
            for part in parts {
                replica.append_upload(&name(TO), id, None, body(part)).await.unwrap();
            }
            begun.push(id);
        }
        *self.begun.lock().unwrap() = begun;
        pass(DAY).await;
    }

    async fn perform(&self, replica: &Catalogue) -> Option<bool> {
        replica.collect().await.ok().map(|_| true)
    }

    async fn is_done(&self, site: &Site, replica: &Catalogue) -> bool {
        let begun = self.begun.lock().unwrap().clone();
        for id in begun {
            assert_eq!(replica.upload_session(&name(TO), id).await, Err(UploadError::Unknown));
        }
        site.keys(".chandlery/uploads/").await.is_empty()
    }

    async fn repeat(&self, replica: &Catalogue, _: bool) {
        // what says how a session ended is left alone for as long as one in which something happens
        pass(2 * 3600).await;
        replica.collect().await.unwrap();
    }
}

#[tokio::test(start_paused = true)]
async fn what_a_session_left_is_swept_in_the_end() {
    interrupt_everywhere(&Sweep { begun: Mutex::default() }).await;
}
