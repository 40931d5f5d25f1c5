use std::future::Future;
use std::path::Path;
use std::sync::Arc;

use catalogue::RepositoryPath;
use http::{HeaderMap, HeaderName, HeaderValue};
use uuid::Uuid;

use super::PULL;
use super::basic::Pair;
use super::caller::Identity;
use super::challenge;
use super::credentials::Credentials;
use super::registry::TokenIssuer;
use super::token::Tokens;
use crate::config::{Auth, AuthMethod, Depth};

/// Why authentication cannot be set up. Names the setting.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AuthenticationError(pub(super) String);

/// What the settings ask of callers. Built once.
#[derive(Debug, Default)]
pub struct Authentication {
    pub(super) method: Method,
    /// Reading needs no credentials.
    pub(super) anonymous_get: bool,
    /// Makes the registry's own tokens, if users have passwords.
    pub(super) issuer: Option<TokenIssuer>,
    /// No repository can be at the root. Then tokens that name one `repo` mean another.
    pub(super) is_rootless: bool,
}

#[derive(Debug, Default)]
pub(super) enum Method {
    /// Everybody may do everything.
    #[default]
    Off,
    Basic(Pair),
    Bearer(Arc<Tokens>),
}

impl Authentication {
    /// Makes what the settings ask for ready; the keys of tokens are read.
    ///
    /// # Errors
    /// If they cannot be read, or are none that can be used.
    pub fn new(settings: &Auth) -> Result<Self, AuthenticationError> {
        let method = match &settings.method {
            None => Method::Off,
            Some(AuthMethod::Basic { user, password }) => Method::Basic(Pair::new(user, password)),
            Some(AuthMethod::Bearer(bearer)) => Method::Bearer(Arc::new(Tokens::new(bearer)?)),
        };
        Ok(Self { method, anonymous_get: settings.anonymous_get, issuer: None, is_rootless: false })
    }

    /// For repositories of this depth.
    #[must_use]
    pub fn at_depth(self, depth: Depth) -> Self {
        Self { is_rootless: !depth.has(&RepositoryPath::root()), ..self }
    }

    /// Makes tokens for the registry, of this storage, with a key from a file or of the password.
    ///
    /// # Errors
    /// If the file cannot be used.
    pub fn with_tokens(mut self, key_file: Option<&Path>, storage: Uuid) -> Result<Self, AuthenticationError> {
        if let Method::Basic(pair) = &self.method {
            self.issuer = Some(TokenIssuer::new(key_file, pair.secret(), storage)?);
        }
        Ok(self)
    }

    /// Looks at the file of the tokens' keys again and again, until the returned future is dropped. `None` if there is
    /// no such file.
    pub fn watch(&self) -> Option<impl Future<Output = ()> + Send + use<>> {
        match &self.method {
            Method::Bearer(tokens) => Some(Arc::clone(tokens).watch()),
            Method::Off | Method::Basic(_) => None,
        }
    }

    /// The header besides `Authorization` that answers depend on.
    pub(super) fn header(&self) -> Option<&HeaderName> {
        match &self.method {
            Method::Bearer(tokens) => tokens.header.as_ref(),
            Method::Off | Method::Basic(_) => None,
        }
    }

    /// Who sent this head.
    pub(super) fn identify(&self, headers: &HeaderMap) -> Identity {
        match &self.method {
            Method::Off => Identity::Anonymous,
            Method::Basic(pair) => match Credentials::of(headers) {
                Credentials::Token(token) => self.registered(&token),
                credentials => pair.identify(credentials),
            },
            Method::Bearer(tokens) => tokens.identify(headers),
        }
    }

    fn registered(&self, token: &str) -> Identity {
        let access = self.issuer.as_ref().and_then(|issuer| issuer.read(token));
        match access.filter(|access| access.scopes.is_some()) {
            Some(access) => Identity::Registered(Box::new(access)),
            None => Identity::Refused("a token came, where a user and a password are asked for"),
        }
    }

    /// It needs no credentials.
    pub(super) fn is_free(&self, action: &str) -> bool {
        self.anonymous_get && action == PULL
    }

    /// Whether this caller may do an action in a repository, and if not, why.
    pub(super) fn allows(
        &self,
        identity: &Identity,
        repository: &RepositoryPath,
        action: &'static str,
    ) -> Result<(), String> {
        match (&self.method, identity) {
            (Method::Off, _) => Ok(()),
            // without a look at what was sent, as ChartMuseum has it: clients keep old passwords for years
            _ if self.is_free(action) => Ok(()),
            (_, Identity::Anonymous) => Err("there are no credentials".to_owned()),
            (_, Identity::Refused(reason)) => Err((*reason).to_owned()),
            (Method::Basic(_), Identity::User(_)) => Ok(()),
            (Method::Bearer(tokens), Identity::Bearer(claims)) => match tokens.allows(claims, repository, action) {
                true => Ok(()),
                false => Err(format!("the token does not allow {action} in {}", challenge::namespace(repository))),
            },
            (Method::Basic(_), Identity::Registered(_)) => Err("the token is one of the registry".to_owned()),
            (Method::Basic(_), Identity::Bearer(_))
            | (Method::Bearer(_), Identity::User(_) | Identity::Registered(_)) => {
                Err("these are credentials of another kind".to_owned())
            }
        }
    }

    /// What a refused caller is asked for.
    pub(super) fn challenge(&self, repository: &RepositoryPath, action: &'static str) -> HeaderValue {
        match &self.method {
            Method::Off | Method::Basic(_) => challenge::BASIC,
            Method::Bearer(tokens) => challenge::bearer(&tokens.realm, &tokens.service, repository, action),
        }
    }
}
