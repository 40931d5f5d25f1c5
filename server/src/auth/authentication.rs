use std::future::Future;
use std::sync::Arc;

use catalogue::RepositoryPath;
use http::{HeaderMap, HeaderName, HeaderValue};

use super::PULL;
use super::basic::Pair;
use super::caller::Identity;
use super::challenge;
use super::credentials::Credentials;
use super::token::Tokens;
use crate::config::{Auth, AuthMethod};

/// Why authentication cannot be set up. Names the setting.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct AuthenticationError(pub(super) String);

/// What the settings ask of callers. Built once.
#[derive(Debug, Default)]
pub struct Authentication {
    method: Method,
    /// Reading needs no credentials.
    anonymous_get: bool,
}

#[derive(Debug, Default)]
enum Method {
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
        Ok(Self { method, anonymous_get: settings.anonymous_get })
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
            Method::Basic(pair) => pair.identify(Credentials::of(headers)),
            Method::Bearer(tokens) => tokens.identify(headers),
        }
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
            _ if self.anonymous_get && action == PULL => Ok(()),
            (_, Identity::Anonymous) => Err("there are no credentials".to_owned()),
            (_, Identity::Refused(reason)) => Err((*reason).to_owned()),
            (Method::Basic(_), Identity::User(_)) => Ok(()),
            (Method::Bearer(tokens), Identity::Bearer(claims)) => match tokens.allows(claims, repository, action) {
                true => Ok(()),
                false => Err(format!("the token does not allow {action} in {}", challenge::namespace(repository))),
            },
            (Method::Basic(_), Identity::Bearer(_)) | (Method::Bearer(_), Identity::User(_)) => {
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
