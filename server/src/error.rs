//! The one place where a failure gets its HTTP status.
//!
//! Below HTTP each crate has errors by meaning; a handler turns them into an [`Error`] and nothing else. The client is
//! told the meaning, in ChartMuseum's words where it has them, and never a path, a key or a backend's text; those are
//! the cause, which rides in the response's extensions to the request's line in the log.

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use catalogue::{CommitError, LoadError, Stale};
use chart::{ConstraintError, PackageError, ProvenanceError};
use http::header::{CONNECTION, CONTENT_LENGTH, CONTENT_TYPE, RETRY_AFTER, WWW_AUTHENTICATE};
use http::{HeaderValue, StatusCode};

use crate::answer;
use crate::log::{Caller, Cause};

/// Why a request was not done.
#[derive(Debug, Clone, thiserror::Error)]
pub enum Error {
    /// No route, or a path that no route can have.
    #[error("not found")]
    NotFound,
    /// No such file, or no such version to delete.
    #[error("object not found")]
    ObjectNotFound,
    /// Below `charts/` only packages and their provenance are answered.
    #[error("unsupported file extension")]
    UnsupportedExtension,
    /// No such chart, where a chart was asked for.
    #[error("chart not found")]
    ChartNotFound,
    /// No such chart, where a version was asked for.
    #[error("no chart name found")]
    NoChartName,
    /// No version fits.
    #[error("no chart version found for {name}-{version}")]
    NoVersion {
        /// The chart.
        name: String,
        /// As asked for; empty for `latest`.
        version: String,
    },
    /// Neither a version nor a range.
    #[error(transparent)]
    Constraint(ConstraintError),
    /// Nobody gave Artifact Hub's id of the repository.
    #[error("Artifact Hub repository ID not found")]
    NoArtifactHubId,
    /// The package has no `values.yaml`.
    #[error("values.yaml not found")]
    NoValues,
    /// The caller may not; ChartMuseum's one word for everything that is wrong with credentials.
    #[error("unauthorized")]
    Unauthorized(Box<Refusal>),
    /// A bad `offset`.
    #[error("offset is not a valid non-negative integer")]
    Offset,
    /// A bad `limit`.
    #[error("limit is not a valid positive integer")]
    Limit,
    /// A parameter that cannot be understood: what it should be.
    #[error("{0}")]
    Parameter(String),
    /// Nothing of this name and version can be restored.
    #[error("there is no such version in the trash")]
    NotInTrash,
    /// A form without a file that is looked for.
    #[error("no package or provenance file found in form fields {chart} and {provenance}")]
    NoFile {
        /// The field of packages.
        chart: String,
        /// The field of provenances.
        provenance: String,
    },
    /// The body broke off.
    #[error("the body could not be read")]
    Body(String),
    /// The head says in two ways where the body ends.
    #[error("content-length and transfer-encoding exclude each other")]
    AmbiguousLength,
    /// The head names no host where it must, or several: what is wrong.
    #[error("{0}")]
    Host(&'static str),
    /// As many connections as may be are being served.
    #[error("the server has too many connections")]
    Crowded,
    /// The body is larger than an upload may be.
    #[error("request too large")]
    TooLarge,
    /// The body is no package.
    #[error(transparent)]
    Package(#[from] PackageError),
    /// The body is no provenance.
    #[error(transparent)]
    Provenance(#[from] ProvenanceError),
    /// Name and version make no file name.
    #[error("{0}")]
    Name(String),
    /// The version or file exists: ChartMuseum's text for bodies that are the file itself.
    #[error("file already exists")]
    FileExists,
    /// The version or file exists: ChartMuseum's text for forms.
    #[error("chart already exists")]
    ChartExists,
    /// The repository is part of the program.
    #[error(
        "this repository is part of the server and cannot be changed; with another --stack-repository, or an empty one, \
         its name is free"
    )]
    Embedded,
    /// The repository holds as much as it may: ChartMuseum's text.
    #[error("repo has reached storage limit")]
    Full,
    /// The version's tag in the registry stands for an artifact that is no chart.
    #[error("the tag {0} stands for an artifact in the registry: delete that first")]
    TagTaken(chart::oci::Tag),
    /// The file name belongs to another chart.
    #[error("the file name {file} belongs to {name} {version}")]
    FileNameTaken {
        /// The file name.
        file: String,
        /// The chart that has it.
        name: String,
        /// The version that has it.
        version: String,
    },
    /// The storage cannot be read.
    #[error("the storage is unavailable")]
    Unavailable(String),
    /// The storage did not confirm a change.
    #[error("the storage is unavailable; the change may have been made")]
    Unconfirmed(String),
    /// Something that was checked when it was stored is not so.
    #[error("internal server error")]
    Internal(String),
}

/// Why a caller may not do something, and what is asked of them.
#[derive(Debug, Clone)]
pub struct Refusal {
    /// The value of `WWW-Authenticate`.
    pub challenge: HeaderValue,
    /// Who asked, if that is known.
    pub caller: Option<String>,
    /// For the log only: whoever tries credentials learns nothing from it.
    pub reason: String,
}

/// When to try again, in seconds: a storage that was away is asked again every second.
const RETRY_AFTER_SECONDS: HeaderValue = HeaderValue::from_static("5");

impl Error {
    /// The status that the client gets.
    pub fn status(&self) -> StatusCode {
        match self {
            Self::NotFound
            | Self::ObjectNotFound
            | Self::UnsupportedExtension
            | Self::ChartNotFound
            | Self::NoChartName
            | Self::NoVersion { .. }
            | Self::Constraint(_)
            | Self::NoArtifactHubId
            | Self::NoValues
            | Self::NotInTrash => StatusCode::NOT_FOUND,
            Self::Unauthorized(_) => StatusCode::UNAUTHORIZED,
            Self::Offset
            | Self::Limit
            | Self::Parameter(_)
            | Self::NoFile { .. }
            | Self::Body(_)
            | Self::AmbiguousLength
            | Self::Host(_)
            | Self::Package(_)
            | Self::Provenance(_)
            | Self::Name(_) => StatusCode::BAD_REQUEST,
            Self::FileExists | Self::ChartExists | Self::FileNameTaken { .. } | Self::TagTaken(_) => {
                StatusCode::CONFLICT
            }
            Self::Embedded => StatusCode::FORBIDDEN,
            Self::TooLarge => StatusCode::PAYLOAD_TOO_LARGE,
            Self::Full => StatusCode::INSUFFICIENT_STORAGE,
            Self::Unavailable(_) | Self::Unconfirmed(_) | Self::Crowded => StatusCode::SERVICE_UNAVAILABLE,
            Self::Internal(_) => StatusCode::INTERNAL_SERVER_ERROR,
        }
    }

