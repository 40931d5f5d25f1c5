//! Rights in the registry: scopes, the tokens that carry them, and what is asked of those who have none.
//!
//! A registry's client shows a user and a password wherever it is asked, or gets a token for them first and shows that.
//! Both are the same user with the same rights as at the classic door: what may be done in a repository may be done below
//! it in the registry. A token holds a part of its user's rights, for minutes.

mod caller;
mod grant;
mod issuer;
mod scope;
#[cfg(test)]
mod tests;

pub use caller::{Origin, TOKEN_PATH};
pub use grant::{Catalog, RegistryAction, RegistryGrant};
pub(super) use issuer::Access;
pub use issuer::{Issued, TokenIssuer};
pub use scope::{Scope, ScopeKind};
