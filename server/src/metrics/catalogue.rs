use std::time::Duration;

use ::catalogue::{Catalogue, Observer, Proposed, RepositoryPath};

use super::histogram::{Histogram, OF_STORAGE};
use super::text::{Kind, Text, number, seconds};
use crate::App;
use crate::config::Depth;

/// How long changes took, by their fate.
pub struct Commits {
    committed: Histogram,
    refused: Histogram,
    unavailable: Histogram,
}

impl Default for Commits {
    fn default() -> Self {
        let histogram = || Histogram::new(OF_STORAGE);
        Self { committed: histogram(), refused: histogram(), unavailable: histogram() }
    }
}

impl Observer for Commits {
    fn proposed(&self, duration: Duration, fate: Proposed) {
        match fate {
            Proposed::Committed => &self.committed,
            Proposed::Refused => &self.refused,
            Proposed::Unavailable => &self.unavailable,
        }
        .observe(duration);
    }
}

impl Commits {
    pub(super) fn write(&self, text: &mut Text) {
        let name = "chandlery_commit_duration_seconds";
        text.family(name, Kind::Histogram, "How long a change waited for its place in the journal.");
        for (outcome, histogram) in
            [("committed", &self.committed), ("refused", &self.refused), ("unavailable", &self.unavailable)]
        {
            histogram.write(text, name, &[("outcome", outcome)]);
        }
    }
}

/// What exists now. Only repositories that exist in the storage have numbers, whatever clients ask for.
pub(super) fn write(text: &mut Text, app: &App) {
    let view = app.catalogue.view();
    let mut rows: Vec<(String, usize, usize, u64)> = view
        .repositories()
        .filter(|of| !view.is_embedded(&of.repository.path))
        .map(|of| {
            let repository = &of.repository;
            let name = repository.path.to_string();
            (name, repository.charts.len(), repository.version_count(), of.index().identity.length)
        })
        .collect();
    let root = RepositoryPath::root();
    if app.settings.repository.depth == Depth::Fixed(0) && view.repository(&root).is_none() {
        // the one repository there is, though nothing was ever stored in it
        rows.push((root.to_string(), 0, 0, view.repository_or_empty(&root).index().identity.length));
    }
    let mut family = |name, help, number: fn(&(String, usize, usize, u64)) -> u64| {
        text.family(name, Kind::Gauge, help);
        for row in &rows {
            text.sample(name, &[("repo", &row.0)], number(row));
        }
    };
    family("chartmuseum_charts_served_total", "Charts, by repository.", |row| row.1 as u64);
    family("chartmuseum_chart_versions_served_total", "Versions of charts, by repository.", |row| row.2 as u64);
    family("chandlery_index_bytes", "Bytes of index.yaml, by repository.", |row| row.3);
    write_journal(text, &app.catalogue);
    let cache = &app.packages;
    text.single(
        "chandlery_package_cache_hits_total",
        Kind::Counter,
        "Packages that were found in memory.",
        cache.hits(),
    );
    text.single(
        "chandlery_package_cache_misses_total",
        Kind::Counter,
        "Packages that were read from the storage.",
        cache.misses(),
    );
    text.single("chandlery_package_cache_bytes", Kind::Gauge, "Bytes of the packages in memory.", cache.bytes());
}

fn write_journal(text: &mut Text, catalogue: &Catalogue) {
    let status = catalogue.status();
    text.single(
        "chandlery_journal_sequence",
        Kind::Gauge,
        "The last entry of the journal that this replica has applied.",
        status.sequence,
    );
    text.single(
        "chandlery_journal_lag_seconds",
        Kind::Gauge,
        "How long ago this replica last looked at the journal and got an answer.",
        number(catalogue.age().map_or(f64::INFINITY, seconds)),
    );
}
