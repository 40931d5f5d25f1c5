//! A server on a store in memory, charts to feed it, and answers to look at.

use std::sync::Arc;
use std::time::Duration;

use axum::body::Body;
use bytes::Bytes;
use catalogue::{Catalogue, Freshness, IndexOptions, Options};
use flate2::Compression;
use flate2::write::GzEncoder;
use futures_util::StreamExt;
use http::{HeaderMap, Method, Request, StatusCode};
use http_body_util::BodyExt;
use serde_json::Value;
use storage::faulty::{Faulty, Plan};
use storage::memory::MemoryStore;
use storage::{Listed, ObjectStore, Prefix};

use crate::App;
use crate::auth::Authentication;
use crate::config::{Depth, Settings};
use crate::opening;
use crate::router::Door;

/// A server whose storage can be made to fail.
pub struct TestServer {
    pub door: Door,
    pub store: Faulty<MemoryStore>,
}

/// What came back.
#[derive(Debug)]
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: Bytes,
}

impl TestServer {
    /// With all settings at their defaults.
    pub async fn start() -> Self {
        Self::with(|_| {}).await
    }

    /// With some settings changed. Every read asks the storage, and nothing is answered from an older state. The charts of
    /// the program itself are served if the settings are told where.
    pub async fn with(change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = Settings::default();
        settings.catalogue.freshness = Some(Freshness::Strict);
        settings.catalogue.stale_while_down = Duration::ZERO;
        settings.repository.stack = None;
        change(&mut settings);
        Self::on(Faulty::new(MemoryStore::new(), Plan::none()), settings).await
    }

    /// Another replica on the storage of this one, with some settings changed.
    pub async fn sharing(other: &Self, change: impl FnOnce(&mut Settings)) -> Self {
        let mut settings = other.door.app().settings.clone();
        change(&mut settings);
        Self::on(other.store.clone(), settings).await
    }

    async fn on(store: Faulty<MemoryStore>, settings: Settings) -> Self {
        let options = Options {
            freshness: settings.catalogue.freshness.unwrap(),
            stale_while_down: settings.catalogue.stale_while_down,
            follow_interval: Duration::ZERO,
            reconcile_interval: Duration::ZERO,
            index: IndexOptions {
                format: settings.index.format,
                context_path: settings.repository.context_path.clone(),
                urls_by_digest: settings.repository.allow_overwrite,
                chart_url: settings.index.chart_url.clone(),
                ..IndexOptions::default()
            },
            limits: settings.upload.limits.clone(),
            embedded: opening::stack(&settings).unwrap().map(Arc::new),
            ..Options::default()
        };
        let catalogue = Catalogue::open(Arc::new(store.clone()), options).await.unwrap();
        let authentication = Authentication::new(&settings.auth).unwrap().at_depth(settings.repository.depth);
        let app = App::new(settings, authentication, catalogue);
        Self { door: Door::new(Arc::new(app)), store }
    }

    pub async fn at_depth(depth: Depth) -> Self {
        Self::with(|settings| settings.repository.depth = depth).await
    }

    pub async fn send(&self, request: Request<Body>) -> Answer {
        let (head, body) = self.door.answer(request).await.into_parts();
        let body = body.collect().await.unwrap().to_bytes();
        Answer { status: head.status, headers: head.headers, body }
    }

