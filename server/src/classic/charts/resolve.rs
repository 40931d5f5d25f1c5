//! Which version a text means, as Helm and ChartMuseum have it.

use std::sync::Arc;

use catalogue::{PackageLocation, RepositoryPath, Version, View};
use chart::{ChartVersion, Constraint};

use crate::error::Error;

/// A version, and its place among its chart's versions.
#[derive(Debug, Clone)]
pub struct Resolved {
    /// The version.
    pub version: Arc<Version>,
    /// Counted from the newest.
    pub position: usize,
}

impl Resolved {
    /// Where its package is.
    pub fn package(&self) -> PackageLocation {
        (&self.version.package).into()
    }
}

/// Finds the version that is written exactly so, else the newest that satisfies the text as a range. `latest` and the empty text
/// are the newest version that is no pre-release.
///
/// # Errors
/// With ChartMuseum's text for each way in which there is none.
pub fn resolve(view: &View, repository: &RepositoryPath, name: &str, version: &str) -> Result<Resolved, Error> {
    let chart = view.repository(repository).and_then(|view| view.repository.chart(name));
    let chart = chart.ok_or(Error::NoChartName)?;
    let versions = &chart.versions;
    let version = if version == "latest" { "" } else { version };
    let found = |position: usize| Resolved { version: versions[position].clone(), position };

    if let Some(position) = ChartVersion::parse(version).ok().and_then(|version| chart.position(&version)) {
        return Ok(found(position));
    }
    let range = Constraint::parse(if version.is_empty() { "*" } else { version }).map_err(Error::Constraint)?;
    match versions.iter().position(|candidate| range.matches(&candidate.version)) {
        Some(position) => Ok(found(position)),
        None => Err(Error::NoVersion { name: name.to_owned(), version: version.to_owned() }),
    }
}
