use std::sync::Arc;

use catalogue::RepositoryPath;

use super::Authentication;
use super::authentication::Method;
use super::caller::Identity;
use super::token::{Claims, Tokens};

/// In which repositories a caller may do something. It outlives the request's head, so that a list can ask where it is made, for
/// each repository that it comes to and no other: a token's query takes its time.
#[derive(Debug)]
pub struct Reach(Extent);

#[derive(Debug)]
enum Extent {
    /// In all of them, or in none.
    Same(bool),
    /// In those that a token names.
    Token { tokens: Arc<Tokens>, claims: Arc<Claims>, action: &'static str },
}

impl Reach {
    /// Whether this repository is one of them.
    pub fn covers(&self, repository: &RepositoryPath) -> bool {
        match &self.0 {
            Extent::Same(is_covered) => *is_covered,
            Extent::Token { tokens, claims, action } => tokens.allows(claims, repository, action),
        }
    }
}

impl Authentication {
    /// Where `allows` says that the caller may do the action.
    pub(super) fn reach(&self, identity: &Identity, action: &'static str) -> Reach {
        let is_free = self.is_free(action);
        Reach(match (&self.method, identity) {
            (Method::Bearer(tokens), Identity::Bearer(claims)) if !is_free => {
                Extent::Token { tokens: Arc::clone(tokens), claims: Arc::clone(claims), action }
            }
            // nobody else's rights depend on the repository
            _ => Extent::Same(self.allows(identity, &RepositoryPath::root(), action).is_ok()),
        })
    }
}
