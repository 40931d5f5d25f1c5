use bytes::Bytes;
use chart::oci::ContentDigest;
use reqwest::{Method, RequestBuilder};
use serde_json::{Value, json};
use sha2::{Digest as _, Sha512};

use crate::{Answer, Chart, Server};

/// The type of an image's manifest.
pub const MANIFEST: &str = "application/vnd.oci.image.manifest.v1+json";
/// The type of an index of manifests.
pub const INDEX: &str = "application/vnd.oci.image.index.v1+json";
/// The type of a chart's config.
pub const CHART_CONFIG: &str = "application/vnd.cncf.helm.config.v1+json";
/// The type of a chart's package.
pub const CHART_PACKAGE: &str = "application/vnd.cncf.helm.chart.content.v1.tar+gzip";
/// The type of a chart's provenance.
pub const CHART_PROVENANCE: &str = "application/vnd.cncf.helm.chart.provenance.v1.prov";

/// `sha256:<hex>` of the bytes.
pub fn sha256(bytes: &[u8]) -> String {
    ContentDigest::of(bytes).to_string()
}

/// `sha512:<hex>` of the bytes.
pub fn sha512(bytes: &[u8]) -> String {
    ContentDigest::Sha512(Sha512::digest(bytes).into()).to_string()
}

/// A reference to content.
pub fn descriptor(media_type: &str, bytes: &[u8]) -> Value {
    json!({ "mediaType": media_type, "digest": sha256(bytes), "size": bytes.len() })
}

/// An image's manifest of a config and layers.
pub fn image(config: Value, layers: &[Value]) -> Value {
    json!({ "schemaVersion": 2, "mediaType": MANIFEST, "config": config, "layers": layers })
}

impl Answer {
    /// Demands the status, and the registry's form of an error with this code.
    #[track_caller]
    pub fn expect_code(self, status: u16, code: &str) -> Self {
        let answer = self.expect(status);
        assert_eq!(answer.header("content-type"), Some("application/json"), "{}", answer.request);
        let body = answer.json();
        let errors = body["errors"].as_array().unwrap_or_else(|| panic!("{} has no errors: {body}", answer.request));
        assert_eq!(errors.len(), 1, "{body}");
        assert_eq!(errors[0]["code"], code, "{} {body}", answer.request);
        assert!(errors[0]["message"].as_str().is_some_and(|message| !message.is_empty()), "{body}");
        answer
    }

    /// A relative address of the registry.
    #[track_caller]
    pub fn location(&self) -> String {
        let location = self.header("location").unwrap_or_else(|| panic!("{} has no Location", self.request));
        assert!(location.starts_with("/v2/"), "{location}");
        location.to_owned()
    }
}

/// Requests to the registry.
impl Server {
    /// Begins an upload. Returns where it is.
    pub async fn begin_upload(&self, name: &str) -> String {
        let answer = self.send(self.request(Method::POST, &format!("/v2/{name}/blobs/uploads/"))).await.expect(202);
        assert_eq!(answer.header("range"), Some("0-0"));
        answer.location()
    }

    /// A request with bytes for an upload, at the range that is given.
    pub fn chunk(&self, method: Method, path: &str, range: Option<&str>, bytes: impl Into<Bytes>) -> RequestBuilder {
        let request = self.request(method, path).header("content-type", "application/octet-stream").body(bytes.into());
        match range {
            Some(range) => request.header("content-range", range),
            None => request,
        }
    }

    /// Uploads a blob as Helm does. Returns its digest.
    pub async fn push_blob(&self, name: &str, bytes: impl Into<Bytes>) -> String {
        let bytes = bytes.into();
        let digest = sha256(&bytes);
        let location = self.begin_upload(name).await;
        let request = self.chunk(Method::PUT, &format!("{location}?digest={digest}"), None, bytes);
        let answer = self.send(request).await.expect(201);
        assert_eq!(answer.header("docker-content-digest"), Some(&*digest));
        digest
    }

    /// Sends a manifest as it is.
    pub async fn put_manifest(&self, name: &str, reference: &str, media_type: &str, bytes: impl Into<Bytes>) -> Answer {
        let request = self.request(Method::PUT, &format!("/v2/{name}/manifests/{reference}"));
        self.send(request.header("content-type", media_type).body(bytes.into())).await
    }

    /// Pushes an image of one layer. Returns the manifest's bytes.
    pub async fn push_image(&self, name: &str, reference: &str, layer: &str) -> Bytes {
        self.push_blob(name, "{}").await;
        self.push_blob(name, layer.to_owned()).await;
        let config = descriptor("application/vnd.oci.image.config.v1+json", b"{}");
        let layers = [descriptor("application/vnd.oci.image.layer.v1.tar", layer.as_bytes())];
        let manifest = Bytes::from(image(config, &layers).to_string());
        self.put_manifest(name, reference, MANIFEST, manifest.clone()).await.expect(201);
        manifest
    }

    /// Pushes the blobs of a chart to a repository as Helm does. Returns the name and the manifest, which has no media type.
    pub async fn push_chart_blobs(&self, repository: &str, chart: &Chart, provenance: Option<&str>) -> (String, Bytes) {
        let name = format!("{repository}/{}", chart.name).trim_start_matches('/').to_owned();
        let config = json!({ "apiVersion": "v2", "name": chart.name, "version": chart.version }).to_string();
        self.push_blob(&name, config.clone()).await;
        self.push_blob(&name, chart.bytes.clone()).await;
        let mut layers = vec![descriptor(CHART_PACKAGE, &chart.bytes)];
        if let Some(provenance) = provenance {
            self.push_blob(&name, provenance.to_owned()).await;
            layers.push(descriptor(CHART_PROVENANCE, provenance.as_bytes()));
        }
        layers.sort_by_key(|layer| layer["digest"].to_string());
        let config = descriptor(CHART_CONFIG, config.as_bytes());
        let manifest = json!({ "schemaVersion": 2, "config": config, "layers": layers });
        (name, Bytes::from(manifest.to_string()))
    }

    /// Pushes a chart to a repository as Helm does.
    pub async fn push_chart(&self, repository: &str, chart: &Chart, provenance: Option<&str>) -> Answer {
        let (name, manifest) = self.push_chart_blobs(repository, chart, provenance).await;
        self.put_manifest(&name, &chart.version.replace('+', "_"), MANIFEST, manifest).await
    }
}
