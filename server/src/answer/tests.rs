use axum::body::{Body, HttpBody};
use axum::response::Response;
use bytes::Bytes;
use chart::index::{Body as Pieces, Document};
use http::header::{
    ACCEPT_ENCODING, CONTENT_ENCODING, CONTENT_LENGTH, CONTENT_TYPE, ETAG, IF_NONE_MATCH, IF_RANGE, RANGE, VARY,
};
use http::{HeaderMap, HeaderName, HeaderValue, StatusCode};
use http_body_util::BodyExt;

use super::*;

fn headers(name: HeaderName, values: &[&str]) -> HeaderMap {
    values.iter().map(|value| (name.clone(), value.parse().unwrap())).collect()
}

async fn text(response: Response) -> String {
    String::from_utf8(response.into_body().collect().await.unwrap().to_bytes().to_vec()).unwrap()
}

#[test]
fn known_tags_are_compared_weakly() {
    for values in [
        &["\"a\""][..],
        &["*"],
        &[" * "],
        &["W/\"a\""],
        &["\"x\", \"a\""],
        &["\"x\",W/\"a\",\"y\""],
        &["\"x,\", \"a\""],
        &["\"x\"", "\"a\""],
        &[", \"a\""],
    ] {
        assert!(is_known(&headers(IF_NONE_MATCH, values), "\"a\""), "{values:?}");
    }
    for values in
        [&["\"b\""][..], &["a"], &["\"A\""], &[""], &["\""], &["\"a"], &["\"x, a\""], &["w/\"a\""], &["a\"a\""]]
    {
        assert!(!is_known(&headers(IF_NONE_MATCH, values), "\"a\""), "{values:?}");
    }
    assert!(!is_known(&HeaderMap::new(), "\"a\""));
}

#[test]
fn gzip_goes_to_those_who_ask_for_it() {
    for values in [
        &["gzip"][..],
        &["GZIP"],
        &["x-gzip"],
        &["deflate, gzip, br, zstd"],
        &["gzip;q=0.5"],
        &["gzip ; q=1.0, identity; q=0.5"],
        &["identity;q=0.5, gzip;q=0.5"],
        &["br", "gzip"],
        &["gzip;q=0.001"],
    ] {
        assert!(prefers_gzip(&headers(ACCEPT_ENCODING, values)), "{values:?}");
    }
    for values in [
        &["identity"][..],
        &[""],
        &["*"],
        &["gzip;q=0"],
        &["gzip;q=0.000"],
        &["gzip;q=0.5, identity"],
        &["identity;q=0.6, gzip;q=0.5"],
        &["br"],
        &["gzipped"],
        &["gzip;q=x"],
        &["gzip;q=2"],
        &["gzip;q=0.0001"],
    ] {
        assert!(!prefers_gzip(&headers(ACCEPT_ENCODING, values)), "{values:?}");
    }
}

#[test]
fn one_range_is_answered_and_others_are_not() {
    let ask = |range: &str| requested(&headers(RANGE, &[range]), 10, "\"a\"");
    for (range, part) in [
        ("bytes=0-0", 0..1),
        ("bytes=0-9", 0..10),
        ("bytes=2-", 2..10),
        ("bytes=9-", 9..10),
        ("bytes=5-99", 5..10),
        ("bytes=-3", 7..10),
        ("bytes=-99", 0..10),
        ("Bytes = 1-2", 1..3),
        ("bytes=0-18446744073709551615", 0..10),
        ("bytes=0-99999999999999999999999", 0..10),
    ] {
        assert_eq!(ask(range), Requested::Part(part), "{range}");
    }
    for range in ["bytes=10-", "bytes=10-11", "bytes=-0", "bytes=99999999999999999999999-"] {
        assert_eq!(ask(range), Requested::Unsatisfiable, "{range}");
    }
    for range in ["bytes=-", "bytes=2-1", "bytes=0-1,3-4", "lines=0-1", "bytes", "bytes=a-b", "bytes=+1-2", "0-1"] {
        assert_eq!(ask(range), Requested::Whole, "{range}");
    }
    assert_eq!(requested(&HeaderMap::new(), 10, "\"a\""), Requested::Whole);
    assert_eq!(requested(&headers(RANGE, &["bytes=0-"]), 0, "\"a\""), Requested::Unsatisfiable);
}

