use std::marker::PhantomData;

use catalogue::RepositoryPath;

pub(super) const PULL: &str = "pull";
const PUSH: &str = "push";
pub(super) const ADMIN: &str = "admin";

/// Something that a caller may be allowed to do. Only the four of this module are.
pub trait Action: sealed::Sealed {
    /// As tokens and challenges name it.
    const NAME: &'static str;
}

/// Read a repository.
#[derive(Debug)]
pub enum Pull {}
/// Add to a repository.
#[derive(Debug)]
pub enum Push {}
/// Take away from a repository.
#[derive(Debug)]
pub enum Delete {}
/// Look after the server: reconcile it, see its trash, restore from it. A right to the whole server, whatever the
/// repository.
#[derive(Debug)]
pub enum Administer {}

impl Action for Pull {
    const NAME: &'static str = PULL;
}
impl Action for Push {
    const NAME: &'static str = PUSH;
}
/// Who may push may delete: ChartMuseum's tokens know no third word.
impl Action for Delete {
    const NAME: &'static str = PUSH;
}
impl Action for Administer {
    const NAME: &'static str = ADMIN;
}

mod sealed {
    pub trait Sealed {}
    impl Sealed for super::Pull {}
    impl Sealed for super::Push {}
    impl Sealed for super::Delete {}
    impl Sealed for super::Administer {}
}

/// The right to do `Action` in one repository.
#[derive(Debug)]
pub struct Grant<Action> {
    repository: RepositoryPath,
    action: PhantomData<Action>,
}

impl<Action> Grant<Action> {
    pub(super) fn new(repository: RepositoryPath) -> Self {
        Self { repository, action: PhantomData }
    }

    /// The repository.
    pub fn repository(&self) -> &RepositoryPath {
        &self.repository
    }
}
