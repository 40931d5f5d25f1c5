use bytes::Bytes;

use crate::{ChartName, ChartVersion, Digest, Limits, Metadata};

/// A chart package that passed every check, read once.
#[derive(Debug, Clone)]
pub struct Package {
    name: ChartName,
    version: ChartVersion,
    metadata: Metadata,
    digest: Digest,
    bytes: Bytes,
}

/// Why bytes are no chart package, in Helm's words where Helm has them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// No bytes at all.
    #[error("EOF")]
    Empty,
}

impl Package {
    /// Checks the bytes as Helm loads a chart, and within the limits.
    ///
    /// # Errors
    /// One variant for each way in which a package can be wrong.
    pub fn parse(_bytes: Bytes, _limits: &Limits) -> Result<Self, PackageError> {
        todo!()
    }

    /// The chart's name.
    pub fn name(&self) -> &ChartName {
        &self.name
    }

    /// The chart's version.
    pub fn version(&self) -> &ChartVersion {
        &self.version
    }

    /// `Chart.yaml`, with the dependencies of a v1 chart's `requirements.yaml`.
    pub fn metadata(&self) -> &Metadata {
        &self.metadata
    }

    /// [`Package::metadata`] as compact JSON, fields in Helm's order: what enters the journal and the index.
    /// Strings follow [`crate::index`]'s rules of escaping, so that the text can be copied into an index.
    pub fn metadata_json(&self) -> String {
        todo!()
    }

    /// SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The package itself.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// `<name>-<version>.tgz`, both verbatim.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }
}

/// Parts of a package that are read on demand, with the limits of the upload.
impl Package {
    /// `values.yaml` as it is, comments and all.
    ///
    /// # Errors
    /// If the bytes cannot be read as a chart archive.
    pub fn values(_bytes: &Bytes, _limits: &Limits) -> Result<Option<Bytes>, PackageError> {
        todo!()
    }

    /// The top chart's files below `templates/`, as (path, bytes) in archive order.
    ///
    /// # Errors
    /// If the bytes cannot be read as a chart archive.
    pub fn templates(_bytes: &Bytes, _limits: &Limits) -> Result<Vec<(String, Bytes)>, PackageError> {
        todo!()
    }
}
