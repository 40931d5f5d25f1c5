//! Who asks, and what they may do.
//!
//! A use case takes a [`Grant`], and nothing outside of this module can make one: a route that forgot to ask does not
//! compile. A grant names its repository, so that what was asked for is what is done.

use std::marker::PhantomData;

use catalogue::RepositoryPath;
use http::HeaderMap;

use crate::error::Error;

/// Read a repository.
#[derive(Debug)]
pub enum Pull {}
/// Add to a repository.
#[derive(Debug)]
pub enum Push {}
/// Take away from a repository.
#[derive(Debug)]
pub enum Delete {}

/// Who sent a request.
#[derive(Debug)]
pub struct Caller {
    _anonymous: (),
}

/// The right to do `Action` in one repository.
#[derive(Debug)]
pub struct Grant<Action> {
    repository: RepositoryPath,
    action: PhantomData<Action>,
}

impl Caller {
    /// Reads the caller from a request's head. Everybody is anonymous and may do everything.
    ///
    /// # Errors
    /// If the credentials are bad, even where none are needed.
    pub fn of(_headers: &HeaderMap) -> Result<Self, Error> {
        Ok(Self { _anonymous: () })
    }

    /// Asks for the right to do `Action` in a repository.
    ///
    /// # Errors
    /// If this caller may not.
    pub fn grant<Action>(&self, repository: RepositoryPath) -> Result<Grant<Action>, Error> {
        Ok(Grant { repository, action: PhantomData })
    }
}

impl<Action> Grant<Action> {
    /// The repository.
    pub fn repository(&self) -> &RepositoryPath {
        &self.repository
    }
}