    /// True if it says that something does not exist, which only a view that was checked may say.
    pub fn is_absence(&self) -> bool {
        self.status() == StatusCode::NOT_FOUND
    }

    /// Turns a refused change into an error; `exists` is the route's text for a conflict, `absent` for a missing version.
    pub fn of_commit(error: CommitError, exists: Self, absent: Self) -> Self {
        match error {
            CommitError::Exists => exists,
            CommitError::NotFound => absent,
            CommitError::Embedded => Self::Embedded,
            CommitError::Full => Self::Full,
            CommitError::FileNameTaken { file, name, version } => Self::FileNameTaken { file, name, version },
            CommitError::TagTaken(tag) => Self::TagTaken(tag),
            CommitError::Name(reason) => Self::Name(reason),
            CommitError::Unavailable(cause) => Self::Unconfirmed(cause),
        }
    }

    fn cause(&self) -> Option<&str> {
        match self {
            Self::Body(cause) | Self::Unavailable(cause) | Self::Unconfirmed(cause) | Self::Internal(cause) => {
                Some(cause)
            }
            Self::Unauthorized(refusal) => Some(&refusal.reason),
            _ => None,
        }
    }
}

impl From<Stale> for Error {
    fn from(Stale(cause): Stale) -> Self {
        Self::Unavailable(cause)
    }
}

impl From<LoadError> for Error {
    fn from(LoadError::Unavailable(cause): LoadError) -> Self {
        Self::Unavailable(cause)
    }
}

impl IntoResponse for Error {
    fn into_response(self) -> Response {
        let text = self.to_string();
        let mut response = match self {
            // ChartMuseum's answer, the only one that is not JSON
            Self::TooLarge => {
                let mut response = Response::new(Body::empty());
                *response.status_mut() = self.status();
                let headers = response.headers_mut();
                headers.insert(CONTENT_TYPE, HeaderValue::from_static("text/plain; charset=utf-8"));
                headers.insert(CONTENT_LENGTH, text.len().into());
                headers.insert(CONNECTION, HeaderValue::from_static("close"));
                *response.body_mut() = Body::from(text);
                response
            }
            _ => answer::json_error(self.status(), &text),
        };
        if self.status() == StatusCode::SERVICE_UNAVAILABLE {
            response.headers_mut().insert(RETRY_AFTER, RETRY_AFTER_SECONDS);
        }
        if let Self::Unauthorized(refusal) = &self {
            response.headers_mut().insert(WWW_AUTHENTICATE, refusal.challenge.clone());
            if let Some(caller) = refusal.caller.clone() {
                response.extensions_mut().insert(Caller(caller));
            }
        }
        let cause = self.cause().map_or_else(|| text_of_refusal(&self), |cause| Some(cause.to_owned()));
        if let Some(cause) = cause {
            response.extensions_mut().insert(Cause(cause));
        }
        response
    }
}

/// What the log says of a refused upload: the same as the client was told.
fn text_of_refusal(error: &Error) -> Option<String> {
    matches!(error.status(), StatusCode::BAD_REQUEST | StatusCode::CONFLICT).then(|| error.to_string())
}

#[cfg(test)]
mod tests {
    use http_body_util::BodyExt;

