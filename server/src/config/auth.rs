use std::path::PathBuf;

use http::HeaderName;

use super::{Kind, Notice, Secret, Setting, SettingError, Source, Values};

pub(super) const SETTINGS: &[&Setting] = &[
    &BASIC_AUTH_USER,
    &BASIC_AUTH_PASS,
    &AUTH_ANONYMOUS_GET,
    &BEARER_AUTH,
    &AUTH_REALM,
    &AUTH_SERVICE,
    &AUTH_CERT_PATH,
    &AUTH_ACTIONS_SEARCH_PATH,
    &AUTH_REQUIRE_EXPIRY,
    &AUTH_AUDIENCE,
    &AUTH_ISSUER,
    &AUTH_TOKEN_HEADER,
];

const BASIC_AUTH_USER: Setting =
    Setting::new("basic-auth-user", Kind::Text, "User of basic authentication.").key("basicauth.user");
const BASIC_AUTH_PASS: Setting =
    Setting::new("basic-auth-pass", Kind::Text, "Password of basic authentication.").key("basicauth.pass").secret();
const AUTH_ANONYMOUS_GET: Setting = Setting::new("auth-anonymous-get", Kind::Boolean, "Reading needs no credentials.")
    .key("authanonymousget")
    .default("false");
const BEARER_AUTH: Setting =
    Setting::new("bearer-auth", Kind::Boolean, "Callers show a token (JWT) of a token service; wins over basic-auth.")
        .key("bearerauth")
        .default("false");
const AUTH_REALM: Setting =
    Setting::new("auth-realm", Kind::Text, "Address of the token service, for the challenge of bearer-auth.")
        .key("authrealm");
const AUTH_SERVICE: Setting =
    Setting::new("auth-service", Kind::Text, "Name of this server at the token service, for the challenge.")
        .key("authservice");
const AUTH_CERT_PATH: Setting = Setting::new(
    "auth-cert-path",
    Kind::Text,
    "File of the token service's public keys or certificates (PEM; RSA, EC P-256 and P-384, Ed25519); read again when it changes.",
)
.key("authcertpath");
const AUTH_ACTIONS_SEARCH_PATH: Setting = Setting::new(
    "auth-actions-search-path",
    Kind::Text,
    "JMESPath from a token's claims to the allowed actions; '$NAMESPACE' and '$ACCESS_ENTRY_TYPE' stand for what is asked for.",
)
.key("authactionssearchpath");
const AUTH_REQUIRE_EXPIRY: Setting =
    Setting::new("auth-require-expiry", Kind::Boolean, "Refuse tokens that never expire.")
        .key("authrequireexpiry")
        .default("false");
const AUTH_AUDIENCE: Setting =
    Setting::new("auth-audience", Kind::Text, "Refuse tokens whose aud does not name this.").key("authaudience");
const AUTH_ISSUER: Setting =
    Setting::new("auth-issuer", Kind::Text, "Refuse tokens whose iss is not this.").key("authissuer");
const AUTH_TOKEN_HEADER: Setting = Setting::new(
    "auth-token-header",
    Kind::Text,
    "A header that may hold the bare token, besides Authorization (cm-push --auth-header).",
)
.key("authtokenheader");

/// Of no use without `--bearer-auth`.
const OF_BEARER: [&Setting; 8] = [
    &AUTH_REALM,
    &AUTH_SERVICE,
    &AUTH_CERT_PATH,
    &AUTH_ACTIONS_SEARCH_PATH,
    &AUTH_AUDIENCE,
    &AUTH_ISSUER,
    &AUTH_TOKEN_HEADER,
    &AUTH_REQUIRE_EXPIRY,
];

/// Who may use the server.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Auth {
    /// How callers show who they are. Absent: everybody may do everything.
    pub method: Option<AuthMethod>,
    /// Reading needs no credentials.
    pub anonymous_get: bool,
}

/// How callers show who they are.
#[derive(Debug, Clone, PartialEq)]
pub enum AuthMethod {
    /// One user, who may do everything.
    Basic {
        /// The user's name.
        user: String,
        /// The password.
        password: Secret,
    },
    /// Tokens.
    Bearer(Bearer),
}

/// What is asked of tokens.
#[derive(Debug, Clone, PartialEq)]
pub struct Bearer {
    /// The token service's address.
    pub realm: String,
    /// The server's name there.
    pub service: String,
    /// The file of the token service's public keys.
    pub keys: PathBuf,
    /// Where in the claims the allowed actions are, if not where ChartMuseum looks.
    pub search_path: Option<String>,
    /// Tokens that never expire are refused.
    pub require_expiry: bool,
    /// What `aud` must name.
    pub audience: Option<String>,
    /// What `iss` must be.
    pub issuer: Option<String>,
    /// A header that may hold the bare token.
    pub header: Option<HeaderName>,
}

