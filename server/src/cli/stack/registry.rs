//! An OCI registry that charts are published in, as Helm pushes them.

use bytes::Bytes;
use chart::Package;
use chart::oci::{ChartBlob, ContentDigest, Manifest, RegistryName, Tag, chart_manifest, media_type};
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue, LOCATION, WWW_AUTHENTICATE};
use reqwest::{Client, Method, Response, StatusCode, Url};
use serde_json::Value;

use super::target::{Credentials, Outcome, causes, told};

/// What an address of a registry begins with.
pub(super) const SCHEME: &str = "oci://";

/// A path of a registry, below which each chart has a name of its own.
pub(super) struct Registry {
    base: Url,
    path: String,
    client: Client,
    credentials: Credentials,
    force: bool,
}

/// Who a request comes from, once the registry has been asked what it wants.
type Access = Option<HeaderValue>;

/// A name in the registry, and how it is entered.
struct Entrance<'r> {
    registry: &'r Registry,
    name: RegistryName,
    access: Access,
}

impl Registry {
    /// Below `oci://host/path`.
    pub fn new(
        address: &str,
        plain_http: bool,
        client: Client,
        credentials: Credentials,
        force: bool,
    ) -> Result<Self, String> {
        let below = address.strip_prefix(SCHEME).unwrap_or(address);
        let scheme = if plain_http { "http" } else { "https" };
        let mut base = Url::parse(&format!("{scheme}://{below}")).map_err(|error| format!("--to: {error}"))?;
        if !base.username().is_empty() || base.password().is_some() {
            return Err("--to: user and password belong into --username and --password".to_owned());
        }
        let path = base.path().trim_matches('/').to_owned();
        base.set_path("/v2/");
        base.set_query(None);
        base.set_fragment(None);
        Ok(Self { base, path, client, credentials, force })
    }

    /// Publishes a chart under its name and version. What is there with the same bytes is left alone.
    pub async fn publish(&self, package: &Package) -> Result<Outcome, String> {
        let version = package.version();
        let tag = Tag::of_version(version).ok_or_else(|| format!("no registry can write the version {version}"))?;
        let name = format!("{}/{}", self.path, package.name());
        let name: RegistryName = name.trim_matches('/').parse().map_err(|error| format!("{name}: {error}"))?;
        let access = self.access(&name).await?;
        Entrance { registry: self, name, access }.push(package, &tag).await
    }

    /// What the registry wants to be shown for pushing to a name: nothing, the credentials, or a token for them.
    async fn access(&self, name: &RegistryName) -> Result<Access, String> {
        if let Credentials::Token(token) = &self.credentials {
            return header(&format!("Bearer {token}")).map(Some);
        }
        let asked = self.client.get(self.base.clone()).send().await.map_err(|error| causes(&error))?;
        if asked.status() != StatusCode::UNAUTHORIZED {
            return Ok(None);
        }
        let challenge = asked.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok()).unwrap_or_default();
        let Some((scheme, parameters)) = challenge.split_once(' ') else {
            return Err("the registry does not say what it wants to be shown".to_owned());
        };
        let mut request = if scheme.eq_ignore_ascii_case("bearer") {
            let realm = parameter(parameters, "realm").and_then(|realm| self.base.join(realm).ok());
            let mut realm = realm.ok_or("the registry does not say where its tokens are")?;
            if realm.scheme() != "https" && self.base.scheme() == "https" {
                return Err(format!("the registry wants the password to be sent to {realm} in the clear"));
            }
            let scope = format!("repository:{name}:pull,push");
            let service = parameter(parameters, "service").unwrap_or_default();
            realm.query_pairs_mut().append_pair("service", service).append_pair("scope", &scope);
            self.client.get(realm)
        } else {
            self.client.get(self.base.clone())
        };
        if let Credentials::User(user, password) = &self.credentials {
            request = request.basic_auth(user, Some(password));
        }
        let request = request.build().map_err(|error| causes(&error))?;
        if !scheme.eq_ignore_ascii_case("bearer") {
            return Ok(request.headers().get(AUTHORIZATION).cloned());
        }
        let answer = self.client.execute(request).await.map_err(|error| causes(&error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| causes(&error))?;
        let body: Value = serde_json::from_str(&text).unwrap_or_default();
        let token = body["token"].as_str().or(body["access_token"].as_str());
        match token {
            Some(token) if status.is_success() => header(&format!("Bearer {token}")).map(Some),
            _ => Err(told(status, &text)),
        }
    }
}

