use axum::body::Body;
use axum::response::Response;
use http::request::Parts;

use super::{scopes, shown};
use crate::App;
use crate::registry::Fault;
use crate::router::query;
use crate::upload_body;

/// A form of credentials and scopes is far shorter.
const LONGEST_FORM: u64 = 64 * 1024;

/// `POST /v2/-/token`: the same by a form, as OAuth 2 has it. Credentials stand in the form.
pub(in crate::registry) async fn request(app: &App, head: &Parts, body: Body) -> Result<Response, Fault> {
    if !app.authentication.issues_tokens() {
        return Err(Fault::NoTokens);
    }
    let form = upload_body::read(&head.headers, body, LONGEST_FORM).await?;
    let form = String::from_utf8_lossy(&form);
    let value = |name| query::value(Some(&form), name).unwrap_or_default();
    let caller = match value("grant_type").as_str() {
        "password" => app.authentication.caller_of_pair(&value("username"), &value("password")),
        "refresh_token" => app.authentication.caller_of_refresh_token(&value("refresh_token")),
        _ => return Err(Fault::Parameter("grant_type is password or refresh_token".to_owned())),
    };
    let scope = value("scope");
    let with_refresh = value("access_type") == "offline";
    let (issued, refresh) = caller.registry_token(scopes([scope.as_str()].into_iter()), with_refresh)?;
    Ok(shown(&issued, refresh.as_ref()))
}