    pub async fn ask(&self, method: Method, path: &str, headers: &[(&str, &str)], body: impl Into<Body>) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        self.send(request.body(body.into()).unwrap()).await
    }

    pub async fn get(&self, path: &str) -> Answer {
        self.ask(Method::GET, path, &[], Body::empty()).await
    }

    pub async fn get_with(&self, path: &str, headers: &[(&str, &str)]) -> Answer {
        self.ask(Method::GET, path, headers, Body::empty()).await
    }

    pub async fn head(&self, path: &str) -> Answer {
        self.ask(Method::HEAD, path, &[], Body::empty()).await
    }

    pub async fn delete(&self, path: &str) -> Answer {
        self.ask(Method::DELETE, path, &[], Body::empty()).await
    }

    pub async fn post(&self, path: &str, body: impl Into<Body>) -> Answer {
        self.ask(Method::POST, path, &[], body).await
    }

    /// Uploads a chart and insists that it is taken.
    pub async fn publish(&self, name: &str, version: &str) -> Bytes {
        let package = package(name, version);
        let answer = self.post("/api/charts", package.clone()).await;
        assert_eq!((answer.status.as_u16(), answer.text()), (201, r#"{"saved":true}"#), "{name} {version}");
        package
    }

    /// Names and versions of the root's index, in its order.
    pub async fn listed(&self) -> Vec<String> {
        self.listed_in("").await
    }

    pub async fn listed_in(&self, repository: &str) -> Vec<String> {
        let index = self.get(&format!("{repository}/index.yaml")).await;
        assert_eq!(index.status, 200);
        names(&index.json()["entries"])
    }

    /// Takes a file away by hand.
    pub async fn remove_file(&self, key: &str) {
        self.store.inner().delete(&storage::Key::new(key).unwrap()).await.unwrap();
    }

    /// Keys of all objects but the journal's and the like.
    pub async fn files(&self) -> Vec<String> {
        let lines: Vec<_> = self.store.inner().list(&Prefix::root()).collect().await;
        let keys = lines.into_iter().filter_map(|line| match line.unwrap() {
            Listed::Object(key, _) => Some(key.to_string()),
            Listed::Folder(_) => None,
        });
        keys.filter(|key| !key.starts_with(".chandlery/")).collect()
    }
}

impl Answer {
    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).unwrap()
    }

    pub fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|error| panic!("{error}: {self:?}"))
    }

    /// The value of a header; empty without one.
    pub fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }

    #[track_caller]
    pub fn is(&self, status: u16, text: &str) {
        assert_eq!((self.status.as_u16(), self.text()), (status, text));
        let length = self.header("content-length");
        assert_eq!(length, self.body.len().to_string());
    }

    /// The status, and ChartMuseum's way to tell an error.
    #[track_caller]
    pub fn is_error(&self, status: u16, message: &str) {
        self.is(status, &format!(r#"{{"error":"{message}"}}"#));
        assert_eq!(self.header("content-type"), "application/json; charset=utf-8");
    }
}

/// `name version` of every entry of a map from names to entries.
pub fn names(entries: &Value) -> Vec<String> {
    let entries = entries.as_object().unwrap().values().flat_map(|entries| entries.as_array().unwrap());
    entries.map(|entry| format!("{} {}", entry["name"].as_str().unwrap(), entry["version"].as_str().unwrap())).collect()
}

/// A package with values and a template.
pub fn package(name: &str, version: &str) -> Bytes {
    packed(&[
        ("Chart.yaml", &chart_yaml(name, version)),
        ("values.yaml", "# how many\nreplicas: 1\nimage:\n  tag: b\n  name: a\n"),
        ("templates/pod.yaml", "kind: Pod\n"),
        ("templates/sub/service.yaml", "kind: Service\n"),
        ("README.md", "# Read me\n"),
    ])
}

pub fn chart_yaml(name: &str, version: &str) -> String {
    format!("apiVersion: v2\nname: {}\nversion: {}\n", Value::from(name), Value::from(version))
}

/// A package of these files.
pub fn packed(files: &[(&str, &str)]) -> Bytes {
    let mut archive = tar::Builder::new(GzEncoder::new(Vec::new(), Compression::fast()));
    for (path, text) in files {
        let mut header = tar::Header::new_gnu();
        header.set_size(text.len() as u64);
        header.set_mode(0o644);
        archive.append_data(&mut header, format!("chart/{path}"), text.as_bytes()).unwrap();
    }
    archive.into_inner().unwrap().finish().unwrap().into()
}

/// A provenance in the form of `helm package --sign`.
pub fn provenance(name: &str, version: &str, package: &[u8]) -> String {
    let digest = chart::Digest::of(package);
    format!(
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA512\n\napiVersion: v2\nname: {name}\nversion: {version}\n\n...\n\
         files:\n  {name}-{version}.tgz: sha256:{digest}\n-----BEGIN PGP SIGNATURE-----\n\n\
         wsBcBAEBCgAQBQJdy0ReCRCEO7+YH8GHYgAAfhUIADx3pHHLLINv0MFkiEYpX/Kd\n=hBsv\n-----END PGP SIGNATURE-----\n"
    )
}