impl Entrance<'_> {
    /// Blobs first, then the manifest that names them.
    async fn push(&self, package: &Package, tag: &Tag) -> Result<Outcome, String> {
        let digest = ContentDigest::from(package.digest());
        if let Some(there) = self.package_of(tag).await? {
            if there == digest {
                return Ok(Outcome::Present);
            }
            if !self.registry.force {
                return Ok(Outcome::Differs { reason: format!("the version is there with the digest {there}") });
            }
        }
        let metadata = package.metadata_json();
        let size = package.bytes().len() as u64;
        let manifest = chart_manifest(&metadata, ChartBlob { digest: package.digest(), size }, None);
        self.put_blob(manifest.config.into(), metadata.into()).await?;
        self.put_blob(digest, package.bytes().clone()).await?;
        let kind = [(CONTENT_TYPE, media_type::MANIFEST)];
        let path = format!("{}/manifests/{tag}", self.name);
        let answer = self.send(Method::PUT, self.url(&path)?, &kind, manifest.bytes.into()).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(Outcome::Published),
            _ => Err(refusal(answer).await),
        }
    }

    /// The digest of the package that a tag stands for, if there is one.
    async fn package_of(&self, tag: &Tag) -> Result<Option<ContentDigest>, String> {
        let url = self.url(&format!("{}/manifests/{tag}", self.name))?;
        let answer = self.send(Method::GET, url, &[(ACCEPT, media_type::MANIFEST)], Bytes::new()).await?;
        match answer.status() {
            StatusCode::NOT_FOUND => Ok(None),
            StatusCode::OK => {
                let bytes = answer.bytes().await.map_err(|error| causes(&error))?;
                let manifest =
                    Manifest::parse(&bytes, Some(media_type::MANIFEST)).map_err(|error| error.to_string())?;
                let package = manifest.chart_package();
                package.map(|layer| Some(layer.digest)).ok_or_else(|| format!("{}:{tag} is no chart there", self.name))
            }
            _ => Err(refusal(answer).await),
        }
    }

    async fn put_blob(&self, digest: ContentDigest, bytes: Bytes) -> Result<(), String> {
        let known = self.url(&format!("{}/blobs/{digest}", self.name))?;
        if self.send(Method::HEAD, known, &[], Bytes::new()).await?.status() == StatusCode::OK {
            return Ok(());
        }
        let uploads = self.url(&format!("{}/blobs/uploads/", self.name))?;
        let begun = self.send(Method::POST, uploads.clone(), &[], Bytes::new()).await?;
        if begun.status() != StatusCode::ACCEPTED {
            return Err(refusal(begun).await);
        }
        let location = begun.headers().get(LOCATION).and_then(|value| value.to_str().ok());
        let mut location = location
            .and_then(|location| uploads.join(location).ok())
            .filter(|location| location.host() == uploads.host() && location.scheme() == uploads.scheme())
            .ok_or("the registry does not say where the upload is, or names another host")?;
        location.query_pairs_mut().append_pair("digest", &digest.to_string());
        let kind = [(CONTENT_TYPE, "application/octet-stream")];
        let answer = self.send(Method::PUT, location, &kind, bytes).await?;
        match answer.status() {
            StatusCode::CREATED => Ok(()),
            _ => Err(refusal(answer).await),
        }
    }

    async fn send(
        &self,
        method: Method,
        url: Url,
        headers: &[(reqwest::header::HeaderName, &'static str)],
        body: Bytes,
    ) -> Result<Response, String> {
        let mut all = HeaderMap::new();
        all.extend(headers.iter().map(|(name, value)| (name.clone(), HeaderValue::from_static(value))));
        all.extend(self.access.clone().map(|access| (AUTHORIZATION, access)));
        let request = self.registry.client.request(method, url).headers(all).body(body);
        request.send().await.map_err(|error| causes(&error))
    }

    fn url(&self, path: &str) -> Result<Url, String> {
        self.registry.base.join(path).map_err(|error| error.to_string())
    }
}

/// A value of a challenge: `name="value"`.
fn parameter<'c>(parameters: &'c str, name: &str) -> Option<&'c str> {
    let mut rest = parameters;
    while let Some((found, behind)) = rest.split_once("=\"") {
        let (value, next) = behind.split_once('"')?;
        if found.trim_start_matches([',', ' ']).eq_ignore_ascii_case(name) {
            return Some(value);
        }
        rest = next;
    }
    None
}

fn header(text: &str) -> Result<HeaderValue, String> {
    let mut value =
        HeaderValue::from_str(text).map_err(|_| "the token is no text that a header can hold".to_owned())?;
    value.set_sensitive(true);
    Ok(value)
}

async fn refusal(answer: Response) -> String {
    let status = answer.status();
    told(status, &answer.text().await.unwrap_or_default())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_challenge_is_read_in_any_order() {
        let challenge = r#"service="a, b", Realm="https://host/token",scope="repository:x:pull""#;
        assert_eq!(parameter(challenge, "realm"), Some("https://host/token"));
        assert_eq!(parameter(challenge, "service"), Some("a, b"));
        assert_eq!(parameter(challenge, "account"), None);
        assert_eq!(parameter(r#"realm="open"#, "realm"), None);
    }
}
