//! Who asks, and what they may do.
//!
//! A use case takes a [`Grant`], and nothing outside of this module can make one: a route that forgot to ask does not
//! compile. A grant names its repository, so that what was asked for is what is done.

mod authentication;
mod caller;
mod grant;

pub use authentication::Authentication;
pub use caller::Caller;
pub use grant::{Action, Administer, Delete, Grant, Pull, Push};
