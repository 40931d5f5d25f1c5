//! The body of an upload, bounded while it arrives.

use axum::body::{Body, HttpBody};
use bytes::{Bytes, BytesMut};
use http::HeaderMap;
use http::header::CONTENT_LENGTH;
use http_body_util::{BodyExt, LengthLimitError, Limited};

use crate::error::Error;

/// Refuses a body that declares to be larger than `limit` before any of it is read, and makes one that grows larger fail
/// when it does.
///
/// # Errors
/// `TooLarge` if the declared length is.
pub fn bounded(headers: &HeaderMap, body: Body, limit: u64) -> Result<Limited<Body>, Error> {
    if declared_length(headers).is_some_and(|length| length > limit) {
        return Err(Error::TooLarge);
    }
    Ok(Limited::new(body, usize::try_from(limit).unwrap_or(usize::MAX)))
}

/// Reads the whole body into one buffer.
///
/// # Errors
/// `TooLarge` as soon as it grows beyond `limit`; `Body` if it breaks off.
pub async fn read(headers: &HeaderMap, body: Body, limit: u64) -> Result<Bytes, Error> {
    let mut body = bounded(headers, body, limit)?;
    // one allocation if the client said how long it is; memory that is never written costs nothing
    let expected = body.size_hint().exact().or_else(|| declared_length(headers)).unwrap_or_default().min(limit);
    let mut whole = BytesMut::with_capacity(usize::try_from(expected).unwrap_or_default());
    while let Some(frame) = body.frame().await {
        let frame = frame.map_err(|error| {
            if error.is::<LengthLimitError>() { Error::TooLarge } else { Error::Body(error.to_string()) }
        })?;
        if let Ok(data) = frame.into_data() {
            whole.extend_from_slice(&data);
        }
    }
    Ok(whole.freeze())
}

fn declared_length(headers: &HeaderMap) -> Option<u64> {
    headers.get(CONTENT_LENGTH)?.to_str().ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use futures_util::stream;

    use super::*;

    fn chunks(count: usize) -> Body {
        Body::from_stream(stream::iter((0..count).map(|_| Ok::<_, Infallible>(Bytes::from_static(&[7; 1000])))))
    }

    #[tokio::test]
    async fn exactly_the_limit_passes_and_one_byte_more_does_not() {
        let headers = HeaderMap::new();
        assert_eq!(read(&headers, chunks(3), 3000).await.unwrap().len(), 3000);
        assert!(matches!(read(&headers, chunks(3), 2999).await, Err(Error::TooLarge)));
        assert!(matches!(read(&headers, chunks(1), 0).await, Err(Error::TooLarge)));
        assert_eq!(read(&headers, Body::empty(), 0).await.unwrap().len(), 0);
    }

    #[tokio::test]
    async fn what_comes_after_the_limit_is_not_read() {
        let endless = Body::from_stream(stream::repeat(Bytes::from_static(&[7; 1000])).map(Ok::<_, Infallible>));
        assert!(matches!(read(&HeaderMap::new(), endless, 5000).await, Err(Error::TooLarge)));
    }

    #[tokio::test]
    async fn a_declared_length_is_refused_before_anything_is_read() {
        let headers = HeaderMap::from_iter([(CONTENT_LENGTH, 3001.into())]);
        let untouched = Body::from_stream(stream::poll_fn(|_| -> std::task::Poll<Option<Result<Bytes, Infallible>>> {
            panic!("the body was read")
        }));
        assert!(matches!(read(&headers, untouched, 3000).await, Err(Error::TooLarge)));
    }

    #[tokio::test]
    async fn a_body_that_breaks_off_is_no_upload() {
        let broken =
            Body::from_stream(stream::iter([Ok(Bytes::from_static(b"a")), Err(std::io::Error::other("reset"))]));
        assert!(matches!(read(&HeaderMap::new(), broken, 3000).await, Err(Error::Body(_))));
    }

    use futures_util::StreamExt;
}
