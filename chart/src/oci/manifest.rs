use std::collections::BTreeMap;

use serde::Deserialize;

mod spelling;

use super::{ContentDigest, media_type};

/// What a registry must understand of a manifest. Everything else in it is kept by keeping its bytes.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Manifest {
    /// Its format, as the request names it, without parameters.
    pub media_type: String,
    /// What it is for, if it says so.
    pub artifact_type: Option<String>,
    /// What it configures; none in an index.
    pub config: Option<Descriptor>,
    /// Its blobs; none in an index.
    pub layers: Vec<Descriptor>,
    /// The manifests of an index.
    pub manifests: Vec<Descriptor>,
    /// The manifest that it says something about. That need not exist.
    pub subject: Option<Descriptor>,
    /// What it says of itself.
    pub annotations: BTreeMap<String, String>,
}

/// A reference from a manifest to content.
#[derive(Debug, Clone, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "camelCase")]
pub struct Descriptor {
    /// The format of the content.
    pub media_type: String,
    /// The digest of the content.
    #[serde(deserialize_with = "digest")]
    pub digest: ContentDigest,
    /// Its length in bytes.
    #[serde(deserialize_with = "size")]
    pub size: u64,
}

/// Why bytes are no manifest.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ManifestError {
    /// Neither the request nor the manifest says what format it has.
    #[error("the request names no media type, and neither does the manifest")]
    NoMediaType,
    /// The request and the manifest say different things.
    #[error("the request says {request:?}, the manifest {manifest:?}")]
    OtherMediaType {
        /// Of the request.
        request: String,
        /// In the manifest.
        manifest: String,
    },
    /// No manifest that this registry knows.
    #[error("{0:?} is no media type of a manifest")]
    UnknownMediaType(String),
    /// The JSON is none, or not that of a manifest.
    #[error("the manifest cannot be read: {0}")]
    Json(String),
    /// Of another version of the format.
    #[error("the manifest's schemaVersion is not 2")]
    SchemaVersion,
    /// An image manifest without config.
    #[error("the manifest has no config")]
    NoConfig,
    /// A manifest that is two things to two readers.
    #[error("the manifest has both layers and manifests")]
    Ambiguous,
    /// A chart of several packages, or provenances: some clients take the first of them, Helm the last.
    #[error("the manifest of a chart has several layers of the type {0}")]
    SeveralLayers(&'static str),
}

/// The longest text that an error repeats of what a client sent.
const QUOTED: usize = 200;

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Document {
    schema_version: Option<u64>,
    media_type: Option<String>,
    artifact_type: Option<String>,
    config: Option<Descriptor>,
    layers: Option<Vec<Descriptor>>,
    manifests: Option<Vec<Descriptor>>,
    subject: Option<Descriptor>,
    annotations: Option<BTreeMap<String, String>>,
}

fn digest<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<ContentDigest, D::Error> {
    let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
    text.parse().map_err(|error| serde::de::Error::custom(format!("{:?}: {error}", quoted(&text))))
}

/// The specification's numbers have a sign, and its readers take no larger ones.
fn size<'de, D: serde::Deserializer<'de>>(deserializer: D) -> Result<u64, D::Error> {
    let size = u64::deserialize(deserializer)?;
    match i64::try_from(size) {
        Ok(_) => Ok(size),
        Err(_) => Err(serde::de::Error::custom(format!("{size} is no length"))),
    }
}

fn quoted(text: &str) -> String {
    text.chars().take(QUOTED).collect()
}

