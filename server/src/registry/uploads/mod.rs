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

use super::{Fault, answer};

fn id(text: &str) -> Result<Uuid, Fault> {
    text.parse().map_err(|_| Fault::UploadUnknown)
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
    let Some(value) = headers.get(CONTENT_RANGE) else { return Ok(None) };
    let odd = || Fault::UploadInvalid("Content-Range is <first byte>-<last byte>".to_owned());
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
    fn ranges_are_two_numbers() {
        let expected = Some(UploadRange { first: 10, last: 19 });
        assert_eq!(read("10-19", None).unwrap(), expected);
        assert_eq!(read("10-19", Some(10)).unwrap(), expected);
        assert_eq!(range(&HeaderMap::new()).unwrap(), None);
        for odd in ["", "10", "-10", "10-", "bytes 0-9/10", "9-0", "a-b", "+1-2", "0-99999999999999999999", "0x1-2"] {
            assert!(matches!(read(odd, None), Err(Fault::UploadInvalid(_))), "{odd}");
        }
        assert!(matches!(read("0-9", Some(9)), Err(Fault::SizeInvalid(_))));
        assert!(matches!(read("0-18446744073709551615", Some(0)), Err(Fault::SizeInvalid(_))));
    }
}
