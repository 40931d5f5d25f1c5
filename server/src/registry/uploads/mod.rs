pub(super) mod append;
pub(super) mod begin;
pub(super) mod cancel;
pub(super) mod finish;
pub(super) mod show;

use axum::body::Body;
use axum::response::Response;
use catalogue::{UploadBody, UploadError, UploadRange, UploadSession};
use chart::oci::{ContentDigest, RegistryName};
use futures_util::StreamExt;
use http::header::{CONTENT_LENGTH, CONTENT_RANGE, RANGE};
use http::{HeaderMap, StatusCode};
use uuid::Uuid;

use super::{Fault, answer, digest};
use crate::router::query;

/// An upload has one address: the other forms that such an id can be written in name nothing.
fn id(text: &str) -> Result<Uuid, Fault> {
    text.parse().ok().filter(|id: &Uuid| id.to_string() == text).ok_or(Fault::UploadUnknown)
}

/// The digest that a parameter of the query names. Of several, a proxy may have looked at another one.
fn named(query: Option<&str>, parameter: &str) -> Result<Option<ContentDigest>, Fault> {
    let mut values = query::pairs(query).filter(|(name, _)| name == parameter).map(|(_, value)| value);
    match (values.next(), values.next()) {
        (None, _) => Ok(None),
        (Some(one), None) => digest(&one).map(Some),
        (Some(_), Some(_)) => Err(Fault::DigestInvalid(format!("{parameter} is there more than once"))),
    }
}

fn location(name: &RegistryName, id: Uuid) -> String {
    format!("/v2/{name}/blobs/uploads/{id}")
}

/// How far an upload is.
fn progress(status: StatusCode, session: &UploadSession) -> Response {
    let mut response = answer::located(status, &location(&session.name, session.id));
    let headers = response.headers_mut();
    headers.insert(RANGE, answer::received(session.size));
    answer::insert(headers, answer::DOCKER_UPLOAD_UUID.clone(), &session.id.to_string());
    response
}

/// A blob that is there now.
fn created(name: &RegistryName, digest: &ContentDigest) -> Response {
    let response = answer::located(StatusCode::CREATED, &format!("/v2/{name}/blobs/{digest}"));
    answer::with_digest(response, digest)
}

/// Bytes as they come.
fn stream(body: Body) -> UploadBody {
    body.into_data_stream().map(|bytes| bytes.map_err(|error| error.to_string())).boxed()
}

/// `Content-Range: <first>-<last>`, without the unit and the length that HTTP would have.
fn range(headers: &HeaderMap) -> Result<Option<UploadRange>, Fault> {
    let odd = || Fault::UploadInvalid("Content-Range is <first byte>-<last byte>".to_owned());
    let mut values = headers.get_all(CONTENT_RANGE).iter();
    let Some(value) = values.next() else { return Ok(None) };
    if values.next().is_some() {
        return Err(odd());
    }
    let (first, last) = value.to_str().ok().and_then(|text| text.split_once('-')).ok_or_else(odd)?;
    let number =
        |text: &str| text.bytes().all(|byte| byte.is_ascii_digit()).then(|| text.parse::<u64>().ok()).flatten();
    let (first, last) = (number(first).ok_or_else(odd)?, number(last).ok_or_else(odd)?);
    if last < first {
        return Err(odd());
    }
    let announced = headers.get(CONTENT_LENGTH).and_then(|value| value.to_str().ok()?.parse::<u64>().ok());
    if announced.is_some_and(|length| length != (last - first).saturating_add(1)) {
        return Err(Fault::SizeInvalid("Content-Length and Content-Range exclude each other".to_owned()));
    }
    Ok(Some(UploadRange { first, last }))
}

/// What went wrong with an upload, whose place is told to those who must go on elsewhere.
fn fault(error: UploadError, location: &str) -> Fault {
    match error {
        UploadError::Unknown => Fault::UploadUnknown,
        UploadError::OutOfOrder { size } => Fault::OutOfOrder { location: location.to_owned(), size },
        UploadError::Length { .. } => Fault::SizeInvalid(error.to_string()),
        UploadError::Digest(_) => Fault::DigestInvalid(error.to_string()),
        UploadError::TooLarge(_) => Fault::TooLarge(error.to_string()),
        UploadError::TooManyParts => Fault::UploadInvalid(error.to_string()),
        UploadError::TooManySessions => Fault::TooManyUploads,
        UploadError::Body(cause) => Fault::Body(cause),
        UploadError::Unavailable(cause) => Fault::Unconfirmed(cause),
        UploadError::Registry(error) => error.into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str, length: Option<u64>) -> Result<Option<UploadRange>, Fault> {
        let mut headers = HeaderMap::from_iter([(CONTENT_RANGE, text.parse().unwrap())]);
        length.map(|length| headers.insert(CONTENT_LENGTH, length.into()));
        range(&headers)
    }

    #[test]
    fn an_upload_has_one_address() {
        let text = "d5b5be95-4b04-49be-8b54-3c765d0648c4";
        assert_eq!(id(text).unwrap().to_string(), text);
        let others = [text.to_uppercase(), text.replace('-', ""), format!("{{{text}}}"), format!("urn:uuid:{text}")];
        for other in others.iter().map(String::as_str).chain(["", "x", " ", &text[1..]]) {
            assert!(matches!(id(other), Err(Fault::UploadUnknown)), "{other}");
        }
    }

    #[test]
    fn a_digest_is_named_once() {
        let digest = ContentDigest::of(b"x");
        assert_eq!(named(Some(&format!("a=b&digest={digest}")), "digest").unwrap(), Some(digest));
        assert_eq!(named(Some("a=b"), "digest").unwrap(), None);
        for odd in ["digest", "digest=", "digest=x", &format!("digest={digest}&digest={digest}")] {
            assert!(matches!(named(Some(odd), "digest"), Err(Fault::DigestInvalid(_))), "{odd}");
        }
    }

    #[test]
    fn ranges_are_two_numbers() {
        let expected = Some(UploadRange { first: 10, last: 19 });
        assert_eq!(read("10-19", None).unwrap(), expected);
        assert_eq!(read("10-19", Some(10)).unwrap(), expected);
        assert_eq!(range(&HeaderMap::new()).unwrap(), None);
        for odd in ["", "10", "-10", "10-", "bytes 0-9/10", "9-0", "a-b", "+1-2", "0-99999999999999999999", "0x1-2"] {
            assert!(matches!(read(odd, None), Err(Fault::UploadInvalid(_))), "{odd}");
        }
        let mut twice = HeaderMap::from_iter([(CONTENT_RANGE, "0-9".parse().unwrap())]);
        twice.append(CONTENT_RANGE, "0-9".parse().unwrap());
        assert!(matches!(range(&twice), Err(Fault::UploadInvalid(_))));
        assert!(matches!(read("0-9", Some(9)), Err(Fault::SizeInvalid(_))));
        assert!(matches!(read("0-18446744073709551615", Some(0)), Err(Fault::SizeInvalid(_))));
    }
}
