//! Which charts and versions a list shows.

use std::sync::Arc;

use catalogue::{Chart, Version};
use chart::{Constraint, Digest};
use jiff::Timestamp;
use serde::Deserialize;

use super::parameters::{Parameters, bad};
use super::pattern::Pattern;
use crate::error::Error;

/// The parameters that [`Filter::read`] reads.
pub const PARAMETERS: [&str; 8] = ["name", "keyword", "text", "deprecated", "type", "since", "range", "digest"];

/// Conditions that must all hold.
#[derive(Debug, Default)]
pub struct Filter {
    name: Option<Pattern>,
    /// In lower case.
    keyword: Option<String>,
    /// In lower case.
    words: Vec<String>,
    deprecated: Option<bool>,
    kind: Option<String>,
    since: Option<Timestamp>,
    range: Option<Constraint>,
    digest: Option<Digest>,
}

/// What Helm takes a chart for that names no type.
const DEFAULT_KIND: &str = "application";

/// What is looked at in a version's metadata.
#[derive(Deserialize, Default)]
#[serde(default)]
struct Described {
    description: String,
    keywords: Vec<String>,
    deprecated: bool,
    #[serde(rename = "type")]
    kind: String,
}

impl Filter {
    /// Reads the conditions of a request.
    pub fn read(parameters: &Parameters) -> Result<Self, Error> {
        let kind = parameters.get("type");
        if kind.is_some_and(|kind| !["application", "library"].contains(&kind)) {
            return Err(bad("type is application or library".to_owned()));
        }
        let words = parameters.text("text")?.unwrap_or_default();
        Ok(Self {
            name: parameters.text("name")?.map(Pattern::new),
            keyword: parameters.text("keyword")?.map(str::to_lowercase),
            words: words.split_whitespace().map(str::to_lowercase).collect(),
            deprecated: parameters.boolean("deprecated")?,
            kind: kind.map(str::to_owned),
            since: parameters.since()?,
            range: parameters.range()?,
            digest: parameters.digest()?,
        })
    }

    /// What the names begin with that can fit.
    pub fn prefix(&self) -> &str {
        self.name.as_ref().map_or("", Pattern::prefix)
    }

    /// A chart of this name can fit.
    pub fn fits_name(&self, name: &str) -> bool {
        self.name.as_ref().is_none_or(|pattern| pattern.fits(name))
    }

    /// The version lies in the range, if there is one.
    pub fn is_in_range(&self, version: &Version) -> bool {
        self.range.as_ref().is_none_or(|range| range.matches(&version.version))
    }

    /// The version that a chart is shown by: the newest in the range; without a range the newest that is no pre-release,
    /// unless there are only such or `devel` asks for them.
    pub fn choose<'c>(&self, chart: &'c Chart, devel: bool) -> Option<&'c Arc<Version>> {
        let versions = &chart.versions;
        if self.range.is_some() {
            return versions.iter().find(|version| self.is_in_range(version));
        }
        let stable = versions.iter().find(|version| !version.version.is_prerelease());
        stable.filter(|_| !devel).or(versions.first())
    }

    /// What the version says of itself fits, and when it was published.
    pub fn fits(&self, version: &Version) -> bool {
        if self.since.is_some_and(|since| version.created < since) {
            return false;
        }
        if self.digest.is_some_and(|digest| !has_digest(version, digest)) {
            return false;
        }
        let asks = self.keyword.is_some() || !self.words.is_empty() || self.deprecated.is_some() || self.kind.is_some();
        !asks
            || self.fits_described(version.name.as_str(), &serde_json::from_str(&version.metadata).unwrap_or_default())
    }

    fn fits_described(&self, name: &str, described: &Described) -> bool {
        let kind = if described.kind.is_empty() { DEFAULT_KIND } else { &described.kind };
        if self.deprecated.is_some_and(|deprecated| deprecated != described.deprecated)
            || self.kind.as_ref().is_some_and(|asked| asked != kind)
        {
            return false;
        }
        let keywords: Vec<String> = described.keywords.iter().map(|keyword| keyword.to_lowercase()).collect();
        if self.keyword.as_ref().is_some_and(|keyword| !keywords.contains(keyword)) {
            return false;
        }
        if self.words.is_empty() {
            return true;
        }
        let (name, description) = (name.to_lowercase(), described.description.to_lowercase());
        let has = |text: &String, word: &String| text.contains(word.as_str());
        let is_there = |word: &String| {
            has(&name, word) || has(&description, word) || keywords.iter().any(|keyword| has(keyword, word))
        };
        self.words.iter().all(is_there)
    }
}

/// The package has the digest, or a manifest that the registry has made of it.
fn has_digest(version: &Version, digest: Digest) -> bool {
    version.package.digest == digest || version.made.all().any(|manifest| manifest.digest == digest)
}
