//! Ranges of versions with the semantics of Go's Masterminds/semver 3.5, which Helm uses, oddities included: what a
//! client asks for must mean here what it means in Helm. `chart/tests/golden/constraints.json` holds that library's
//! answers.

mod comparator;
mod scan;

use comparator::Comparator;
use scan::{hyphen_ranges, skip_spaces};

use crate::ChartVersion;

/// Helm's library refuses longer constraints.
const MAX_LENGTH: usize = 512;

/// Helm's library refuses constraints with more alternatives.
const MAX_ALTERNATIVES: usize = 32;

/// A range of versions as Helm understands it (the semantics of Go's Masterminds/semver 3).
#[derive(Debug, Clone)]
pub struct Constraint {
    alternatives: Vec<Alternative>,
}

/// The text is no constraint.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("improper constraint: {0}")]
pub struct ConstraintError(pub String);

/// Comparators that must all hold.
#[derive(Debug, Clone)]
struct Alternative {
    comparators: Vec<Comparator>,
    /// Pre-releases are looked at only if one of the comparators names one.
    prereleases: bool,
}

impl Constraint {
    /// Reads a constraint such as `^1.2`, `>=1.0.0 <2 || 3.x`.
    ///
    /// # Errors
    /// If Helm would refuse it too.
    pub fn parse(text: &str) -> Result<Self, ConstraintError> {
        let error = || ConstraintError(text.to_owned());
        if text.len() > MAX_LENGTH {
            return Err(error());
        }
        let rewritten = rewrite_hyphen_ranges(text);
        if rewritten.matches("||").count() >= MAX_ALTERNATIVES {
            return Err(error());
        }
        let alternatives: Option<_> = rewritten.split("||").map(Alternative::parse).collect();
        Ok(Self { alternatives: alternatives.ok_or_else(error)? })
    }

    /// True if the version lies in the range.
    pub fn matches(&self, version: &ChartVersion) -> bool {
        self.alternatives.iter().any(|alternative| alternative.matches(version.semver()))
    }
}

impl Alternative {
    /// Comparators with spaces or a comma between them.
    fn parse(text: &str) -> Option<Self> {
        let mut comparators = Vec::new();
        let mut rest = skip_spaces(text);
        loop {
            let (comparator, after) = Comparator::parse(rest)?;
            comparators.push(comparator);
            rest = skip_spaces(after);
            if rest.is_empty() {
                let prereleases = comparators.iter().any(Comparator::names_prerelease);
                return Some(Self { comparators, prereleases });
            }
            if let Some(after_comma) = rest.strip_prefix(',') {
                rest = skip_spaces(after_comma);
            } else if rest.len() == after.len() {
                return None;
            }
        }
    }

    fn matches(&self, version: &semver::Version) -> bool {
        (version.pre.is_empty() || self.prereleases)
            && self.comparators.iter().all(|comparator| comparator.matches(version))
    }
}

/// Turns `1.2 - 3` into `>= 1.2, <= 3 `. By text, as the original does: a range that stands next to something else
/// makes a text that is no constraint.
fn rewrite_hyphen_ranges(text: &str) -> String {
    let mut rewritten = text.to_owned();
    for range in hyphen_ranges(text) {
        rewritten = rewritten.replacen(range.text, &format!(">= {}, <= {} ", range.low, range.high), 1);
    }
    rewritten
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matching<'a>(constraint: &str, versions: &[&'a str]) -> Vec<&'a str> {
        let constraint = Constraint::parse(constraint).unwrap();
        let mut versions = versions.to_vec();
        versions.retain(|version| constraint.matches(&ChartVersion::parse(version).unwrap()));
        versions
    }

    #[test]
    fn ranges_are_helms_and_not_cargos() {
        let versions = ["1.2.3", "1.2.4", "1.3.0", "2.0.0", "2.1.0-rc.1", "3.0.0+a"];
        for (constraint, expected) in [
            ("1.2.3", &["1.2.3"][..]),
            ("1.2", &["1.2.3", "1.2.4"]),
            (">1", &["2.0.0", "3.0.0+a"]),
            ("!=1.2", &["1.3.0", "2.0.0", "3.0.0+a"]),
            (">=1.2.4 <2 || 3.x", &["1.2.4", "1.3.0", "3.0.0+a"]),
            (">=1.2.4, <2 || 3.x", &["1.2.4", "1.3.0", "3.0.0+a"]),
            ("1.2.4 - 2", &["1.2.4", "1.3.0", "2.0.0"]),
            (">0.0.0-0", &versions),
            ("v1.3.0", &["1.3.0"]),
            ("*", &["1.2.3", "1.2.4", "1.3.0", "2.0.0", "3.0.0+a"]),
        ] {
            assert_eq!(matching(constraint, &versions), expected, "{constraint}");
        }
    }

    #[test]
    fn an_error_names_the_text() {
        for text in ["", "LATEST", "||", "1 ||", "1.2.3.4", ">=", ", 1", "1,", "1,,2", "1 - 2 - 3", "V1", "1é"] {
            let error = Constraint::parse(text).unwrap_err();
            assert_eq!(error.to_string(), format!("improper constraint: {text}"));
        }
    }

    #[test]
    fn bounds_are_those_of_helms_library() {
        assert!(Constraint::parse(&vec!["1"; MAX_ALTERNATIVES].join("||")).is_ok());
        assert!(Constraint::parse(&vec!["1"; MAX_ALTERNATIVES + 1].join("||")).is_err());
        assert!(Constraint::parse(&format!("1{}", " ".repeat(MAX_LENGTH - 1))).is_ok());
        assert!(Constraint::parse(&format!("1{}", " ".repeat(MAX_LENGTH))).is_err());
    }
}
