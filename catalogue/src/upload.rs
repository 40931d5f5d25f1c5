//! What an upload brings, and what it may do.

use std::num::NonZeroUsize;

use bytes::Bytes;
use chart::{Digest, Package, Provenance};

/// What a client sends, read.
#[derive(Debug, Clone, Default)]
pub struct Upload {
    /// Packages, each with another file name.
    pub packages: Vec<Package>,
    /// Provenances and their bytes, each of another package: one of this upload, or another one.
    pub provenances: Vec<(Provenance, Bytes)>,
}

/// What an upload may do. The default: add what does not exist, as much as it likes.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Terms {
    /// What exists may be replaced.
    pub overwrite: bool,
    /// Most packages and provenances that it may leave in its repository, unless there were more before.
    pub files_per_repository: Option<NonZeroUsize>,
    /// Most versions that it leaves of a chart: the lowest others are removed by the same commit.
    pub versions_per_chart: Option<NonZeroUsize>,
}

impl Terms {
    /// Without limits.
    pub fn overwriting(overwrite: bool) -> Self {
        Self { overwrite, ..Self::default() }
    }
}

/// A provenance on its way into the storage.
#[derive(Debug, Clone)]
pub(crate) struct SignedText {
    /// The package's file name that it signs.
    pub file: String,
    /// The package digest that it vouches for.
    pub vouches: Option<Digest>,
    /// Its bytes.
    pub bytes: Bytes,
}

/// An upload, sorted.
#[derive(Debug)]
pub(crate) struct Sorted {
    /// Packages, each with its own provenance.
    pub packages: Vec<(Package, Option<SignedText>)>,
    /// Provenances of other packages.
    pub provenances: Vec<SignedText>,
}

impl From<Upload> for Sorted {
    fn from(Upload { packages, provenances }: Upload) -> Self {
        let signed = |(provenance, bytes): (Provenance, Bytes)| SignedText {
            file: provenance.package_file_name(),
            vouches: provenance.digest(),
            bytes,
        };
        let mut provenances: Vec<_> = provenances.into_iter().map(signed).collect();
        let with_own = |package: Package| {
            let file = package.file_name();
            let own = provenances.iter().position(|signed| signed.file == file);
            let own = own.map(|position| provenances.remove(position));
            (package, own)
        };
        Self { packages: packages.into_iter().map(with_own).collect(), provenances }
    }
}

impl Sorted {
    /// A package and its own provenance, or a provenance alone: what a crash leaves of it is no half of something else.
    pub fn is_one_unit(&self) -> bool {
        self.packages.len() + self.provenances.len() <= 1
    }
}
