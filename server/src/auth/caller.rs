use std::sync::Arc;

use axum::response::Response;
use catalogue::RepositoryPath;
use http::header::VARY;
use http::{HeaderMap, HeaderValue};

use super::registry::Access;
use super::token::Claims;
use super::{Action, Authentication, Grant, Reach};
use crate::error::{Error, Refusal};
use crate::log;

/// Who sent a request.
#[derive(Debug)]
pub struct Caller<'a> {
    pub(super) authentication: &'a Authentication,
    pub(super) identity: Identity,
}

/// What the credentials of a request are worth.
#[derive(Debug)]
pub(super) enum Identity {
    /// There are none.
    Anonymous,
    /// The user of basic authentication.
    User(String),
    /// The bearer of a token that is in order.
    Bearer(Arc<Claims>),
    /// The bearer of a token that the registry has made.
    Registered(Box<Access>),
    /// They are no good, for a reason that the log tells and the caller does not learn.
    Refused(&'static str),
}

impl<'a> Caller<'a> {
    /// Reads the caller from a request's head. Whether bad credentials matter is seen when something is asked for.
    pub fn of(authentication: &'a Authentication, headers: &HeaderMap) -> Self {
        Self { authentication, identity: authentication.identify(headers) }
    }

    /// Asks for the right to do `A` in a repository.
    ///
    /// # Errors
    /// If this caller may not.
    pub fn grant<A: Action>(&self, repository: RepositoryPath) -> Result<Grant<A>, Error> {
        match self.authentication.allows(&self.identity, &repository, A::NAME) {
            Ok(()) => Ok(Grant::new(repository)),
            Err(reason) => {
                let challenge = self.authentication.challenge(&repository, A::NAME);
                Err(Error::Unauthorized(Box::new(Refusal { challenge, caller: self.name(), reason })))
            }
        }
    }

    /// In which repositories this caller may do `A`: for lists that show only what their reader may see.
    pub fn reach<A: Action>(&self) -> Reach {
        self.authentication.reach(&self.identity, A::NAME)
    }

    /// Puts the caller's name on an answer, for the request's line in the log, and what keeps it from other callers.
    pub fn sign(&self, response: &mut Response) {
        if let Some(name) = self.name() {
            response.extensions_mut().insert(log::Caller(name));
        }
        // shared caches know of `Authorization`, and of no other header
        if let Some(header) = self.authentication.header() {
            response.headers_mut().append(VARY, HeaderValue::from_name(header.clone()));
        }
    }

    pub(super) fn name(&self) -> Option<String> {
        match &self.identity {
            Identity::Anonymous | Identity::Refused(_) => None,
            Identity::User(user) => Some(user.clone()),
            Identity::Bearer(claims) => Some(claims.subject()),
            Identity::Registered(access) => access.user.clone(),
        }
    }
}
