//! What callers may do in the registry.

use catalogue::RepositoryPath;
use chart::oci::RegistryName;
use http::HeaderValue;

use super::{Access, Catalog, Issued, RegistryAction, RegistryGrant, Scope, ScopeKind};
use crate::auth::authentication::Method;
use crate::auth::basic::Pair;
use crate::auth::caller::Identity;
use crate::auth::credentials::Credentials;
use crate::auth::{Authentication, Caller, PULL, challenge};
use crate::error::Refusal;

/// Below the address of a registry, its tokens. No name of a repository begins so.
pub const TOKEN_PATH: &str = "/v2/-/token";

/// How a client reaches this server: what it is told to come back to.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Origin {
    /// `https` or `http`.
    pub scheme: String,
    /// Host, and port if it is not the scheme's own.
    pub authority: String,
}

/// What users may do, and whom nobody was asked for may do.
const ACTIONS: [&str; 4] = ["pull", "push", "delete", "*"];

impl Authentication {
    /// There are tokens to be had here.
    pub fn issues_tokens(&self) -> bool {
        self.issuer.is_some()
    }

    /// Who shows this user and password.
    pub fn caller_of_pair(&self, user: &str, password: &str) -> Caller<'_> {
        let pair = |pair: &Pair| pair.identify(Credentials::Pair(format!("{user}:{password}").into_bytes()));
        let identity = match &self.method {
            Method::Off => Identity::Anonymous,
            Method::Basic(of_settings) => pair(of_settings),
            Method::Bearer(_) => Identity::Refused("a user and a password came, where tokens are asked for"),
        };
        Caller { authentication: self, identity }
    }

    /// Who shows this token in place of a password.
    pub fn caller_of_refresh_token(&self, token: &str) -> Caller<'_> {
        let access = self.issuer.as_ref().and_then(|issuer| issuer.read(token));
        let identity = match access {
            Some(Access { user: Some(user), scopes: None }) => Identity::User(user),
            _ => Identity::Refused("the token is none that stands for a password"),
        };
        Caller { authentication: self, identity }
    }

    fn allows_name<A: RegistryAction>(&self, identity: &Identity, name: &RegistryName) -> Result<(), String> {
        match (&self.method, identity) {
            (Method::Off, _) => Ok(()),
            _ if self.anonymous_get && A::NAME == PULL => Ok(()),
            (_, Identity::Anonymous) => Err("there are no credentials".to_owned()),
            (_, Identity::Refused(reason)) => Err((*reason).to_owned()),
            (Method::Basic(_), Identity::User(_)) => Ok(()),
            (Method::Basic(_), Identity::Registered(access)) => match access.allows::<A>(name) {
                true => Ok(()),
                false => Err(format!("the token does not allow {} in {name}", A::SCOPE)),
            },
            (Method::Bearer(tokens), Identity::Bearer(claims)) => {
                let parent = RepositoryPath::parse(name.split().0);
                let parent = parent.map_err(|_| format!("{name} lies below no repository"))?;
                let parent = Some(&parent).filter(|parent| !(parent.is_root() && self.is_rootless));
                match tokens.allows_name::<A>(claims, name, parent) {
                    true => Ok(()),
                    false => Err(format!("the token does not allow {} in {name}", A::SCOPE)),
                }
            }
            _ => Err("these are credentials of another kind".to_owned()),
        }
    }

    /// What a client is asked for in the registry.
    fn registry_challenge(&self, origin: &Origin, scope: Option<&Scope>) -> HeaderValue {
        let scope = scope.map(ToString::to_string);
        match &self.method {
            Method::Bearer(tokens) => challenge::registry(&tokens.realm, &tokens.service, scope.as_deref()),
            Method::Off | Method::Basic(_) if self.issuer.is_some() => {
                let realm = format!("{}://{}{TOKEN_PATH}", origin.scheme, origin.authority);
                challenge::registry(&realm, &origin.authority, scope.as_deref())
            }
            Method::Off | Method::Basic(_) => challenge::BASIC,
        }
    }
}

