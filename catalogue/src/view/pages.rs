//! How a repository is cut into pages, and which of them must be rendered again.
//!
//! Names chosen by hash begin a [`Region`]. Within a region charts with many versions have pages of their own, counted
//! from the oldest version so that a new one changes only the newest page; the small charts between them share one. So
//! where a page ends follows from the state alone, and publishing a version renders one page.

use std::collections::HashMap;
use std::ops::Bound;
use std::sync::Arc;

use bytes::Bytes;
use chart::ChartName;
use chart::index::Page;
use imbl::OrdMap;
use uuid::Uuid;

use super::begins_region;
use super::render::Plan;
use crate::{Chart, IndexOptions, Repository, Version};

/// Entries on one page of a large chart: about 30 KB of text, which compresses as well as any more would.
const ENTRIES_ON_A_PAGE: usize = 64;
/// A chart with so many versions has pages of its own.
const LARGE_CHART: usize = 32;

/// The chart name that a region begins at; the first region of a repository begins at the empty text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct RegionKey(pub Arc<str>);

impl From<&ChartName> for RegionKey {
    fn from(name: &ChartName) -> Self {
        Self(name.as_str().into())
    }
}

/// A repository's regions, in order of names.
pub type Regions = OrdMap<RegionKey, Arc<Region>>;

/// A run of charts and their pages.
#[derive(Debug)]
pub struct Region {
    pages: Vec<(Plan, Page)>,
}

impl Region {
    /// In order.
    pub fn pages(&self) -> impl Iterator<Item = &Page> {
        self.pages.iter().map(|(_, page)| page)
    }

    /// The JSON texts of a chart's entries, newest first.
    pub(super) fn entries(&self, name: &ChartName) -> Vec<Bytes> {
        let has = |plan: &Plan| match plan {
            Plan::Part(part, _) => part == name,
            Plan::Charts(charts) => charts.iter().any(|(chart, _)| chart == name),
        };
        let pages = self.pages.iter().filter(|(plan, _)| has(plan));
        let texts = pages.flat_map(|(_, page)| page.charts());
        texts.filter(|(chart, _)| chart == name.as_str()).flat_map(|(_, entries)| entries).collect()
    }
}

/// Renders every region, taking stored pages where there are any.
pub(super) fn render_all(
    storage: Uuid,
    repository: &Repository,
    options: &IndexOptions,
    mut stored: impl FnMut(&RegionKey) -> Option<Vec<Page>>,
) -> Regions {
    let regions = cut(storage, RegionKey("".into()), repository.charts.iter());
    let render = |(key, charts): (RegionKey, Vec<_>)| {
        let plans = plan(&charts);
        let pages = match stored(&key) {
            Some(pages) if pages.len() == plans.len() => plans.into_iter().zip(pages).collect(),
            _ => render(plans, &HashMap::new(), repository, options),
        };
        (key, Arc::new(Region { pages }))
    };
    regions.into_iter().map(render).collect()
}

/// Renders every region, but for the pages that are among these with the very same versions.
pub(super) fn render_again(
    storage: Uuid,
    repository: &Repository,
    options: &IndexOptions,
    before: Option<&Regions>,
) -> Regions {
    let pages = before.into_iter().flat_map(|before| before.values()).flat_map(|region| &region.pages);
    let reusable: HashMap<_, _> = pages.filter_map(|page| Some((Arc::as_ptr(page.0.first()?), page))).collect();
    let regions = cut(storage, RegionKey("".into()), repository.charts.iter()).into_iter();
    let render = |(key, charts): (RegionKey, Vec<_>)| {
        (key, Arc::new(Region { pages: render(plan(&charts), &reusable, repository, options) }))
    };
    regions.map(render).collect()
}

