//! What is accepted and makes trouble later: said at the upload, when somebody can still change it.

use std::sync::Arc;

use catalogue::Version;
use chart::{ChartVersion, Package};
use http::HeaderValue;

/// Flux takes no larger package by default (`--helm-chart-max-size`).
const FLUX_PACKAGE: u64 = 10 * 1024 * 1024;
/// Nor a larger file in one (`--helm-chart-file-max-size`); Helm itself neither.
const FLUX_FILE: u64 = 5 * 1024 * 1024;

/// Something about an uploaded package that some client will not take, or not find.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum Warning {
    /// The package is large.
    #[error("{file} has {size} bytes, and Flux takes packages of at most {FLUX_PACKAGE} by default")]
    LargePackage {
        /// The package's file name.
        file: String,
        /// In bytes.
        size: u64,
    },
    /// A file in it is large.
    #[error("{file} has a file of {size} bytes, and Helm and Flux take at most {FLUX_FILE}")]
    LargeFile {
        /// The package's file name.
        file: String,
        /// Of the largest file in it, in bytes.
        size: u64,
    },
    /// The version is one to Helm, but not to the letter of SemVer.
    #[error("version {version} of {name} is not strict SemVer, and Helm does not list it in OCI registries")]
    LooseVersion {
        /// The chart.
        name: String,
        /// Its version.
        version: String,
    },
    /// Another version has the same precedence.
    #[error("version {version} of {name} differs from {other} in build metadata only, which no range tells apart")]
    Twin {
        /// The chart.
        name: String,
        /// Its version.
        version: String,
        /// The other one.
        other: String,
    },
}

impl Warning {
    /// Everything to be said of a package that now stands among these versions of its chart.
    pub fn of(package: &Package, versions: &[Arc<Version>]) -> Vec<Self> {
        let (file, name, version) = (package.file_name(), package.name().to_string(), package.version());
        let mut warnings = Vec::new();
        let size = package.bytes().len() as u64;
        if size > FLUX_PACKAGE {
            warnings.push(Self::LargePackage { file: file.clone(), size });
        }
        if package.largest_file() > FLUX_FILE {
            warnings.push(Self::LargeFile { file, size: package.largest_file() });
        }
        if ChartVersion::parse_strict(version.as_str()).is_err() {
            warnings.push(Self::LooseVersion { name: name.clone(), version: version.to_string() });
        }
        let build = &version.semver().build;
        let mut same = versions.iter().filter(|other| other.version.cmp_precedence(version).is_eq());
        if let Some(other) = same.find(|other| other.version.semver().build != *build) {
            warnings.push(Self::Twin { name, version: version.to_string(), other: other.version.to_string() });
        }
        warnings
    }

    /// As a value of the header `Warning`: 299 is a lasting one, of nobody in particular.
    pub fn header(&self) -> HeaderValue {
        let plain = |c: char| if c.is_ascii_graphic() || c == ' ' { c } else { '?' };
        let text: String = self.to_string().chars().map(plain).collect();
        let text = text.replace('\\', "\\\\").replace('"', "\\\"");
        HeaderValue::try_from(format!("299 - \"{text}\"")).expect("visible ASCII characters are a header value")
    }
}
