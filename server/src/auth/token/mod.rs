//! Tokens (JWT) of a token service: ChartMuseum's, without its holes.
//!
//! The key decides which algorithms a token may have, never the token alone; what is asked for is compared with the
//! claims as a value, and never becomes part of a query.

mod claims;
mod keys;
mod search;
mod signature;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::SystemTime;

use catalogue::RepositoryPath;
use chart::oci::RegistryName;
use http::{HeaderMap, HeaderName};

use super::AuthenticationError;
use super::caller::Identity;
use super::challenge;
use super::credentials::Credentials;
use super::registry::RegistryAction;
use crate::config::Bearer;

pub(super) use self::claims::Claims;
use self::claims::Rules;
use self::keys::KeyFile;
use self::search::Search;

/// Longer ones are refused unread. Tokens of large companies have 8 KiB.
const LONGEST: usize = 16 * 1024;

/// What is asked of tokens.
#[derive(Debug)]
pub(super) struct Tokens {
    pub(super) realm: String,
    pub(super) service: String,
    keys: KeyFile,
    rules: Rules,
    search: Search,
    pub(super) header: Option<HeaderName>,
}

impl Tokens {
    pub(super) fn new(settings: &Bearer) -> Result<Self, AuthenticationError> {
        let fault = |setting: &str, reason: String| AuthenticationError(format!("{setting}: {reason}"));
        Ok(Self {
            realm: settings.realm.clone(),
            service: settings.service.clone(),
            keys: KeyFile::open(&settings.keys).map_err(|reason| fault("auth-cert-path", reason))?,
            rules: Rules {
                require_expiry: settings.require_expiry,
                audience: settings.audience.clone(),
                issuer: settings.issuer.clone(),
            },
            search: Search::new(settings.search_path.as_deref())
                .map_err(|reason| fault("auth-actions-search-path", reason))?,
            header: settings.header.clone(),
        })
    }

    pub(super) fn identify(&self, headers: &HeaderMap) -> Identity {
        let token = match (Credentials::of(headers).with_token_as_password(), self.bare(headers)) {
            (Credentials::Absent, None) => return Identity::Anonymous,
            (Credentials::Odd(reason), None) => return Identity::Refused(reason),
            (Credentials::Token(token), None) => token,
            (Credentials::Absent, Some(token)) => token.into(),
            _ => return Identity::Refused("there are tokens in two headers"),
        };
        match self.verify(&token, SystemTime::now()) {
            Ok(claims) => Identity::Bearer(Arc::new(claims)),
            Err(reason) => Identity::Refused(reason),
        }
    }

    /// The token in the header of its own, if the settings name one. One that is no text cannot be a token.
    fn bare<'h>(&self, headers: &'h HeaderMap) -> Option<&'h str> {
        let value = headers.get(self.header.as_ref()?)?;
        Some(value.to_str().unwrap_or_default())
    }

    fn verify(&self, token: &str, now: SystemTime) -> Result<Claims, &'static str> {
        if token.len() > LONGEST {
            return Err("the token is too long");
        }
        let payload = signature::verify(token, &self.keys.current())?;
        Claims::read(&payload, &self.rules, now)
    }

    /// Whether the claims allow an action in a repository.
    pub(super) fn allows(&self, claims: &Claims, repository: &RepositoryPath, action: &str) -> bool {
        let (kind, name) = challenge::scope(repository, action);
        self.search.finds(claims, kind, name, action)
    }

    /// Whether the claims allow an action in a name of the registry, whose repository is `parent`, if there can be one. A right
    /// in a repository holds below it, with the same actions as at the classic door. Entries of a registry's type hold for the
    /// whole name, and never for a repository that is called so.
    pub(super) fn allows_name<A: RegistryAction>(
        &self,
        claims: &Claims,
        name: &RegistryName,
        parent: Option<&RepositoryPath>,
    ) -> bool {
        let of_name = |action: &&str| self.search.finds(claims, challenge::REGISTRY_REPOSITORY, name.as_str(), action);
        parent.is_some_and(|parent| self.allows(claims, parent, A::NAME))
            || (self.speaks_of_registry(claims) && A::ALLOWED_BY.iter().any(of_name))
    }

    /// Whether the claims allow to see all names of the registry.
    pub(super) fn allows_catalog(&self, claims: &Claims) -> bool {
        self.speaks_of_registry(claims) && self.search.finds(claims, challenge::REGISTRY, "catalog", "*")
    }

    /// Entries of a registry's types count only in a token that is meant for this server, since images elsewhere may have the same
    /// names; and only if the query compares types, since it would take entries of repositories for them otherwise.
    fn speaks_of_registry(&self, claims: &Claims) -> bool {
        self.search.compares_types() && claims.is_for(&self.service)
    }

    /// Takes over changed keys, for ever.
    pub(super) async fn watch(self: Arc<Self>) {
        self.keys.watch().await;
    }
}
