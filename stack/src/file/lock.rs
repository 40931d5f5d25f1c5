use serde::{Deserialize, Serialize};

use super::FileError;
use super::read::{known, read};

/// The format of locks that this program knows.
const FORMAT: u32 = 1;
/// The lock that the program carries.
const EMBEDDED: &str = include_str!("../../../deploy/stack/stack.lock");

/// Charts of others, exactly.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct Lock {
    format: u32,
    /// In order of names.
    pub charts: Vec<LockedChart>,
    /// What is installed and is no chart.
    pub manifests: Vec<LockedManifest>,
}

/// A chart of somebody else's.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LockedChart {
    /// Its name.
    pub name: String,
    /// The version, exactly.
    pub version: String,
    /// The version of what it installs; empty if nobody has looked.
    pub app_version: String,
    /// The address of its repository, or `oci://` and the address of the chart.
    pub source: String,
    /// When the version was released.
    pub released: String,
    /// Minor versions of Kubernetes that it is for, as a range of Helm's; empty if nobody has looked.
    pub kubernetes: String,
    /// Its licence; empty if nobody has looked.
    pub licence: String,
    /// Whether it is used.
    pub status: Status,
    /// API groups whose definitions it installs.
    pub crds: Vec<String>,
    /// SHA-256 of the archive, as `sha256:` and hexadecimal digits; empty until somebody who reaches the source has read it.
    pub digest: String,
    /// The digest of the manifest, if the source is a registry; empty until then.
    pub manifest_digest: String,
    /// What the archive's origin is proven by; empty if nobody has looked.
    pub provenance: String,
    /// Images with digests; empty until then.
    pub images: Vec<String>,
    /// False as long as something above is empty that must not be.
    pub resolved: bool,
}

/// Manifests that are no chart.
#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "camelCase")]
pub struct LockedManifest {
    /// A name for them.
    pub name: String,
    /// The version, exactly.
    pub version: String,
    /// The address of the text.
    pub source: String,
    /// API groups whose definitions they install.
    pub crds: Vec<String>,
    /// SHA-256 of the text; empty until somebody who reaches the source has read it.
    pub digest: String,
    /// False as long as the digest is empty.
    pub resolved: bool,
}

/// Whether a chart is used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Status {
    /// Some profile has it.
    Default,
    /// It can be used in place of another.
    Option,
    /// For those who move away from it.
    Legacy,
}

impl Lock {
    /// Reads a lock.
    ///
    /// # Errors
    /// If it is no YAML, has a field too many or too few, or another format.
    pub fn read(text: &str) -> Result<Self, FileError> {
        let lock: Self = read(text)?;
        known(lock.format, FORMAT)?;
        Ok(lock)
    }

    /// The one that the program carries: `deploy/stack/stack.lock`.
    ///
    /// # Errors
    /// Never of the file that was built in, which the tests read.
    pub fn embedded() -> Result<Self, FileError> {
        Self::read(EMBEDDED)
    }

    /// The chart of this name.
    pub fn chart(&self, name: &str) -> Option<&LockedChart> {
        self.charts.iter().find(|chart| chart.name == name)
    }

    /// The manifests of this name.
    pub fn manifest(&self, name: &str) -> Option<&LockedManifest> {
        self.manifests.iter().find(|manifest| manifest.name == name)
    }
}

impl LockedChart {
    /// The address in a registry without its scheme, if it is in one.
    pub fn registry(&self) -> Option<&str> {
        self.source.strip_prefix("oci://")
    }
}