    use super::*;

    async fn answer(error: Error) -> (StatusCode, http::HeaderMap, Option<String>, String) {
        let response = error.into_response();
        let (parts, body) = response.into_parts();
        let text = String::from_utf8(body.collect().await.unwrap().to_bytes().to_vec()).unwrap();
        (parts.status, parts.headers, parts.extensions.get::<Cause>().map(|cause| cause.0.clone()), text)
    }

    #[tokio::test]
    async fn the_cause_goes_to_the_log_and_not_to_the_client() {
        let (status, headers, cause, text) = answer(Error::Unavailable("/var/charts: input/output error".into())).await;
        assert_eq!(status, 503);
        assert_eq!(headers[RETRY_AFTER], "5");
        assert_eq!(text, r#"{"error":"the storage is unavailable"}"#);
        assert_eq!(cause.as_deref(), Some("/var/charts: input/output error"));
    }

    #[tokio::test]
    async fn errors_are_escaped_as_chartmuseum_does() {
        let error = Error::NoVersion { name: "a&b".to_owned(), version: ">=3 <\"4\"".to_owned() };
        let (status, headers, cause, text) = answer(error).await;
        assert_eq!(status, 404);
        assert_eq!(headers[CONTENT_TYPE], "application/json; charset=utf-8");
        assert_eq!(text, r#"{"error":"no chart version found for a\u0026b-\u003e=3 \u003c\"4\""}"#);
        assert_eq!(cause, None);
    }

    #[tokio::test]
    async fn too_large_is_plain_text_and_closes() {
        let (status, headers, _, text) = answer(Error::TooLarge).await;
        assert_eq!(status, 413);
        assert_eq!(headers[CONTENT_TYPE], "text/plain; charset=utf-8");
        assert_eq!(headers[CONNECTION], "close");
        assert_eq!(text, "request too large");
    }
}
