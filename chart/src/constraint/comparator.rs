use std::cmp::Ordering;

use semver::Version;

use super::scan::{Pattern, skip_spaces};
use crate::version::{Form, cmp_precedence, read_semver};

/// An operator and a version of which parts may be open.
#[derive(Debug, Clone)]
pub(super) struct Comparator {
    operator: Operator,
    /// Open parts are 0.
    version: Version,
    given: Given,
}

#[derive(Debug, Clone, Copy)]
enum Operator {
    Equal,
    NotEqual,
    Greater,
    Less,
    GreaterOrEqual,
    LessOrEqual,
    Tilde,
    Caret,
}

/// The numbers that a comparator names.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Given {
    /// `*`
    Nothing,
    /// `1`, `1.x`
    Major,
    /// `1.2`, `1.2.x`
    Minor,
    /// `1.2.3`
    All,
}

/// Longer ones first where one begins with another.
const OPERATORS: [(&str, Operator); 11] = [
    ("!=", Operator::NotEqual),
    (">=", Operator::GreaterOrEqual),
    ("=>", Operator::GreaterOrEqual),
    ("<=", Operator::LessOrEqual),
    ("=<", Operator::LessOrEqual),
    ("~>", Operator::Tilde),
    ("=", Operator::Equal),
    (">", Operator::Greater),
    ("<", Operator::Less),
    ("~", Operator::Tilde),
    ("^", Operator::Caret),
];

impl Comparator {
    /// The comparator that the text begins with, and what follows it.
    pub(super) fn parse(text: &str) -> Option<(Self, &str)> {
        let (operator, rest) = OPERATORS
            .iter()
            .find_map(|(sign, operator)| Some((*operator, text.strip_prefix(sign)?)))
            .unwrap_or((Operator::Equal, text));
        let (pattern, rest) = Pattern::scan(skip_spaces(rest))?;

        let open = |number: Option<&str>| matches!(number, None | Some("x" | "X" | "*"));
        let (major, minor, pre) = (pattern.major, pattern.minor.unwrap_or_default(), pattern.prerelease);
        // What follows an open number is not looked at, not even whether it is a number.
        let (given, version) = if open(Some(major)) {
            (Given::Nothing, format!("0.0.0{pre}"))
        } else if open(pattern.minor) {
            (Given::Major, format!("{major}.0.0{pre}"))
        } else if open(pattern.patch) {
            (Given::Minor, format!("{major}.{minor}.0{pre}"))
        } else {
            (Given::All, pattern.text.to_owned())
        };
        let version = read_semver(&version, Form::Loose).ok()?;
        Some((Self { operator, version, given }, rest))
    }

    pub(super) fn names_prerelease(&self) -> bool {
        !self.version.pre.is_empty()
    }

    pub(super) fn matches(&self, version: &Version) -> bool {
        let order = cmp_precedence(version, &self.version);
        match (self.operator, self.given) {
            (Operator::Equal, Given::All) => order == Ordering::Equal,
            (Operator::Equal | Operator::Tilde, _) => self.tilde(version, order),
            (Operator::NotEqual, _) => self.not_equal(version, order),
            // `>11` begins at 12, `>11.1` at 11.2
            (Operator::Greater, Given::Major) => version.major > self.version.major,
            (Operator::Greater, Given::Minor) => minor(version) > minor(&self.version),
            (Operator::Greater, _) => order == Ordering::Greater,
            (Operator::Less, _) => order == Ordering::Less,
            (Operator::GreaterOrEqual, _) => order != Ordering::Less,
            // `<=11` holds for all of 11, `<=11.1` for all of 11.1; `<=*` for all of 0.0
            (Operator::LessOrEqual, Given::Major) => version.major <= self.version.major,
            (Operator::LessOrEqual, Given::Minor | Given::Nothing) => minor(version) <= minor(&self.version),
            (Operator::LessOrEqual, Given::All) => order != Ordering::Greater,
            (Operator::Caret, _) => self.caret(version, order),
        }
    }

    fn not_equal(&self, version: &Version, order: Ordering) -> bool {
        match self.given {
            Given::Major => version.major != self.version.major,
            Given::Minor => minor(version) != minor(&self.version) || version.pre != self.version.pre,
            Given::Nothing | Given::All => order != Ordering::Equal,
        }
    }

    /// `~1` is all of 1, `~1.2` and `~1.2.3` what follows within 1.2; `~0.0.0` and `~*` all there is.
    fn tilde(&self, version: &Version, order: Ordering) -> bool {
        let zero = minor(&self.version) == (0, 0) && self.version.patch == 0;
        order != Ordering::Less
            && match self.given {
                Given::Nothing | Given::All if zero => true,
                Given::Major => version.major == self.version.major,
                _ => minor(version) == minor(&self.version),
            }
    }

    /// What follows up to a change of the first number that is not 0.
    fn caret(&self, version: &Version, order: Ordering) -> bool {
        order != Ordering::Less
            && if self.version.major > 0 || self.given == Given::Major {
                version.major == self.version.major
            } else if self.version.minor > 0 || self.given == Given::Minor {
                minor(version) == minor(&self.version)
            } else {
                minor(version) == (0, 0) && version.patch == self.version.patch
            }
    }
}

/// Major and minor number together.
fn minor(version: &Version) -> (u64, u64) {
    (version.major, version.minor)
}
