//! Helm chart formats: bytes in, values out.
//!
//! Pure: no runtime, no files, no clock, no environment. Everything that a chart repository must know of a
//! package comes from [`Package::parse`], once; everything that an index says is written by [`index`].

mod archive;
mod constraint;
mod digest;
pub mod index;
mod limits;
mod metadata;
mod name;
pub mod oci;
mod package;
mod provenance;
mod quote;
mod text;
mod version;
pub mod yaml;

pub use archive::ArchiveError;
pub use constraint::{Constraint, ConstraintError};
pub use digest::{Digest, DigestError};
pub use limits::Limits;
pub use metadata::{DecodeError, Dependency, Maintainer, Metadata, MetadataError};
pub use name::{ChartName, NameError};
pub use package::{Folder, FolderError, Package, PackageError};
pub use provenance::{Provenance, ProvenanceError};
pub use version::{ChartVersion, VersionError};
