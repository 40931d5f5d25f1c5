//! A server that charts are published on.

use std::fs;
use std::time::Duration;

use chart::Package;
use reqwest::{Certificate, Client, RequestBuilder, StatusCode, Url};
use serde::Serialize;
use serde_json::Value;

use super::registry::{Registry, SCHEME};

/// How long a server may take to take a chart: the slowest are asked through proxies that check it.
const TIMEOUT: Duration = Duration::from_secs(120);
/// The most of an answer that is told.
const TOLD: usize = 300;

/// Who publishes.
pub(super) enum Credentials {
    None,
    User(String, String),
    Token(String),
}

/// Whose certificates count besides the system's.
pub(super) struct Trust {
    pub ca_file: Option<String>,
    pub anybody: bool,
}

/// What became of a chart.
#[derive(Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "camelCase", tag = "outcome")]
pub(super) enum Outcome {
    /// It is there now.
    Published,
    /// It was there, with the same bytes.
    Present,
    /// It is there with other bytes.
    Differs { reason: String },
    /// It is not there, as far as is known.
    Failed { reason: String },
}

impl Outcome {
    pub fn is_good(&self) -> bool {
        matches!(self, Self::Published | Self::Present)
    }

    pub fn word(&self) -> &'static str {
        match self {
            Self::Published => "published",
            Self::Present => "present",
            Self::Differs { .. } => "differs",
            Self::Failed { .. } => "failed",
        }
    }

    pub fn reason(&self) -> Option<&str> {
        match self {
            Self::Published | Self::Present => None,
            Self::Differs { reason } | Self::Failed { reason } => Some(reason),
        }
    }
}

/// Where charts are published.
pub(super) struct Target {
    address: String,
    place: Place,
}

enum Place {
    Repository(Repository),
    Registry(Registry),
}

/// How a target is reached.
pub(super) struct Way {
    /// The context path of a repository's server.
    pub context_path: String,
    /// A registry is asked by HTTP.
    pub plain_http: bool,
    pub trust: Trust,
}

impl Target {
    /// A repository at an address of HTTP, or a path of a registry (`oci://`).
    pub fn new(address: &str, way: &Way, credentials: Credentials, force: bool) -> Result<Self, String> {
        let client = client(&way.trust)?;
        let place = if address.starts_with(SCHEME) {
            Place::Registry(Registry::new(address, way.plain_http, client, credentials, force)?)
        } else {
            let charts = charts(address, &way.context_path)?;
            Place::Repository(Repository { charts, client, credentials, force })
        };
        Ok(Self { address: address.to_owned(), place })
    }

    /// As it was given.
    pub fn address(&self) -> &str {
        &self.address
    }

    /// Publishes a chart. What is there with the same bytes is left alone.
    pub async fn publish(&self, package: &Package) -> Outcome {
        let outcome = match &self.place {
            Place::Repository(repository) => repository.publish(package).await,
            Place::Registry(registry) => registry.publish(package).await,
        };
        outcome.unwrap_or_else(|reason| Outcome::Failed { reason })
    }
}

/// A repository on a server with ChartMuseum's API.
struct Repository {
    /// Of the charts of the repository, in the API.
    charts: Url,
    client: Client,
    credentials: Credentials,
    force: bool,
}

impl Repository {
    async fn publish(&self, package: &Package) -> Result<Outcome, String> {
        if let Some(digest) = self.digest(package).await? {
            match digest == package.digest().to_string() {
                true => return Ok(Outcome::Present),
                false if !self.force => {
                    return Ok(Outcome::Differs { reason: format!("the version is there with the digest {digest}") });
                }
                false => {}
            }
        }
        let mut url = self.charts.clone();
        if self.force {
            url.set_query(Some("force"));
        }
        let request = self.client.post(url).header("content-type", "application/gzip").body(package.bytes().clone());
        let (status, text) = self.answer(request).await?;
        match status {
            StatusCode::CREATED => Ok(Outcome::Published),
            _ => Err(told(status, &text)),
        }
    }

