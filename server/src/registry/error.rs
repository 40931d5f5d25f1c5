//! The one place where a failure of the registry gets its status, its code and its body.
//!
//! Codes are those of the distribution specification. As at the classic door the client is told the meaning and never a
//! path, a key or a backend's text; the cause goes to the log.

use axum::response::{IntoResponse, Response};
use bytes::Bytes;
use catalogue::{LoadError, RegistryError, Stale};
use chart::oci::{ContentDigest, ManifestError};
use http::header::{CONTENT_TYPE, LOCATION, RANGE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};
use serde_json::{Value, json};

use super::answer;
use crate::error::{Error, Refusal};
use crate::log::{Caller, Cause};

/// Why a request to the registry was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Fault {
    /// No such blob in this name.
    #[error("this name has no such blob")]
    BlobUnknown,
    /// No such upload in this name.
    #[error("there is no such upload: it was finished, given up, or has expired")]
    UploadUnknown,
    /// What is said of an upload makes no sense.
    #[error("{0}")]
    UploadInvalid(String),
    /// Bytes that do not continue an upload: where it is, and how many bytes it has.
    #[error("the upload goes on at byte {size}")]
    OutOfOrder {
        /// Where it is.
        location: String,
        /// How many bytes it has.
        size: u64,
    },
    /// A digest that is none, or that is not of the content.
    #[error("{0}")]
    DigestInvalid(String),
    /// A manifest that names blobs or manifests which are not there.
    #[error("the manifest refers to {0}, which this name does not have")]
    ManifestBlobUnknown(ContentDigest),
    /// A manifest that is none, or that cannot be taken.
    #[error("{0}")]
    ManifestInvalid(String),
    /// No such manifest in this name.
    #[error("this name has no such manifest")]
    ManifestUnknown,
    /// A name that is none.
    #[error("{0}")]
    NameInvalid(String),
    /// Nothing was ever pushed to this name.
    #[error("there is no such name")]
    NameUnknown,
    /// A length that is not that of the content.
    #[error("{0}")]
    SizeInvalid(String),
    /// Larger than it may be.
    #[error("{0}")]
    TooLarge(String),
    /// More tags than one request may set.
    #[error("a request may set at most {0} tags")]
    TooManyTags(usize),
    /// No part of the content is asked for.
    #[error("the content has {0} bytes, and none of them is asked for")]
    NoSuchRange(u64),
    /// Credentials are missing, or are not enough.
    #[error(
        "no credentials came that allow this: log in as a user who may do it, for example with helm registry login"
    )]
    Unauthorized(Box<Refusal>),
    /// It is not allowed, whoever asks.
    #[error("{0}")]
    Denied(String),
    /// What exists stands in its way.
    #[error("{0}")]
    Conflict(String),
    /// A parameter that cannot be understood.
    #[error("{0}")]
    Parameter(String),
    /// It cannot be done here at all.
    #[error("{0}")]
    Unsupported(String),
    /// No path of the registry.
    #[error("there is nothing at this path")]
    NoRoute,
    /// No tokens are made here.
    #[error("this server makes no tokens")]
    NoTokens,
    /// There are as many uploads as there may be.
    #[error("there are too many unfinished uploads; try again later")]
    TooManyUploads,
    /// The body broke off.
    #[error("the body could not be read")]
    Body(String),
    /// The storage cannot be read.
    #[error("the storage is unavailable")]
    Unavailable(String),
    /// The storage did not confirm a change.
    #[error("the storage is unavailable; the change may have been made")]
    Unconfirmed(String),
}

/// When to try again, in seconds.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

