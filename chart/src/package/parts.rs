//! Parts of a package that are read on demand.

use std::io::Read;
use std::ops::ControlFlow;

use bytes::Bytes;

use super::{Package, PackageError};
use crate::Limits;
use crate::archive::{self, ArchiveError, Budget, Visitor};

/// Parts of a package that are read on demand, with the limits of the upload.
impl Package {
    /// `values.yaml` as it is, comments and all.
    ///
    /// # Errors
    /// If the bytes cannot be read as a chart archive.
    pub fn values(bytes: &Bytes, limits: &Limits) -> Result<Option<Bytes>, PackageError> {
        Self::file(bytes, limits, "values.yaml")
    }

    /// The file with the path within the chart, such as `README.md`, `values.schema.json` or
    /// `charts/other/values.yaml`, without a byte order mark. If there are several, the first.
    ///
    /// # Errors
    /// If the bytes cannot be read as a chart archive up to that file.
    pub fn file(bytes: &Bytes, limits: &Limits, path: &str) -> Result<Option<Bytes>, PackageError> {
        let mut wanted = Wanted { path, found: None };
        archive::walk(&mut &bytes[..], &Budget::new(limits, bytes.len()), &mut wanted)?;
        Ok(wanted.found)
    }

    /// The top chart's files below `templates/`, as (path, bytes) in archive order.
    ///
    /// # Errors
    /// If the bytes cannot be read as a chart archive.
    pub fn templates(bytes: &Bytes, limits: &Limits) -> Result<Vec<(String, Bytes)>, PackageError> {
        let mut templates = Templates(Vec::new());
        archive::walk(&mut &bytes[..], &Budget::new(limits, bytes.len()), &mut templates)?;
        Ok(templates.0)
    }
}

struct Wanted<'p> {
    path: &'p str,
    found: Option<Bytes>,
}

impl Visitor for Wanted<'_> {
    fn visit(&mut self, path: &str, size: u64, content: &mut dyn Read) -> Result<ControlFlow<()>, ArchiveError> {
        if path != self.path {
            return Ok(ControlFlow::Continue(()));
        }
        self.found = Some(archive::read_file(size, content)?.into());
        Ok(ControlFlow::Break(()))
    }
}

struct Templates(Vec<(String, Bytes)>);

impl Visitor for Templates {
    fn visit(&mut self, path: &str, size: u64, content: &mut dyn Read) -> Result<ControlFlow<()>, ArchiveError> {
        if path.starts_with("templates/") {
            self.0.push((path.to_owned(), archive::read_file(size, content)?.into()));
        }
        Ok(ControlFlow::Continue(()))
    }
}
