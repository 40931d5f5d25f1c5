use std::ops::Range;
use std::sync::Arc;

use bytes::Bytes;
use sha2::{Digest as _, Sha256};

use super::piece::Piece;
use super::{Entry, Format, yaml};
use crate::Digest;

/// A run of rendered entries: either whole charts, or a part of one chart's entries. Cheap to clone.
#[derive(Debug, Clone)]
pub struct Page(pub(super) Arc<Rendered>);

#[derive(Debug)]
pub(super) struct Rendered {
    /// Whole charts, or one chart of which this is a part.
    pub(super) whole: bool,
    pub(super) charts: Vec<ChartRanges>,
    /// Whole charts: `"name":[e,e],"name":[e]`. A part: `e,e`.
    pub(super) json: Piece,
    /// Whole charts: the lines `  "name":` and their entries. A part: entries only.
    pub(super) yaml: Option<Piece>,
    pub(super) hash: Digest,
}

/// Where a chart's entries are in the JSON text.
#[derive(Debug)]
pub(super) struct ChartRanges {
    pub(super) name: String,
    pub(super) entries: Vec<Range<usize>>,
}

impl Page {
    /// Renders whole charts: names in byte order, each with its entries, newest first. Charts without entries are left
    /// out: some readers take offence at them.
    pub fn of_charts(format: Format, charts: &[(&str, Vec<Entry<'_>>)]) -> Self {
        let charts = charts.iter().filter(|(_, entries)| !entries.is_empty());
        Self::render(format, true, charts.map(|(name, entries)| (*name, entries.as_slice())))
    }

    /// Renders a part of one chart's entries, newest first. Parts of one chart follow each other in a document.
    pub fn of_part(format: Format, name: &str, entries: &[Entry<'_>]) -> Self {
        Self::render(format, false, std::iter::once((name, entries)))
    }

    fn render<'a>(format: Format, whole: bool, charts: impl Iterator<Item = (&'a str, &'a [Entry<'a>])>) -> Self {
        let mut text = String::new();
        let mut ranges = Vec::new();
        for (name, entries) in charts {
            if whole {
                text.push_str(if ranges.is_empty() { "" } else { "," });
                text.push_str(&super::to_json(name));
                text.push_str(":[");
            }
            let mut places = Vec::with_capacity(entries.len());
            for entry in entries {
                text.push_str(if places.is_empty() { "" } else { "," });
                let start = text.len();
                entry.write_json(&mut text);
                places.push(start..text.len());
            }
            if whole {
                text.push(']');
            }
            ranges.push(ChartRanges { name: name.to_owned(), entries: places });
        }
        let yaml = (format == Format::Yaml).then(|| render_yaml(whole, &ranges, text.as_bytes()));
        Self::new(whole, ranges, Piece::new(text, Format::Json.separator()), yaml)
    }

    pub(super) fn new(whole: bool, charts: Vec<ChartRanges>, json: Piece, yaml: Option<Piece>) -> Self {
        let mut hash = Sha256::new();
        if !whole {
            // The name of whole charts is in their text. Quoted text has no line breaks.
            for chart in &charts {
                hash.update(super::to_json(&chart.name));
                hash.update(b"\n");
            }
        }
        hash.update(json.text());
        let hash = Digest::from_bytes(hash.finalize().into());
        Self(Arc::new(Rendered { whole, charts, json, yaml, hash }))
    }

    /// The JSON text of each entry, by chart, in order: slices of the page.
    pub fn charts(&self) -> Vec<(String, Vec<Bytes>)> {
        let text = self.0.json.text();
        let entries = |chart: &ChartRanges| chart.entries.iter().map(|range| text.slice(range.clone())).collect();
        self.0.charts.iter().map(|chart| (chart.name.clone(), entries(chart))).collect()
    }

    /// The JSON text of each entry of one chart, in order: slices of the page.
    pub fn entries_of(&self, name: &str) -> Vec<Bytes> {
        let text = self.0.json.text();
        let entries = self.chart(name).map(|chart| chart.entries.as_slice()).unwrap_or_default();
        entries.iter().map(|range| text.slice(range.clone())).collect()
    }

    /// All entries of one chart in this page as one slice, commas between them: what [`super::Body::array`] takes.
    pub fn run_of(&self, name: &str) -> Option<Bytes> {
        let chart = self.chart(name)?;
        let (first, last) = (chart.entries.first()?, chart.entries.last()?);
        Some(self.0.json.text().slice(first.start..last.end))
    }

    fn chart(&self, name: &str) -> Option<&ChartRanges> {
        self.0.charts.iter().find(|chart| chart.name == name)
    }

    /// Changes whenever the page's text does.
    pub fn hash(&self) -> Digest {
        self.0.hash
    }

    /// Bytes of the page's JSON text: what it adds to an index.
    pub fn size(&self) -> usize {
        self.0.json.text().len()
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.charts.iter().all(|chart| chart.entries.is_empty())
    }

    /// The chart of which the page is a part.
    pub(super) fn part_of(&self) -> Option<&str> {
        if self.0.whole { None } else { self.0.charts.first().map(|chart| chart.name.as_str()) }
    }

    /// The text in the format; rendered here if the page was made for JSON only.
    pub(super) fn piece(&self, format: Format) -> Piece {
        match (format, &self.0.yaml) {
            (Format::Json, _) => self.0.json.clone(),
            (Format::Yaml, Some(yaml)) => yaml.clone(),
            (Format::Yaml, None) => render_yaml(self.0.whole, &self.0.charts, &self.0.json.text()),
        }
    }
}

fn render_yaml(whole: bool, charts: &[ChartRanges], json: &[u8]) -> Piece {
    let mut text = String::with_capacity(json.len() * 5 / 4);
    for chart in charts {
        if whole {
            yaml::write_chart(&mut text, &chart.name);
        }
        for range in &chart.entries {
            yaml::write_entry(&mut text, &String::from_utf8_lossy(&json[range.clone()]));
        }
    }
    Piece::new(text, Format::Yaml.separator())
}

impl Format {
    /// What stands between two charts, and between two entries.
    pub(super) fn separator(self) -> &'static str {
        match self {
            Self::Json => ",",
            Self::Yaml => "",
        }
    }
}