/// Renders the regions that the changed charts belong to. Returns all regions, and those that changed with their
/// pages.
pub(super) fn render_changed<'a>(
    storage: Uuid,
    repository: &Repository,
    options: &IndexOptions,
    mut regions: Regions,
    charts: impl Iterator<Item = &'a ChartName>,
) -> (Regions, Vec<(RegionKey, Vec<Page>)>) {
    let mut changed = Vec::new();
    let mut done: Option<Option<ChartName>> = None;
    for name in charts {
        // charts come in order: one before the end of the last run is rendered already
        if done.as_ref().is_some_and(|end| end.as_ref().is_none_or(|end| name < end)) {
            continue;
        }
        let begins = |chart: &(&ChartName, &Arc<Chart>)| begins_region(storage, chart.0.as_str());
        let before = repository.charts.range::<_, ChartName>((Bound::Unbounded, Bound::Excluded(name)));
        let start = before.rev().find(begins).map(|(name, _)| name.clone());
        let after = repository.charts.range::<_, ChartName>((Bound::Excluded(name), Bound::Unbounded));
        let end = after.into_iter().find(begins).map(|(name, _)| name.clone());

        let first = start.as_ref().map_or(RegionKey("".into()), RegionKey::from);
        let from = start.map_or(Bound::Unbounded, Bound::Included);
        let to = end.clone().map_or(Bound::Unbounded, Bound::Excluded);
        let cut = cut(storage, first.clone(), repository.charts.range::<_, ChartName>((from, to)));

        let upper = end.as_ref().map_or(Bound::Unbounded, |end| Bound::Excluded(RegionKey::from(end)));
        let old: Vec<_> = regions.range((Bound::Included(first), upper)).map(|(k, r)| (k.clone(), r.clone())).collect();
        let reusable: HashMap<_, _> = (old.iter().flat_map(|(_, region)| &region.pages))
            .filter_map(|page| Some((Arc::as_ptr(page.0.first()?), page)))
            .collect();
        for (key, _) in &old {
            regions.remove(key);
            changed.push((key.clone(), Vec::new()));
        }
        for (key, charts) in cut {
            let region = Region { pages: render(plan(&charts), &reusable, repository, options) };
            changed.retain(|(old, _)| old != &key);
            changed.push((key.clone(), region.pages().cloned().collect()));
            regions.insert(key, Arc::new(region));
        }
        done = Some(end);
    }
    (regions, changed)
}

type Charts<'a> = Vec<(&'a ChartName, &'a Arc<Chart>)>;

/// Cuts a run of charts into regions. The first begins where the run does.
fn cut<'a>(
    storage: Uuid,
    first: RegionKey,
    charts: impl Iterator<Item = (&'a ChartName, &'a Arc<Chart>)>,
) -> Vec<(RegionKey, Charts<'a>)> {
    let mut regions: Vec<(RegionKey, Charts<'a>)> = vec![(first, Vec::new())];
    for (name, chart) in charts {
        let key = RegionKey::from(name);
        if begins_region(storage, name.as_str()) && regions.last().is_none_or(|(last, _)| *last != key) {
            regions.push((key, Vec::new()));
        }
        if let Some((_, charts)) = regions.last_mut() {
            charts.push((name, chart));
        }
    }
    regions.retain(|(_, charts)| !charts.is_empty());
    regions
}

fn plan(charts: &[(&ChartName, &Arc<Chart>)]) -> Vec<Plan> {
    let mut plans = Vec::new();
    let mut small = Vec::new();
    for (name, chart) in charts {
        if chart.versions.len() < LARGE_CHART {
            small.push(((*name).clone(), chart.versions.clone()));
            continue;
        }
        if !small.is_empty() {
            plans.push(Plan::Charts(std::mem::take(&mut small)));
        }
        plans.extend(parts(&chart.versions).map(|part| Plan::Part((*name).clone(), part.to_vec())));
    }
    if !small.is_empty() {
        plans.push(Plan::Charts(small));
    }
    plans
}

/// The newest part first; every part but that one is full.
fn parts(versions: &[Arc<Version>]) -> impl Iterator<Item = &[Arc<Version>]> {
    let newest = versions.len() % ENTRIES_ON_A_PAGE;
    let (newest, full) = versions.split_at(newest);
    std::iter::once(newest).filter(|part| !part.is_empty()).chain(full.chunks(ENTRIES_ON_A_PAGE))
}

fn render(
    plans: Vec<Plan>,
    reusable: &HashMap<*const Version, &(Plan, Page)>,
    repository: &Repository,
    options: &IndexOptions,
) -> Vec<(Plan, Page)> {
    let page = |plan: Plan| {
        let old = plan.first().and_then(|first| reusable.get(&Arc::as_ptr(first)));
        match old {
            Some((old, page)) if old.is(&plan) => (plan, page.clone()),
            _ => {
                let page = plan.render(&repository.path, options);
                (plan, page)
            }
        }
    };
    plans.into_iter().map(page).collect()
}