impl Fault {
    /// The status that the client gets.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::BlobUnknown
            | Self::UploadUnknown
            | Self::ManifestBlobUnknown(_)
            | Self::ManifestUnknown
            | Self::NoTokens
            | Self::NoRoute
            | Self::NameUnknown => StatusCode::NOT_FOUND,
            Self::UploadInvalid(_)
            | Self::DigestInvalid(_)
            | Self::ManifestInvalid(_)
            | Self::NameInvalid(_)
            | Self::SizeInvalid(_)
            | Self::Parameter(_)
            | Self::Body(_) => StatusCode::BAD_REQUEST,
            Self::OutOfOrder { .. } | Self::NoSuchRange(_) => StatusCode::RANGE_NOT_SATISFIABLE,
            Self::TooLarge(_) => StatusCode::PAYLOAD_TOO_LARGE,
            Self::TooManyTags(_) => StatusCode::URI_TOO_LONG,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Denied(_) => StatusCode::FORBIDDEN,
            Self::Conflict(_) => StatusCode::CONFLICT,
            Self::Unsupported(_) => StatusCode::METHOD_NOT_ALLOWED,
            Self::TooManyUploads => StatusCode::TOO_MANY_REQUESTS,
            Self::Unavailable(_) | Self::Unconfirmed(_) => StatusCode::SERVICE_UNAVAILABLE,
        }
    }

    /// The specification's word for it.
    fn code(&self) -> &'static str {
        match self {
            Self::BlobUnknown => "BLOB_UNKNOWN",
            Self::UploadUnknown => "BLOB_UPLOAD_UNKNOWN",
            Self::UploadInvalid(_) | Self::OutOfOrder { .. } | Self::NoSuchRange(_) | Self::Body(_) => {
                "BLOB_UPLOAD_INVALID"
            }
            Self::DigestInvalid(_) => "DIGEST_INVALID",
            Self::ManifestBlobUnknown(_) => "MANIFEST_BLOB_UNKNOWN",
            Self::ManifestInvalid(_) => "MANIFEST_INVALID",
            Self::ManifestUnknown => "MANIFEST_UNKNOWN",
            Self::NameInvalid(_) => "NAME_INVALID",
            Self::NameUnknown => "NAME_UNKNOWN",
            Self::SizeInvalid(_) | Self::TooLarge(_) => "SIZE_INVALID",
            Self::Unauthorized(_) => "UNAUTHORIZED",
            Self::Denied(_) | Self::Conflict(_) => "DENIED",
            Self::Parameter(_) | Self::Unsupported(_) | Self::TooManyTags(_) | Self::NoTokens | Self::NoRoute => {
                "UNSUPPORTED"
            }
            Self::TooManyUploads => "TOOMANYREQUESTS",
            // of no use to a program: the specification has no word for it
            Self::Unavailable(_) | Self::Unconfirmed(_) => "UNAVAILABLE",
        }
    }

    fn detail(&self) -> Value {
        match self {
            Self::ManifestBlobUnknown(digest) => json!({ "digest": digest.to_string() }),
            _ => Value::Null,
        }
    }

    fn cause(&self) -> Option<String> {
        match self {
            Self::Body(cause) | Self::Unavailable(cause) | Self::Unconfirmed(cause) => Some(cause.clone()),
            Self::Unauthorized(refusal) => Some(refusal.reason.clone()),
            _ if matches!(self.status(), StatusCode::NOT_FOUND) => None,
            _ => Some(self.to_string()),
        }
    }

    /// True if it says that something does not exist, which only a view that was checked may say.
    pub fn is_absence(&self) -> bool {
        self.status() == StatusCode::NOT_FOUND
    }
}

impl IntoResponse for Fault {
    fn into_response(self) -> Response {
        let body = json!({ "errors": [{ "code": self.code(), "message": self.to_string(), "detail": self.detail() }] });
        let mut response = answer::bytes(self.status(), Bytes::from(body.to_string()));
        let headers = response.headers_mut();
        headers.insert(CONTENT_TYPE, HeaderValue::from_static("application/json"));
        match &self {
            Self::Unauthorized(refusal) => {
                headers.insert(WWW_AUTHENTICATE, refusal.challenge.clone());
            }
            Self::Unavailable(_) | Self::Unconfirmed(_) | Self::TooManyUploads => {
                headers.insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
            }
            Self::OutOfOrder { location, size } => {
                headers.extend(HeaderValue::try_from(location).map(|location| (LOCATION, location)));
                headers.insert(RANGE, answer::received(*size));
            }
            Self::NoSuchRange(length) => {
                let all = HeaderValue::try_from(format!("bytes */{length}"));
                headers.extend(all.map(|all| (http::header::CONTENT_RANGE, all)));
            }
            _ => {}
        }
        let name = if let Self::Unauthorized(refusal) = &self { refusal.caller.clone() } else { None };
        if let Some(name) = name {
            response.extensions_mut().insert(Caller(name));
        }
        if let Some(cause) = self.cause() {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}

impl From<Refusal> for Fault {
    fn from(refusal: Refusal) -> Self {
        Self::Unauthorized(Box::new(refusal))
    }
}

impl From<Stale> for Fault {
    fn from(Stale(cause): Stale) -> Self {
        Self::Unavailable(cause)
    }
}

impl From<LoadError> for Fault {
    fn from(LoadError::Unavailable(cause): LoadError) -> Self {
        Self::Unavailable(cause)
    }
}

impl From<ManifestError> for Fault {
    fn from(error: ManifestError) -> Self {
        Self::ManifestInvalid(error.to_string())
    }
}

/// What reading a body, or a fresh view, says at both doors.
impl From<Error> for Fault {
    fn from(error: Error) -> Self {
        match error {
            Error::TooLarge => Self::TooLarge("it is larger than it may be".to_owned()),
            Error::Body(cause) => Self::Body(cause),
            other => Self::Unavailable(other.to_string()),
        }
    }
}

/// What the catalogue says of a change or of what it knows.
impl From<RegistryError> for Fault {
    fn from(error: RegistryError) -> Self {
        let text = error.to_string();
        match error {
            RegistryError::ManifestUnknown => Self::ManifestUnknown,
            RegistryError::BlobUnknown => Self::BlobUnknown,
            RegistryError::ManifestInvalid(_) => Self::ManifestInvalid(text),
            RegistryError::ManifestDigest(_) => Self::DigestInvalid(text),
            RegistryError::ReferenceUnknown(digest) => Self::ManifestBlobUnknown(digest),
            RegistryError::Exists(_) => Self::Conflict(text),
            RegistryError::Denied(_) | RegistryError::Level(_) => Self::Denied(text),
            RegistryError::Unavailable(cause) => Self::Unconfirmed(cause),
        }
    }
}
