//! Blobs on their way into the storage.

use std::sync::Arc;
use std::time::Duration;

use bytes::Bytes;
use catalogue::{
    Catalogue, DigestAlgorithm, Options, UploadBody, UploadError, UploadLimits, UploadRange, UploadSession,
};
use chart::oci::{ContentDigest, RegistryName};
use futures_util::{StreamExt, stream};
use sha2::{Digest as _, Sha512};
use storage::Operation;
use storage::faulty::{Faulty, Plan};
use uuid::Uuid;

use crate::site::{DAY, Site};
use crate::time::pass;

fn name() -> RegistryName {
    "org/app".parse().unwrap()
}

/// A body that comes in these pieces.
fn body(pieces: &[&'static str]) -> UploadBody {
    let pieces: Vec<_> = pieces.iter().map(|piece| Ok(Bytes::from_static(piece.as_bytes()))).collect();
    stream::iter(pieces).boxed()
}

fn digest(text: &str) -> ContentDigest {
    ContentDigest::of(text.as_bytes())
}

async fn begin(replica: &Catalogue) -> Uuid {
    replica.begin_upload(&name(), DigestAlgorithm::Sha256).await.unwrap().id
}

async fn append(replica: &Catalogue, id: Uuid, first: u64, text: &'static str) -> Result<u64, UploadError> {
    let range = UploadRange { first, last: first + text.len() as u64 - 1 };
    replica.append_upload(&name(), id, Some(range), body(&[text])).await.map(|session| session.size)
}

async fn finish(replica: &Catalogue, id: Uuid, text: &[&'static str], whole: &str) -> Result<(), UploadError> {
    replica.finish_upload(&name(), id, None, body(text), digest(whole)).await
}

async fn size(replica: &Catalogue, id: Uuid) -> Result<u64, UploadError> {
    replica.upload_session(&name(), id).await.map(|UploadSession { size, .. }| size)
}

/// The bytes of everything that lies where blobs do.
async fn objects(site: &Site) -> Vec<String> {
    let mut texts = Vec::new();
    for key in site.keys(".chandlery/objects/").await {
        texts.push(String::from_utf8(site.bytes(&key).await.to_vec()).unwrap());
    }
    texts.sort();
    texts
}

async fn leftovers(site: &Site) -> Vec<String> {
    site.keys(".chandlery/uploads/").await
}

async fn limited(site: &Site, uploads: UploadLimits) -> Catalogue {
    Catalogue::open(Arc::new(site.store.clone()), Options { uploads, ..site.options() }).await.unwrap()
}

#[tokio::test(start_paused = true)]
async fn a_blob_comes_in_one_request() {
    let site = Site::new();
    let replica = site.replica().await;
    for (pieces, whole) in [(&["a b", "", "lob"][..], "a blob"), (&[][..], "")] {
        replica.upload_blob(&name(), body(pieces), digest(whole)).await.unwrap();
    }
    assert_eq!(objects(&site).await, ["", "a blob"]);
    let id = begin(&replica).await;
    finish(&replica, id, &["another"], "another").await.unwrap();
    assert_eq!(objects(&site).await, ["", "a blob", "another"]);
    assert!(leftovers(&site).await.is_empty());
    assert_eq!(size(&replica, id).await, Err(UploadError::Unknown));
}

#[tokio::test(start_paused = true)]
async fn an_upload_goes_on_at_other_replicas_and_after_a_restart() {
    let site = Site::new();
    let (one, other) = (site.replica().await, site.replica().await);
    let id = begin(&one).await;
    assert_eq!(size(&other, id).await, Ok(0));
    assert_eq!(append(&one, id, 0, "one ").await, Ok(4));
    assert_eq!(append(&other, id, 4, "two ").await, Ok(8));
    assert_eq!(one.append_upload(&name(), id, None, body(&["thr", "ee "])).await.unwrap().size, 14);
    let third = site.replica().await;
    assert_eq!(size(&third, id).await, Ok(14));
    finish(&third, id, &["four"], "one two three four").await.unwrap();
    assert_eq!(objects(&site).await, ["one two three four"]);
    assert!(leftovers(&site).await.is_empty());
    for replica in [&one, &other, &third] {
        assert_eq!(append(replica, id, 14, "late").await, Err(UploadError::Unknown));
    }
}

#[tokio::test(start_paused = true)]
async fn what_one_request_brought_becomes_the_blob_without_being_copied() {
    let site = Site::new();
    let replica = site.replica().await;
    let id = begin(&replica).await;
    append(&replica, id, 0, "streamed").await.unwrap();
    let place = site.keys(".chandlery/objects/").await;
    finish(&replica, id, &[], "streamed").await.unwrap();
    assert_eq!(site.keys(".chandlery/objects/").await, place);
    assert!(leftovers(&site).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn bytes_out_of_order_are_refused_with_the_place_where_it_goes_on() {
    let site = Site::new();
    let replica = site.replica().await;
    let id = begin(&replica).await;
    assert_eq!(append(&replica, id, 4, "ahead").await, Err(UploadError::OutOfOrder { size: 0 }));
    append(&replica, id, 0, "one ").await.unwrap();
    for first in [0, 3, 5] {
        assert_eq!(append(&replica, id, first, "two").await, Err(UploadError::OutOfOrder { size: 4 }));
    }
    let wrong = UploadRange { first: 4, last: 9 };
    let short = replica.append_upload(&name(), id, Some(wrong), body(&["two"])).await;
    assert_eq!(short.unwrap_err(), UploadError::Length { expected: 6, found: 3 });
    let back = Some(UploadRange { first: 0, last: 2 });
    let ahead = replica.finish_upload(&name(), id, back, body(&["two"]), digest("x")).await;
    assert_eq!(ahead, Err(UploadError::OutOfOrder { size: 4 }));
    assert_eq!(size(&replica, id).await, Ok(4));
    finish(&replica, id, &["two"], "one two").await.unwrap();
    assert_eq!(objects(&site).await, ["one two"]);
}

#[tokio::test(start_paused = true)]
async fn of_two_requests_for_one_place_one_counts() {
    let site = Site::new();
    let (one, other) = (site.replica().await, site.replica().await);
    let id = begin(&one).await;
    // the other one's body ends only when this one's bytes are there
    let first = one.clone();
    let slow = stream::once(async move {
        append(&first, id, 0, "first").await.unwrap();
        Ok(Bytes::from_static(b"second"))
    });
    let late = other.append_upload(&name(), id, None, slow.boxed()).await;
    assert_eq!(late.unwrap_err(), UploadError::OutOfOrder { size: 5 });
    assert_eq!(objects(&site).await, ["first"]);
    finish(&other, id, &[], "first").await.unwrap();
    assert_eq!(objects(&site).await, ["first"]);
}

#[tokio::test(start_paused = true)]
async fn bytes_with_another_digest_are_no_blob_and_the_upload_stays() {
    let site = Site::new();
    let replica = site.replica().await;
    let wrong = replica.upload_blob(&name(), body(&["a blob"]), digest("another")).await;
    assert_eq!(wrong, Err(UploadError::Digest(digest("another"))));
    let id = begin(&replica).await;
    assert!(finish(&replica, id, &["a blob"], "another").await.is_err());
    assert!(objects(&site).await.is_empty());
    append(&replica, id, 0, "a blob").await.unwrap();
    assert_eq!(finish(&replica, id, &[], "another").await, Err(UploadError::Digest(digest("another"))));
    assert!(finish(&replica, id, &[" more"], "another").await.is_err());
    finish(&replica, id, &[" more"], "a blob more").await.unwrap();
    assert_eq!(objects(&site).await, ["a blob more"]);
}

#[tokio::test(start_paused = true)]
async fn a_body_that_breaks_off_changes_nothing() {
    let site = Site::new();
    let replica = site.replica().await;
    let broken = || stream::iter([Ok(Bytes::from_static(b"begun")), Err("reset".to_owned())]).boxed();
    let id = begin(&replica).await;
    let reset = UploadError::Body("reset".to_owned());
    assert_eq!(replica.append_upload(&name(), id, None, broken()).await.unwrap_err(), reset);
    assert_eq!(replica.finish_upload(&name(), id, None, broken(), digest("begun")).await, Err(reset.clone()));
    assert_eq!(replica.upload_blob(&name(), broken(), digest("begun")).await, Err(reset));
    assert_eq!((size(&replica, id).await, objects(&site).await.len()), (Ok(0), 0));
}

#[tokio::test(start_paused = true)]
async fn a_blob_has_no_more_bytes_than_it_may_have() {
    let site = Site::new();
    let replica = limited(&site, UploadLimits { blob_size: 10, ..UploadLimits::default() }).await;
    replica.upload_blob(&name(), body(&["ten", " bytes."]), digest("ten bytes.")).await.unwrap();
    let large = replica.upload_blob(&name(), body(&["eleven", " bytes"]), digest("eleven bytes")).await;
    assert_eq!(large, Err(UploadError::TooLarge(10)));
    let id = begin(&replica).await;
    append(&replica, id, 0, "ten").await.unwrap();
    assert_eq!(append(&replica, id, 3, " bytes..").await, Err(UploadError::TooLarge(10)));
    assert_eq!(finish(&replica, id, &[" bytes.."], "ten bytes..").await, Err(UploadError::TooLarge(10)));
    assert_eq!(append(&replica, id, 3, " bytes!").await, Ok(10));
    finish(&replica, id, &[], "ten bytes!").await.unwrap();
    assert_eq!(objects(&site).await, ["ten bytes!", "ten bytes."]);
}

#[tokio::test(start_paused = true)]
async fn there_are_no_more_uploads_at_a_time_than_there_may_be() {
    let site = Site::new();
    let elsewhere = begin(&site.replica().await).await;
    let replica = limited(&site, UploadLimits { sessions: 2, ..UploadLimits::default() }).await;
    let begun = begin(&replica).await;
    let refused = || async { replica.begin_upload(&name(), DigestAlgorithm::Sha256).await.map(|session| session.id) };
    assert_eq!(refused().await, Err(UploadError::TooManySessions));
    // what other replicas end is noticed when it matters
    site.replica().await.cancel_upload(&name(), elsewhere).await.unwrap();
    let next = refused().await.unwrap();
    assert_eq!(refused().await, Err(UploadError::TooManySessions));
    replica.cancel_upload(&name(), begun).await.unwrap();
    finish(&replica, next, &[], "").await.unwrap();
    for _ in 0..2 {
        begin(&replica).await;
    }
    assert_eq!(refused().await, Err(UploadError::TooManySessions));
}

#[tokio::test(start_paused = true)]
async fn an_upload_that_is_given_up_leaves_nothing() {
    let site = Site::new();
    let (one, other) = (site.replica().await, site.replica().await);
    let id = begin(&one).await;
    append(&one, id, 0, "one ").await.unwrap();
    append(&other, id, 4, "two").await.unwrap();
    let elsewhere: RegistryName = "org/other".parse().unwrap();
    assert_eq!(one.cancel_upload(&elsewhere, id).await, Err(UploadError::Unknown));
    one.cancel_upload(&name(), id).await.unwrap();
    assert!(objects(&site).await.is_empty() && leftovers(&site).await.is_empty());
    for replica in [&one, &other] {
        assert_eq!(size(replica, id).await, Err(UploadError::Unknown));
        assert_eq!(finish(replica, id, &[], "one two").await, Err(UploadError::Unknown));
        assert_eq!(replica.cancel_upload(&name(), id).await, Err(UploadError::Unknown));
    }
}

#[tokio::test(start_paused = true)]
async fn an_upload_in_which_nothing_happens_is_swept() {
    let site = Site::new();
    let replica = limited(&site, UploadLimits { idle: Duration::from_secs(3600), ..UploadLimits::default() }).await;
    let (resting, going) = (begin(&replica).await, begin(&replica).await);
    append(&replica, resting, 0, "resting").await.unwrap();
    for second in 0..3 {
        pass(1900).await;
        replica.append_upload(&name(), going, None, body(&["going "])).await.unwrap();
        replica.collect().await.unwrap();
        assert_eq!(size(&replica, resting).await.is_ok(), second == 0);
    }
    assert_eq!(size(&replica, resting).await, Err(UploadError::Unknown));
    assert_eq!(objects(&site).await, ["going "]);
    finish(&replica, going, &[], "going going going ").await.unwrap();
    assert!(leftovers(&site).await.is_empty());
    // whatever happens in it, it does not outlive what it has written
    let endless = begin(&replica).await;
    for _ in 0..40 {
        pass(1900).await;
        let appended = replica.append_upload(&name(), endless, None, body(&["more "])).await;
        replica.collect().await.unwrap();
        if let Err(error) = appended {
            assert_eq!(error, UploadError::Unknown);
            assert!(leftovers(&site).await.is_empty());
            return;
        }
    }
    panic!("it goes on for ever");
}

/// A name that is said to exist and cannot be found is no reason to send the client elsewhere.
#[tokio::test(start_paused = true)]
async fn bytes_that_belong_where_they_are_sent_are_never_out_of_order() {
    for call in 1..=8 {
        let site = Site::new();
        let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
        let replica = Catalogue::open(process.clone(), site.options()).await.unwrap();
        let id = begin(&replica).await;
        process.set_plan(Plan::ghost_at(call));
        match append(&replica, id, 0, "one ").await {
            Ok(size) => assert_eq!(size, 4),
            Err(error) => assert!(matches!(error, UploadError::Unavailable(_)), "call {call}: {error}"),
        }
        let size = size(&replica, id).await.unwrap();
        finish(&replica, id, if size == 0 { &["one ", "two"] } else { &["two"] }, "one two").await.unwrap();
        assert_eq!(objects(&site).await, ["one two"], "call {call}");
    }
}

/// One ends a session and takes its last trace away, just when the other wants to know how it ended.
#[tokio::test(start_paused = true)]
async fn replicas_that_sweep_at_the_same_time_are_not_in_each_others_way() {
    for call in 1..=10 {
        let site = Site::new();
        let first = site.replica().await;
        let id = begin(&first).await;
        append(&first, id, 0, "left").await.unwrap();
        pass(7200).await;
        let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
        let replica = Catalogue::open(process.clone(), site.options()).await.unwrap();
        process.set_plan(Plan::ghost_at(call));
        replica.collect().await.unwrap();
        replica.collect().await.unwrap();
        assert!(objects(&site).await.is_empty() && leftovers(&site).await.is_empty(), "call {call}");
    }
}

/// A replica that finishes an upload may die, or be slow, while another one sweeps.
#[tokio::test(start_paused = true)]
async fn what_becomes_a_blob_is_never_swept_as_a_leftover() {
    let site = Site::new();
    let replica = site.replica().await;
    let id = begin(&replica).await;
    append(&replica, id, 0, "kept").await.unwrap();
    // it got as far as to decide so
    site.place(&format!(".chandlery/uploads/{}/end.json", id.simple()), "\"adopted\"").await;
    pass(DAY - 7200).await;
    replica.collect().await.unwrap();
    assert_eq!(objects(&site).await, ["kept"]);
    assert!(leftovers(&site).await.is_empty());
}

#[tokio::test(start_paused = true)]
async fn both_algorithms_name_a_blob_however_it_was_hashed_on_its_way() {
    let site = Site::new();
    let replica = site.replica().await;
    let long = ContentDigest::Sha512(Sha512::digest(b"a blob").into());
    replica.upload_blob(&name(), body(&["a blob"]), long).await.unwrap();
    for algorithm in [DigestAlgorithm::Sha256, DigestAlgorithm::Sha512] {
        for named in [digest("a blob"), long] {
            for pieces in [&["a blob"][..], &["a b", "lob"]] {
                let id = replica.begin_upload(&name(), algorithm).await.unwrap().id;
                for piece in pieces {
                    replica.append_upload(&name(), id, None, body(&[piece])).await.unwrap();
                }
                let wrong = ContentDigest::Sha512([7; 64]);
                let refused = replica.finish_upload(&name(), id, None, body(&[]), wrong).await;
                assert_eq!(refused, Err(UploadError::Digest(wrong)));
                replica.finish_upload(&name(), id, None, body(&[]), named).await.unwrap();
            }
        }
    }
    assert!(objects(&site).await.iter().all(|text| text == "a blob"));
    assert!(leftovers(&site).await.is_empty());
}

/// What came in several requests was hashed as it came: the storage makes the blob, and nobody reads it again.
#[tokio::test(start_paused = true)]
async fn what_many_requests_brought_becomes_the_blob_without_being_read() {
    let site = Site::new();
    let process = Arc::new(Faulty::new(site.store.clone(), Plan::none()));
    let finishing = Catalogue::open(process.clone(), site.options()).await.unwrap();
    let (one, other) = (site.replica().await, site.replica().await);
    for last in [&["four"][..], &[]] {
        let id = begin(&one).await;
        append(&one, id, 0, "one ").await.unwrap();
        append(&other, id, 4, "two ").await.unwrap();
        append(&one, id, 8, "three ").await.unwrap();
        let unreadable = [".chandlery/objects/".to_owned(), format!(".chandlery/uploads/{}/parts/", id.simple())];
        process.set_plan(Plan::down().only([Operation::Get]).under(unreadable));
        let whole = format!("one two three {}", last.concat());
        assert_eq!(finish(&finishing, id, last, "another").await, Err(UploadError::Digest(digest("another"))));
        finish(&finishing, id, last, &whole).await.unwrap();
        process.set_plan(Plan::none());
        let found = finishing.fresh().await.unwrap().view.blob(&name(), digest(&whole)).unwrap();
        assert_eq!(finishing.load_blob(&found, None).await.unwrap(), whole);
    }
    assert_eq!(objects(&site).await, ["one two three ", "one two three four"]);
    assert!(leftovers(&site).await.is_empty());
}

/// A replica of before, or of later, may have taken a part in between.
#[tokio::test(start_paused = true)]
async fn where_nobody_can_go_on_with_the_hash_the_bytes_are_read_again() {
    let site = Site::new();
    let replica = site.replica().await;
    for odd in [0, 4, 8] {
        let id = begin(&replica).await;
        for (first, text) in [(0, "one "), (4, "two "), (8, "three ")] {
            append(&site.replica().await, id, first, text).await.unwrap();
            let record = format!(".chandlery/uploads/{}/records/{first:020}.json", id.simple());
            let mut told: serde_json::Value = serde_json::from_slice(&site.bytes(&record).await).unwrap();
            assert_eq!(told["hash"].is_object(), odd >= first, "{told}");
            if first == odd {
                told.as_object_mut().unwrap().remove("hash");
                told["digest"] = digest(text).to_string().into();
                site.place(&record, told.to_string()).await;
            }
        }
        // as another replica finds it
        let fresh = site.replica().await;
        assert_eq!(finish(&fresh, id, &["four"], "another").await, Err(UploadError::Digest(digest("another"))));
        finish(&fresh, id, &["four"], "one two three four").await.unwrap();
    }
    assert_eq!(objects(&site).await, ["one two three four"]);
    assert!(leftovers(&site).await.is_empty());
}
