//! What a refused caller is asked for, in ChartMuseum's form: clients and token services take it apart.

use catalogue::RepositoryPath;
use http::HeaderValue;

use super::ADMIN;

/// ChartMuseum's realm, to the letter.
pub(super) const BASIC: HeaderValue = HeaderValue::from_static("Basic realm=\"ChartMuseum\"");

/// The type of an entry that allows something in a repository.
pub(super) const REPOSITORY: &str = "artifact-repository";
/// The same in the words of registries.
pub(super) const REGISTRY_REPOSITORY: &str = "repository";
/// The type of an entry that allows something in the registry as a whole.
pub(super) const REGISTRY: &str = "registry";
/// The type of an entry that allows something for the whole server.
pub(super) const SERVER: &str = "server";
/// The name of the whole server.
const EVERYTHING: &str = "*";
/// The name of the repository at the root.
const ROOT: &str = "repo";

/// What a token's entry must have for an action: type and name.
pub(super) fn scope<'a>(repository: &'a RepositoryPath, action: &str) -> (&'static str, &'a str) {
    if action == ADMIN { (SERVER, EVERYTHING) } else { (REPOSITORY, namespace(repository)) }
}

/// A repository as tokens name it.
pub(super) fn namespace(repository: &RepositoryPath) -> &str {
    if repository.is_root() { ROOT } else { repository.as_str() }
}

/// `Bearer realm="…",service="…",scope="artifact-repository:<repository>:<action>"`.
pub(super) fn bearer(realm: &str, service: &str, repository: &RepositoryPath, action: &str) -> HeaderValue {
    let (kind, name) = scope(repository, action);
    let name = quoted(name);
    let text =
        format!("Bearer realm=\"{}\",service=\"{}\",scope=\"{kind}:{name}:{action}\"", quoted(realm), quoted(service));
    // paths have no control characters, and the settings are checked for them
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static("Bearer"))
}

/// `Bearer realm="…",service="…",scope="…"`; without a scope where nothing certain is asked for.
pub(super) fn registry(realm: &str, service: &str, scope: Option<&str>) -> HeaderValue {
    let scope = scope.map(|scope| format!(",scope=\"{}\"", quoted(scope))).unwrap_or_default();
    let text = format!("Bearer realm=\"{}\",service=\"{}\"{scope}", quoted(realm), quoted(service));
    HeaderValue::from_bytes(text.as_bytes()).unwrap_or(HeaderValue::from_static("Bearer"))
}

fn quoted(text: &str) -> String {
    text.replace('\\', "\\\\").replace('"', "\\\"")
}
