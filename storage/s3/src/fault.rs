//! What the store says, by meaning.

use std::error::Error;

use aws_sdk_s3::config::http::HttpResponse;
use aws_sdk_s3::error::{ProvideErrorMetadata, SdkError};
use storage::{Key, StorageError};

/// Causes of an error that are told; the deepest say nothing more.
const DEEPEST_CAUSE: usize = 6;

/// A call that did not do what was asked.
#[derive(Debug, Clone)]
pub(crate) struct Fault {
    /// The answer's status; none if there was no whole answer.
    pub(crate) status: Option<u16>,
    /// S3's word for it.
    pub(crate) code: String,
    /// For people, with the code.
    pub(crate) text: String,
    /// Where the bucket is, if the store says so.
    pub(crate) region: Option<String>,
    /// The request was never sent: no credentials, or nothing to sign with.
    pub(crate) is_unsent: bool,
    /// There was no answer in time.
    pub(crate) is_late: bool,
}

impl Fault {
    pub(crate) fn unavailable(text: impl Into<String>) -> Self {
        Self { status: None, code: String::new(), text: text.into(), region: None, is_unsent: false, is_late: false }
    }

    /// What was asked for is not there. A bucket that is not there is another matter.
    pub(crate) fn is_not_found(&self) -> bool {
        self.code == "NoSuchKey" || self.status == Some(404) && matches!(&*self.code, "" | "NotFound")
    }

    /// The condition of the request does not hold: the key is taken.
    pub(crate) fn is_taken(&self) -> bool {
        self.status == Some(412)
    }

    /// Another request for the same key was under way; nothing was done.
    pub(crate) fn is_conflict(&self) -> bool {
        self.status == Some(409)
    }

    /// A range that begins at or behind the end.
    pub(crate) fn is_beyond_the_end(&self) -> bool {
        self.status == Some(416)
    }

    /// The same request may be answered later: there was no answer in time, or the store says that it is busy or broken.
    pub(crate) fn is_passing(&self) -> bool {
        self.is_late || matches!(self.status, Some(429 | 500 | 502 | 503 | 504))
    }

    /// The error of the storage, of a call about this key.
    pub(crate) fn about(self, key: &Key) -> StorageError {
        if self.is_not_found() {
            return StorageError::NotFound(key.clone());
        }
        if self.is_taken() {
            return StorageError::AlreadyExists(key.clone());
        }
        self.into()
    }
}

impl From<Fault> for StorageError {
    fn from(fault: Fault) -> Self {
        match (&*fault.code, fault.status) {
            ("NotImplemented" | "MethodNotAllowed" | "InvalidRequest" | "KeyTooLongError", _)
            | ("", Some(405 | 501)) => Self::Unsupported(fault.text),
            ("NoSuchBucket", _) => Self::Unavailable(fault.text),
            ("ExpiredToken" | "InvalidToken" | "TokenRefreshRequired", _) | (_, Some(401 | 403)) => {
                Self::Denied(fault.text)
            }
            _ => Self::Unavailable(fault.text),
        }
    }
}

impl<E: ProvideErrorMetadata + Error + 'static> From<SdkError<E, HttpResponse>> for Fault {
    fn from(error: SdkError<E, HttpResponse>) -> Self {
        let response = error.raw_response();
        let status = response.map(|response| response.status().as_u16());
        let region = response.and_then(|response| response.headers().get("x-amz-bucket-region")).map(str::to_owned);
        let is_unsent = match &error {
            SdkError::ConstructionFailure(_) => true,
            SdkError::DispatchFailure(failure) => failure.is_user() || failure.is_other(),
            _ => false,
        };
        let is_late = match &error {
            SdkError::TimeoutError(_) => true,
            SdkError::DispatchFailure(failure) => failure.is_timeout(),
            _ => false,
        };
        let Some(said) = error.as_service_error() else {
            return Self { status: None, code: String::new(), text: chain(&error), region, is_unsent, is_late };
        };
        let code = said.code().unwrap_or_default().to_owned();
        let text = match (said.message(), status) {
            (Some(message), _) if !code.is_empty() => format!("{code}: {message}"),
            (_, Some(status)) => format!("status {status} {code}").trim_end().to_owned(),
            _ => chain(&error),
        };
        Self { status, code, text, region, is_unsent, is_late }
    }
}

/// An error with its causes: the SDK's own texts tell little by themselves.
pub(crate) fn chain(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    for _ in 0..DEEPEST_CAUSE {
        let Some(error) = cause else { break };
        let more = error.to_string();
        if !text.contains(&more) {
            text.push_str(": ");
            text.push_str(&more);
        }
        cause = error.source();
    }
    text
}
