mod folder;
mod ignore;
mod parts;
mod tree;

use std::sync::Arc;

use bytes::Bytes;

use crate::archive::{self, ArchiveError, Budget};
use crate::index::to_json;
use crate::{ChartName, ChartVersion, DecodeError, Digest, Limits, Metadata, MetadataError};
pub use folder::{Folder, FolderError};
use tree::{Planter, Tree};

/// A chart package that passed every check, read once.
#[derive(Debug, Clone)]
pub struct Package {
    name: ChartName,
    version: ChartVersion,
    metadata: Arc<Metadata>,
    metadata_json: Arc<str>,
    digest: Digest,
    largest_file: u64,
    bytes: Bytes,
}

/// Why bytes are no chart package, in Helm's words where Helm has them.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum PackageError {
    /// The archive itself is wrong.
    #[error(transparent)]
    Archive(#[from] ArchiveError),
    /// There is no `Chart.yaml`.
    #[error("Chart.yaml file is missing")]
    ChartYamlMissing,
    /// A file that Helm reads with every chart cannot be read.
    #[error("cannot load {file}: {error}")]
    File {
        /// Its name.
        file: &'static str,
        /// Why.
        error: DecodeError,
    },
    /// The metadata breaks one of Helm's rules.
    #[error(transparent)]
    Metadata(#[from] MetadataError),
    /// The metadata is larger than an index should have to carry.
    #[error("metadata has {size} bytes, more than the {limit} that fit into an index")]
    MetadataTooLarge {
        /// As JSON.
        size: usize,
        /// [`Limits::metadata_size`].
        limit: usize,
    },
    /// Something is wrong with a chart within the chart.
    #[error("error unpacking subchart {name} in {parent}: {error}")]
    SubChart {
        /// The name of its folder or archive.
        name: String,
        /// The name of the chart around it.
        parent: String,
        /// What is wrong.
        error: Box<PackageError>,
    },
    /// A folder within `charts` is called like an archive.
    #[error("error unpacking subchart tar in {parent}: expected {name}, got {found}")]
    SubChartName {
        /// The name of the chart around it.
        parent: String,
        /// The name of the folder.
        name: String,
        /// The first file in it.
        found: String,
    },
}

impl Package {
    /// Checks the bytes as Helm loads a chart, and within the limits.
    ///
    /// The content is never in memory as a whole: whatever the bytes are, this takes less than 64 MiB beyond them with
    /// the default limits.
    ///
    /// # Errors
    /// One variant for each way in which a package can be wrong.
    pub fn parse(bytes: Bytes, limits: &Limits) -> Result<Self, PackageError> {
        let budget = Budget::new(limits, bytes.len());
        let mut planter = Planter { tree: Tree::default(), budget: &budget, depth: 0 };
        archive::walk(&mut &bytes[..], &budget, &mut planter)?;
        let (name, version, metadata) = planter.tree.judge()?;
        let metadata_json = to_json(&metadata);
        if metadata_json.len() > limits.metadata_size {
            return Err(PackageError::MetadataTooLarge { size: metadata_json.len(), limit: limits.metadata_size });
        }
        let digest = Digest::of(&bytes);
        Ok(Self {
            name,
            version,
            metadata: Arc::new(metadata),
            metadata_json: metadata_json.into(),
            digest,
            largest_file: budget.largest_file(),
            bytes,
        })
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
        self.metadata_json.as_ref().to_owned()
    }

    /// SHA-256 of the bytes.
    pub fn digest(&self) -> Digest {
        self.digest
    }

    /// The package itself.
    pub fn bytes(&self) -> &Bytes {
        &self.bytes
    }

    /// Bytes of the largest file in it, unpacked; those in archives within it count too.
    pub fn largest_file(&self) -> u64 {
        self.largest_file
    }

    /// `<name>-<version>.tgz`, both verbatim.
    pub fn file_name(&self) -> String {
        format!("{}-{}.tgz", self.name, self.version)
    }
}
