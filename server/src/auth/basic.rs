use chart::Digest;
use subtle::ConstantTimeEq;

use super::caller::Identity;
use super::credentials::Credentials;
use crate::config::Secret;

/// The one user and password.
pub(super) struct Pair {
    user: String,
    /// Of `user:password`. Digests have one length, so that comparing them takes one time.
    digest: Digest,
}

impl Pair {
    pub(super) fn new(user: &str, password: &Secret) -> Self {
        let pair = format!("{user}:{}", password.exposed());
        Self { user: user.to_owned(), digest: Digest::of(pair.as_bytes()) }
    }

    /// What a key can be made of that all replicas share.
    pub(super) fn secret(&self) -> &[u8] {
        self.digest.as_bytes()
    }

    pub(super) fn identify(&self, credentials: Credentials<'_>) -> Identity {
        match credentials {
            Credentials::Absent => Identity::Anonymous,
            Credentials::Odd(reason) => Identity::Refused(reason),
            Credentials::Token(_) => Identity::Refused("a token came, where a user and a password are asked for"),
            Credentials::Pair(pair) if Digest::of(&pair).as_bytes().ct_eq(self.digest.as_bytes()).into() => {
                Identity::User(self.user.clone())
            }
            Credentials::Pair(_) => Identity::Refused("wrong user or password"),
        }
    }
}

impl std::fmt::Debug for Pair {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Pair").field("user", &self.user).finish_non_exhaustive()
    }
}