impl Caller<'_> {
    /// Asks whether this caller has anything to do with the registry: what clients ask first, and when they log in.
    ///
    /// # Errors
    /// If credentials are missing or bad. Where anybody may read, those who have none are told all the same that there are
    /// some to be had, so that a wrong password is noticed at the login.
    pub fn enter_registry(&self, origin: &Origin) -> Result<(), Refusal> {
        let is_anonymous_allowed = self.authentication.anonymous_get;
        let reason = match (&self.authentication.method, &self.identity) {
            (Method::Off, _) | (Method::Basic(_), Identity::User(_)) | (Method::Bearer(_), Identity::Bearer(_)) => {
                return Ok(());
            }
            (Method::Bearer(_), Identity::Anonymous) if is_anonymous_allowed => return Ok(()),
            (Method::Basic(_), Identity::Registered(access)) if access.user.is_some() || is_anonymous_allowed => {
                return Ok(());
            }
            (_, Identity::Refused(reason)) => *reason,
            (_, Identity::Anonymous) => "there are no credentials",
            _ => "the token is of nobody",
        };
        Err(self.refusal(origin, None, reason.to_owned()))
    }

    /// Asks for the right to do `A` in a name.
    ///
    /// # Errors
    /// If this caller may not.
    pub fn registry_grant<A: RegistryAction>(
        &self,
        name: &RegistryName,
        origin: &Origin,
    ) -> Result<RegistryGrant<A>, Refusal> {
        match self.authentication.allows_name::<A>(&self.identity, name) {
            Ok(()) => Ok(RegistryGrant::new(name.clone())),
            Err(reason) => Err(self.refusal(origin, Some(&Scope::of(name, A::ASKED)), reason)),
        }
    }

    /// The right to do `A` in a name, if this caller has it: for what is done without a word otherwise.
    pub fn registry_right<A: RegistryAction>(&self, name: &RegistryName) -> Option<RegistryGrant<A>> {
        let allowed = self.authentication.allows_name::<A>(&self.identity, name);
        allowed.is_ok().then(|| RegistryGrant::new(name.clone()))
    }

    /// Asks for the right to see all names.
    ///
    /// # Errors
    /// If this caller may not.
    pub fn catalog(&self, origin: &Origin) -> Result<Catalog, Refusal> {
        let reason = match (&self.authentication.method, &self.identity) {
            (Method::Off, _) | (Method::Basic(_), Identity::User(_)) => return Ok(Catalog::new()),
            _ if self.authentication.anonymous_get => return Ok(Catalog::new()),
            (Method::Basic(_), Identity::Registered(access)) if access.allows_catalog() => return Ok(Catalog::new()),
            (Method::Bearer(tokens), Identity::Bearer(claims)) if tokens.allows_catalog(claims) => {
                return Ok(Catalog::new());
            }
            (_, Identity::Anonymous) => "there are no credentials",
            (_, Identity::Refused(reason)) => *reason,
            _ => "the token does not allow the list of all names",
        };
        Err(self.refusal(origin, Some(&Scope::catalog()), reason.to_owned()))
    }

    /// A token for the part of what is asked for that this caller may do, and one that stands for the password if
    /// `with_refresh`.
    ///
    /// # Errors
    /// If the credentials are bad.
    pub fn registry_token(&self, asked: Vec<Scope>, with_refresh: bool) -> Result<(Issued, Option<Issued>), Refusal> {
        // where tokens are got, tokens are not asked for
        let refused = |reason: &str| {
            let (challenge, reason) = (challenge::BASIC, reason.to_owned());
            Refusal { challenge, caller: self.name(), reason }
        };
        let Some(issuer) = &self.authentication.issuer else { return Err(refused("no tokens are made here")) };
        let user = match &self.identity {
            Identity::User(user) => Some(user.clone()),
            Identity::Anonymous => None,
            Identity::Refused(reason) => return Err(refused(reason)),
            _ => return Err(refused("a token came, where a user and a password are asked for")),
        };
        let granted = asked.into_iter().filter_map(|scope| self.granted(scope, user.is_some())).collect();
        let refresh = match user.clone().filter(|_| with_refresh) {
            Some(user) => Some(issuer.issue_refresh(user).map_err(|reason| refused(&reason))?),
            None => None,
        };
        let issued = issuer.issue(user, granted).map_err(|reason| refused(&reason))?;
        Ok((issued, refresh))
    }

    /// The part of a scope that this caller may do; less than was asked for is no error.
    fn granted(&self, mut scope: Scope, is_user: bool) -> Option<Scope> {
        let may_read = is_user || self.authentication.anonymous_get;
        match &scope.kind {
            ScopeKind::Registry(_) => (scope.is_catalog() && may_read).then_some(scope),
            ScopeKind::Repository(_) if is_user => {
                scope.actions.retain(|action| ACTIONS.contains(&action.as_str()));
                Some(scope)
            }
            ScopeKind::Repository(_) if may_read && scope.has("pull") => {
                scope.actions = vec!["pull".to_owned()];
                Some(scope)
            }
            ScopeKind::Repository(_) => None,
        }
    }

    fn refusal(&self, origin: &Origin, scope: Option<&Scope>, reason: String) -> Refusal {
        let challenge = self.authentication.registry_challenge(origin, scope);
        Refusal { challenge, caller: self.name(), reason }
    }
}

impl Access {
    fn allows<A: RegistryAction>(&self, name: &RegistryName) -> bool {
        let of_name = |scope: &&Scope| matches!(&scope.kind, ScopeKind::Repository(held) if held == name);
        let scopes = self.scopes.iter().flatten().filter(of_name);
        scopes.into_iter().any(|scope| A::ALLOWED_BY.iter().any(|action| scope.has(action)))
    }

    fn allows_catalog(&self) -> bool {
        self.scopes.iter().flatten().any(|scope| scope.is_catalog() && scope.has("*"))
    }
}
