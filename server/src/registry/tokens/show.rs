use axum::response::Response;

use super::{scopes, shown};
use crate::App;
use crate::auth::Caller;
use crate::registry::Fault;
use crate::router::query;

/// `GET /v2/-/token?scope=…`: a token for whoever the request's credentials are of, or for nobody.
pub(in crate::registry) fn show(app: &App, caller: &Caller<'_>, query: Option<&str>) -> Result<Response, Fault> {
    if !app.authentication.issues_tokens() {
        return Err(Fault::NoTokens);
    }
    let pairs: Vec<_> = query::pairs(query).collect();
    let asked = scopes(pairs.iter().filter(|(name, _)| name == "scope").map(|(_, value)| value.as_str()));
    let with_refresh = pairs.iter().any(|(name, value)| name == "offline_token" && value == "true");
    let (issued, refresh) = caller.registry_token(asked, with_refresh)?;
    Ok(shown(&issued, refresh.as_ref()))
}
