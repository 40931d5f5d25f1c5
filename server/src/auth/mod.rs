//! Who asks, and what they may do.
//!
//! A use case takes a [`Grant`], and nothing outside of this module can make one: a route that forgot to ask does not
//! compile. A grant names its repository, so that what was asked for is what is done.
//!
//! The way: a request's head has `credentials`, what the settings ask for ([`Authentication`]) makes an identity of
//! them, a [`Caller`] has it, and asks for grants. Bad credentials do not matter where none are needed.

mod authentication;
mod basic;
mod caller;
mod challenge;
mod credentials;
mod grant;
mod reach;
mod registry;
#[cfg(test)]
mod tests;
mod token;

pub use authentication::{Authentication, AuthenticationError};
pub use caller::Caller;
use grant::{ADMIN, PULL};
pub use grant::{Action, Administer, Delete, Grant, Pull, Push};
pub use reach::Reach;
pub use registry::{Catalog, Issued, Origin, RegistryAction, RegistryGrant, Scope, ScopeKind, TOKEN_PATH};