    /// The digest of the version that is there, if one is.
    async fn digest(&self, package: &Package) -> Result<Option<String>, String> {
        let mut url = self.charts.clone();
        if let Ok(mut segments) = url.path_segments_mut() {
            segments.extend([package.name().as_str(), &package.version().to_string()]);
        }
        let (status, text) = self.answer(self.client.get(url)).await?;
        match status {
            StatusCode::OK => {
                let version: Value = serde_json::from_str(&text).unwrap_or_default();
                let digest = version["digest"].as_str().map(str::to_owned);
                digest.map(Some).ok_or_else(|| "the server does not answer with ChartMuseum's API".to_owned())
            }
            StatusCode::NOT_FOUND => Ok(None),
            _ => Err(told(status, &text)),
        }
    }

    async fn answer(&self, request: RequestBuilder) -> Result<(StatusCode, String), String> {
        let request = match &self.credentials {
            Credentials::None => request,
            Credentials::User(user, password) => request.basic_auth(user, Some(password)),
            Credentials::Token(token) => request.bearer_auth(token),
        };
        let answer = request.send().await.map_err(|error| causes(&error))?;
        let status = answer.status();
        let text = answer.text().await.map_err(|error| causes(&error))?;
        Ok((status, text))
    }
}

/// `https://host/context/org/team` has its API at `https://host/context/api/org/team/charts`.
fn charts(address: &str, context_path: &str) -> Result<Url, String> {
    let mut url = Url::parse(address).map_err(|error| format!("--to: {error}"))?;
    if !matches!(url.scheme(), "http" | "https") {
        return Err("--to: expected an address that begins with http://, https:// or oci://".to_owned());
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("--to: user and password belong into --username and --password".to_owned());
    }
    let context_path = context_path.trim_matches('/');
    let path = url.path().trim_matches('/').to_owned();
    let below = match path.strip_prefix(context_path) {
        Some(below) if context_path.is_empty() || below.is_empty() || below.starts_with('/') => below.trim_matches('/'),
        _ => return Err(format!("--to: the path does not begin with the context path {context_path}")),
    };
    let segments = [context_path, "api", below, "charts"];
    let segments: Vec<_> = segments.into_iter().filter(|segment| !segment.is_empty()).collect();
    url.set_path(&segments.join("/"));
    url.set_query(None);
    url.set_fragment(None);
    Ok(url)
}

fn client(trust: &Trust) -> Result<Client, String> {
    let mut builder = Client::builder().timeout(TIMEOUT).user_agent(concat!("chandlery/", env!("CARGO_PKG_VERSION")));
    if let Some(path) = &trust.ca_file {
        let text = fs::read(path).map_err(|error| format!("--ca-file: {path}: {error}"))?;
        let certificates =
            Certificate::from_pem_bundle(&text).map_err(|error| format!("--ca-file: {path}: {error}"))?;
        builder = builder.tls_certs_merge(certificates);
    }
    builder = builder.tls_danger_accept_invalid_certs(trust.anybody);
    builder.build().map_err(|error| causes(&error))
}

/// What a server said, with its status; a line at most.
pub(super) fn told(status: StatusCode, text: &str) -> String {
    let answer: Value = serde_json::from_str(text).unwrap_or_default();
    // ChartMuseum's form, a registry's, or none
    let text = answer["error"].as_str().or(answer["errors"][0]["message"].as_str()).unwrap_or(text);
    let text: String = text.chars().filter(|character| !character.is_control()).take(TOLD).collect();
    format!("{status}: {text}")
}

/// An error with what is behind it.
pub(super) fn causes(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut source = error.source();
    while let Some(cause) = source {
        text.push_str(&format!(": {cause}"));
        source = cause.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_api_of_a_repository_is_found_by_its_address() {
        for (address, context, expected) in [
            ("http://host:8080", "", "http://host:8080/api/charts"),
            ("http://host:8080/", "", "http://host:8080/api/charts"),
            ("https://host/org/team/", "", "https://host/api/org/team/charts"),
            ("https://host/museum", "/museum", "https://host/museum/api/charts"),
            ("https://host/museum/org?x=1", "museum/", "https://host/museum/api/org/charts"),
        ] {
            assert_eq!(charts(address, context).unwrap().as_str(), expected, "{address} {context}");
        }
        for (address, context) in [
            ("host:8080", ""),
            ("oci://host/x", ""),
            ("http://me:secret@host", ""),
            ("http://host/museums", "museum"),
            ("http://host", "museum"),
        ] {
            let error = charts(address, context).unwrap_err();
            assert!(!error.contains("secret"), "{error}");
        }
    }
}
