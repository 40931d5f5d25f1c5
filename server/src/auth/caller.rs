use catalogue::RepositoryPath;
use http::HeaderMap;

use super::{Action, Authentication, Grant};
use crate::error::Error;

/// Who sent a request.
#[derive(Debug)]
pub struct Caller<'a> {
    _authentication: &'a Authentication,
}

impl<'a> Caller<'a> {
    /// Reads the caller from a request's head.
    pub fn of(authentication: &'a Authentication, _headers: &HeaderMap) -> Self {
        Self { _authentication: authentication }
    }

    /// Asks for the right to do `A` in a repository.
    ///
    /// # Errors
    /// If this caller may not.
    pub fn grant<A: Action>(&self, repository: RepositoryPath) -> Result<Grant<A>, Error> {
        Ok(Grant::new(repository))
    }

    /// Whether this caller may do `A` in a repository: for lists that show only what their reader may see.
    pub fn may<A: Action>(&self, _repository: &RepositoryPath) -> bool {
        true
    }
}
