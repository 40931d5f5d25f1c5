//! The way through the charts of several repositories, in order.

use std::ops::Bound;
use std::sync::Arc;

use catalogue::{Chart, RepositoryView};
use chart::ChartName;

use super::filter::Filter;

/// A chart in its repository.
#[derive(Clone, Copy)]
pub struct Place<'a> {
    /// Where it is.
    pub repository: &'a Arc<RepositoryView>,
    /// Its name.
    pub name: &'a ChartName,
    /// Its versions.
    pub chart: &'a Chart,
}

/// The charts whose names can fit, by repository and name, from `(repository, name)` on. What stands before is not looked at, nor is
/// what stands behind the last name that can fit: maps find both ends.
pub fn charts<'a>(
    repositories: impl Iterator<Item = &'a Arc<RepositoryView>>,
    filter: &'a Filter,
    from: Option<(&'a str, &'a str)>,
) -> impl Iterator<Item = Place<'a>> {
    repositories.flat_map(move |repository| {
        let resumed = from.filter(|(path, _)| *path == repository.repository.path.as_str());
        let first = resumed.map_or(filter.prefix(), |(_, name)| name.max(filter.prefix()));
        let charts = repository.repository.charts.range::<_, str>((Bound::Included(first), Bound::Unbounded));
        let charts = charts.take_while(|(name, _)| name.as_str().starts_with(filter.prefix()));
        charts.map(move |(name, chart)| Place { repository, name, chart })
    })
}