impl Auth {
    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let (basic, bearer) = (basic(values)?, bearer(values)?);
        Ok(Self { method: bearer.or(basic), anonymous_get: values.boolean(&AUTH_ANONYMOUS_GET) })
    }
}

fn basic(values: &Values) -> Result<Option<AuthMethod>, SettingError> {
    match (values.text(&BASIC_AUTH_USER), values.text(&BASIC_AUTH_PASS)) {
        (None, None) => Ok(None),
        (Some(user), Some(password)) => {
            Ok(Some(AuthMethod::Basic { user: user.to_owned(), password: Secret::new(password) }))
        }
        (Some(_), None) => Err(values.fault(&BASIC_AUTH_PASS, "it is missing, and basic-auth-user is set")),
        (None, Some(_)) => Err(values.fault(&BASIC_AUTH_USER, "it is missing, and basic-auth-pass is set")),
    }
}

fn bearer(values: &Values) -> Result<Option<AuthMethod>, SettingError> {
    if !values.boolean(&BEARER_AUTH) {
        // who says `false` has switched it off; who says nothing may have forgotten it, and would be unprotected
        let is_forgotten = values.given(&BEARER_AUTH).source == Source::Default;
        let left = OF_BEARER.iter().find(|setting| values.text(setting).is_some() || values.boolean(setting));
        return match left {
            Some(setting) if is_forgotten => Err(values.fault(
                setting,
                "it has no effect without bearer-auth: set bearer-auth, or set it to false if that is meant",
            )),
            _ => Ok(None),
        };
    }
    let needed = |setting: &Setting| {
        let text = values.text(setting).map(str::to_owned);
        text.ok_or_else(|| values.fault(setting, "it is missing, and bearer-auth is set"))
    };
    let text = |setting: &Setting| values.text(setting).map(str::to_owned);
    Ok(Some(AuthMethod::Bearer(Bearer {
        realm: plain(values, &AUTH_REALM, needed(&AUTH_REALM)?)?,
        service: plain(values, &AUTH_SERVICE, needed(&AUTH_SERVICE)?)?,
        keys: needed(&AUTH_CERT_PATH)?.into(),
        search_path: search_path(values)?,
        require_expiry: values.boolean(&AUTH_REQUIRE_EXPIRY),
        audience: text(&AUTH_AUDIENCE),
        issuer: text(&AUTH_ISSUER),
        header: token_header(values)?,
    })))
}

/// What has no effect beside something else.
pub(super) fn notices(values: &Values) -> impl Iterator<Item = Notice> {
    let is_bearer = values.boolean(&BEARER_AUTH);
    let is_basic = values.text(&BASIC_AUTH_USER).is_some();
    let basic = (is_bearer && is_basic)
        .then_some(Notice::Unneeded(BASIC_AUTH_USER.name, "bearer-auth wins over it, and tokens are asked for"));
    let anonymous = (values.boolean(&AUTH_ANONYMOUS_GET) && !is_bearer && !is_basic)
        .then_some(Notice::Unneeded(AUTH_ANONYMOUS_GET.name, "nobody is asked for credentials"));
    basic.into_iter().chain(anonymous)
}

/// Realm and service stand in a header.
fn plain(values: &Values, setting: &Setting, text: String) -> Result<String, SettingError> {
    match text.bytes().any(|byte| byte.is_ascii_control()) {
        true => Err(values.fault(setting, "it has a line break or another control character")),
        false => Ok(text),
    }
}

fn search_path(values: &Values) -> Result<Option<String>, SettingError> {
    let Some(text) = values.text(&AUTH_ACTIONS_SEARCH_PATH) else { return Ok(None) };
    jmespath::parse(text).map(|_| Some(text.to_owned())).map_err(|error| {
        let reason = format!("expected a JMESPath with $NAMESPACE and $ACCESS_ENTRY_TYPE in quotes; {}", error.reason);
        values.fault(&AUTH_ACTIONS_SEARCH_PATH, &reason)
    })
}

fn token_header(values: &Values) -> Result<Option<HeaderName>, SettingError> {
    let Some(text) = values.text(&AUTH_TOKEN_HEADER) else { return Ok(None) };
    let name = text.parse();
    name.map(Some)
        .map_err(|_| values.fault(&AUTH_TOKEN_HEADER, &format!("expected the name of a header, not {text:?}")))
}

#[cfg(test)]
mod tests;