impl Manifest {
    /// Reads a manifest that a request calls `content_type`. A manifest need not say itself what it is (Helm's do not), but
    /// if it does it must say the same. How long it may be is the caller's business.
    ///
    /// # Errors
    /// If it is none, or not of a format that this registry knows.
    pub fn parse(bytes: &[u8], content_type: Option<&str>) -> Result<Self, ManifestError> {
        // JSON is UTF-8, also in what is not looked at
        let text = std::str::from_utf8(bytes).map_err(|error| ManifestError::Json(error.to_string()))?;
        let json = |error: serde_json::Error| ManifestError::Json(quoted(&error.to_string()));
        spelling::check(text).map_err(json)?;
        let document: Document = serde_json::from_str(text).map_err(json)?;
        let essence = content_type.map(|text| text.split(';').next().unwrap_or_default().trim().to_ascii_lowercase());
        let own = document.media_type.filter(|text| !text.is_empty());
        let media_type = match (essence.filter(|text| !text.is_empty()), own) {
            (None, None) => return Err(ManifestError::NoMediaType),
            (Some(request), Some(manifest)) if request != manifest => {
                return Err(ManifestError::OtherMediaType { request: quoted(&request), manifest: quoted(&manifest) });
            }
            (Some(one), _) | (None, Some(one)) => one,
        };
        let is_index = match &*media_type {
            media_type::MANIFEST | media_type::DOCKER_MANIFEST => false,
            media_type::INDEX | media_type::DOCKER_MANIFEST_LIST => true,
            other => return Err(ManifestError::UnknownMediaType(quoted(other))),
        };
        if document.schema_version != Some(2) {
            return Err(ManifestError::SchemaVersion);
        }
        let has_blobs = document.config.is_some() || document.layers.is_some();
        if (is_index && has_blobs) || (!is_index && document.manifests.is_some()) {
            return Err(ManifestError::Ambiguous);
        }
        if !is_index && document.config.is_none() {
            return Err(ManifestError::NoConfig);
        }
        let manifest = Self {
            media_type,
            artifact_type: document.artifact_type.filter(|text| !text.is_empty()),
            config: document.config,
            layers: document.layers.unwrap_or_default(),
            manifests: document.manifests.unwrap_or_default(),
            subject: document.subject,
            annotations: document.annotations.unwrap_or_default(),
        };
        if manifest.is_chart() {
            manifest.check_chart()?;
        }
        Ok(manifest)
    }

    fn check_chart(&self) -> Result<(), ManifestError> {
        let packages = [media_type::CHART_PACKAGE, media_type::CHART_PACKAGE_LEGACY];
        for types in [&packages[..], &[media_type::CHART_PROVENANCE]] {
            let mut layers = self.layers.iter().filter(|layer| types.contains(&&*layer.media_type));
            let first = layers.next();
            if layers.any(|layer| first.is_some_and(|first| first.digest != layer.digest)) {
                return Err(ManifestError::SeveralLayers(types[0]));
            }
        }
        Ok(())
    }

    /// True if it is a list of manifests.
    pub fn is_index(&self) -> bool {
        matches!(&*self.media_type, media_type::INDEX | media_type::DOCKER_MANIFEST_LIST)
    }

    /// True if Helm would take it for a chart.
    pub fn is_chart(&self) -> bool {
        self.config.as_ref().is_some_and(|config| config.media_type == media_type::CHART_CONFIG)
    }

    /// The layer that is a chart's package: the first of Helm's type, else of the type that Helm had before.
    pub fn chart_package(&self) -> Option<&Descriptor> {
        let layer = |media_type| self.layers.iter().find(|layer| layer.media_type == media_type);
        layer(media_type::CHART_PACKAGE).or_else(|| layer(media_type::CHART_PACKAGE_LEGACY))
    }

    /// The layer that is a chart's provenance.
    pub fn chart_provenance(&self) -> Option<&Descriptor> {
        self.layers.iter().find(|layer| layer.media_type == media_type::CHART_PROVENANCE)
    }

    /// The blobs that must be there for the manifest to be of use.
    pub fn blobs(&self) -> impl Iterator<Item = &Descriptor> {
        self.config.iter().chain(self.layers.iter().filter(|layer| !layer.is_foreign()))
    }

    /// What a list of referrers says that it is for: a manifest that does not say so itself is for what its config is.
    pub fn kind(&self) -> Option<&str> {
        self.artifact_type.as_deref().or(self.config.as_ref().map(|config| &*config.media_type))
    }
}

impl Descriptor {
    /// Its content is not for registries: it lies elsewhere.
    pub fn is_foreign(&self) -> bool {
        media_type::FOREIGN.iter().any(|foreign| self.media_type.starts_with(foreign))
    }
}

#[cfg(test)]
mod tests;