#[test]
fn a_range_of_other_bytes_is_not_answered() {
    for (condition, expected) in [
        ("\"a\"", Requested::Part(0..1)),
        ("\"b\"", Requested::Whole),
        ("W/\"a\"", Requested::Whole),
        ("Tue, 01 Jan 2030 00:00:00 GMT", Requested::Whole),
    ] {
        let mut headers = headers(RANGE, &["bytes=0-0"]);
        headers.insert(IF_RANGE, condition.parse().unwrap());
        assert_eq!(requested(&headers, 10, "\"a\""), expected, "{condition}");
    }
}

#[tokio::test]
async fn frames_are_sent_as_they_are_and_counted() {
    let frame = Bytes::from(vec![7; 5000]);
    let pieces = Pieces { frames: [frame.clone(), Bytes::from_static(b"end")].into(), length: 5003 };
    let mut body = Frames::from(&pieces);
    assert_eq!(body.size_hint().exact(), Some(5003));
    let sent = body.frame().await.unwrap().unwrap().into_data().unwrap();
    assert_eq!(sent.as_ptr(), frame.as_ptr());
    assert_eq!(body.size_hint().exact(), Some(3));
    assert!(!body.is_end_stream());
    assert_eq!(body.frame().await.unwrap().unwrap().into_data().unwrap(), "end");
    assert_eq!(body.size_hint().exact(), Some(0));
    assert!(body.is_end_stream());
    assert!(body.frame().await.is_none());
    assert!(Frames::from(&Pieces::default()).is_end_stream());
}

const TYPE: HeaderValue = HeaderValue::from_static("application/x-yaml");

fn document() -> Document {
    Document {
        identity: Bytes::from_static(b"plain").into(),
        gzip: Some(Bytes::from_static(b"packed").into()),
        etag: "\"1\"".to_owned(),
        etag_gzip: "\"1-gzip\"".to_owned(),
    }
}

#[tokio::test]
async fn documents_in_each_encoding() {
    let plain = prepared(&HeaderMap::new(), &document(), TYPE);
    assert_eq!(plain.status(), StatusCode::OK);
    assert_eq!(plain.headers()[CONTENT_TYPE], "application/x-yaml");
    assert_eq!(plain.headers()[CONTENT_LENGTH], "5");
    assert_eq!(plain.headers()[ETAG], "\"1\"");
    assert_eq!(plain.headers()[VARY], "Accept-Encoding");
    assert_eq!(plain.headers()["cache-control"], "no-cache");
    assert!(!plain.headers().contains_key(CONTENT_ENCODING));
    assert_eq!(text(plain).await, "plain");

    let packed = prepared(&headers(ACCEPT_ENCODING, &["gzip"]), &document(), TYPE);
    assert_eq!(packed.headers()[CONTENT_ENCODING], "gzip");
    assert_eq!(packed.headers()[CONTENT_LENGTH], "6");
    assert_eq!(packed.headers()[ETAG], "\"1-gzip\"");
    assert_eq!(text(packed).await, "packed");

    let only_plain = Document { gzip: None, ..document() };
    let plain = prepared(&headers(ACCEPT_ENCODING, &["gzip"]), &only_plain, TYPE);
    assert_eq!(plain.headers()[ETAG], "\"1\"");
    assert_eq!(text(plain).await, "plain");
}

#[tokio::test]
async fn documents_that_are_known() {
    for (encoding, tag, is_known) in [
        ("identity", "\"1\"", true),
        ("identity", "W/\"1\"", true),
        ("identity", "*", true),
        ("gzip", "\"1-gzip\"", true),
        ("gzip", "\"0\", \"1-gzip\"", true),
        ("identity", "\"1-gzip\"", false),
        ("gzip", "\"1\"", false),
        ("gzip", "\"2-gzip\"", false),
    ] {
        let mut request = headers(ACCEPT_ENCODING, &[encoding]);
        request.insert(IF_NONE_MATCH, tag.parse().unwrap());
        let response = prepared(&request, &document(), TYPE);
        let expected = if is_known { StatusCode::NOT_MODIFIED } else { StatusCode::OK };
        assert_eq!(response.status(), expected, "{encoding} {tag}");
        assert!(response.headers().contains_key(ETAG) && response.headers().contains_key(VARY));
        assert_eq!(response.headers().contains_key(CONTENT_LENGTH), !is_known);
        assert_eq!(text(response).await.is_empty(), is_known);
    }
}

#[tokio::test]
async fn head_keeps_the_length() {
    let whole = without_body(prepared(&HeaderMap::new(), &document(), TYPE));
    assert_eq!(whole.headers()[CONTENT_LENGTH], "5");
    assert_eq!(text(whole).await, "");
    let bare = without_body(Response::new(Body::from("four")));
    assert_eq!(bare.headers()[CONTENT_LENGTH], "4");
}
