use std::cmp::Ordering;
use std::fmt;
use std::hash::{Hash, Hasher};
use std::sync::Arc;

use serde::{Deserialize, Deserializer, Serialize, Serializer, de};

/// A chart's version: the text as it was written, and the order that the text means.
///
/// Equality is that of the text: `1.0.0+a` and `1.0.0+b`, or `1.0` and `1.0.0`, are two versions.
#[derive(Clone)]
pub struct ChartVersion {
    text: Arc<str>,
    semver: semver::Version,
}

/// The text is no version.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no semantic version: {reason}")]
pub struct VersionError {
    text: String,
    reason: &'static str,
}

/// Longer texts are refused, as Helm's library does: a bound for what is parsed, stored and shown.
const MAX_LENGTH: usize = 256;

impl ChartVersion {
    /// Reads a version as Helm's library does by default: `v1.2.3`, `1.2` and `01.0.0` are versions.
    ///
    /// # Errors
    /// If Helm would refuse the text too.
    pub fn parse(text: &str) -> Result<Self, VersionError> {
        read(text, Form::Loose)
    }

    /// Reads a version by the letter of SemVer 2, as Helm does for tags.
    ///
    /// # Errors
    /// If the text is not a complete semantic version.
    pub fn parse_strict(text: &str) -> Result<Self, VersionError> {
        read(text, Form::Strict)
    }

    /// The text as it was written.
    pub fn as_str(&self) -> &str {
        &self.text
    }

    /// What the text means.
    pub fn semver(&self) -> &semver::Version {
        &self.semver
    }

    /// True if it is a pre-release.
    pub fn is_prerelease(&self) -> bool {
        !self.semver.pre.is_empty()
    }

    /// SemVer precedence as Helm's library has it: build metadata does not count.
    pub fn cmp_precedence(&self, other: &Self) -> Ordering {
        cmp_precedence(&self.semver, &other.semver)
    }
}

/// How a version may be written.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// An optional `v`, one to three numbers, leading zeros allowed.
    Loose,
    /// SemVer 2.
    Strict,
}

fn read(text: &str, form: Form) -> Result<ChartVersion, VersionError> {
    let semver = read_semver(text, form).map_err(|reason| VersionError { text: text.to_owned(), reason })?;
    Ok(ChartVersion { text: text.into(), semver })
}

pub(crate) fn read_semver(text: &str, form: Form) -> Result<semver::Version, &'static str> {
    if text.is_empty() {
        return Err("it is empty");
    }
    if text.len() > MAX_LENGTH {
        return Err("it is too long");
    }
    let rest = match form {
        Form::Loose => text.strip_prefix('v').unwrap_or(text),
        Form::Strict => text,
    };
    let (rest, build) = match rest.split_once('+') {
        Some((rest, build)) => (rest, Some(build)),
        None => (rest, None),
    };
    let (numbers, prerelease) = match rest.split_once('-') {
        Some((numbers, prerelease)) => (numbers, Some(prerelease)),
        None => (rest, None),
    };

    let mut version = semver::Version::new(0, 0, 0);
    let mut parts = numbers.split('.');
    version.major = number(parts.next().unwrap_or_default(), form)?;
    match (parts.next(), parts.next(), form) {
        (Some(minor), Some(patch), _) => {
            version.minor = number(minor, form)?;
            version.patch = number(patch, form)?;
        }
        (Some(minor), None, Form::Loose) => version.minor = number(minor, form)?,
        (None, None, Form::Loose) => {}
        _ => return Err("it needs three numbers"),
    }
    if parts.next().is_some() {
        return Err("it has more than three numbers");
    }
    // Both constructors take the empty text, which after its sign is a mistake.
    if let Some(prerelease) = prerelease {
        let wrong = "its pre-release is malformed";
        version.pre = semver::Prerelease::new(prerelease).map_err(|_| wrong)?;
        if version.pre.is_empty() {
            return Err(wrong);
        }
    }
    if let Some(build) = build {
        let wrong = "its build metadata is malformed";
        version.build = semver::BuildMetadata::new(build).map_err(|_| wrong)?;
        if version.build.is_empty() {
            return Err(wrong);
        }
    }
    Ok(version)
}

fn number(text: &str, form: Form) -> Result<u64, &'static str> {
    if text.is_empty() || !text.bytes().all(|byte| byte.is_ascii_digit()) {
        return Err("its numbers have characters other than digits");
    }
    if form == Form::Strict && text.len() > 1 && text.starts_with('0') {
        return Err("a number starts with zero");
    }
    text.parse().map_err(|_| "a number is too large")
}

pub(crate) fn cmp_precedence(one: &semver::Version, other: &semver::Version) -> Ordering {
    let numbers = |version: &semver::Version| (version.major, version.minor, version.patch);
    numbers(one).cmp(&numbers(other)).then_with(|| cmp_prerelease(&one.pre, &other.pre))
}

/// A version without pre-release comes after its pre-releases.
fn cmp_prerelease(one: &semver::Prerelease, other: &semver::Prerelease) -> Ordering {
    if one.is_empty() || other.is_empty() {
        return one.is_empty().cmp(&other.is_empty());
    }
    one.split('.').map(Identifier::of).cmp(other.split('.').map(Identifier::of))
}

/// Numbers come before words. A number beyond 64 bits is a word to Helm's library, so it is one here: otherwise the
/// newest version would be another one here than in Helm.
#[derive(PartialEq, Eq, PartialOrd, Ord)]
enum Identifier<'a> {
    Number(u64),
    Word(&'a str),
}

impl<'a> Identifier<'a> {
    fn of(text: &'a str) -> Self {
        match text.parse() {
            Ok(number) => Self::Number(number),
            Err(_) => Self::Word(text),
        }
    }
}

impl PartialEq for ChartVersion {
    fn eq(&self, other: &Self) -> bool {
        self.text == other.text
    }
}
impl Eq for ChartVersion {}

impl Hash for ChartVersion {
    fn hash<H: Hasher>(&self, state: &mut H) {
        self.text.hash(state);
    }
}

impl fmt::Display for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.text)
    }
}
impl fmt::Debug for ChartVersion {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&*self.text, f)
    }
}

impl Serialize for ChartVersion {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&self.text)
    }
}

impl<'de> Deserialize<'de> for ChartVersion {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = std::borrow::Cow::<str>::deserialize(deserializer)?;
        Self::parse(&text).map_err(de::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> ChartVersion {
        ChartVersion::parse(text).unwrap_or_else(|error| panic!("{error}"))
    }

    #[test]
    fn keeps_the_text_and_knows_its_meaning() {
        for (text, meaning) in [
            ("1.2.3", "1.2.3"),
            ("v1.2.3", "1.2.3"),
            ("1.2", "1.2.0"),
            ("v1", "1.0.0"),
            ("01.02.3", "1.2.3"),
            ("1-a.b+c", "1.0.0-a.b+c"),
            ("20240101", "20240101.0.0"),
            ("1.2.3-rc.1+build.01", "1.2.3-rc.1+build.01"),
        ] {
            assert_eq!(parse(text).as_str(), text);
            assert_eq!(parse(text).semver().to_string(), meaning);
        }
    }

    #[test]
    fn refuses_what_helm_refuses() {
        let long = format!("1.2.3-{}", "a".repeat(251));
        for text in [
            "",
            "V1.2.3",
            " 1.2.3",
            "1.2.3 ",
            "1.2.3\n",
            "1.2.3.4",
            "1.2.3-01",
            "1.2.3-",
            "1.2.3+",
            "1.2.3_4",
            "=1.2.3",
            "1.",
            ".1",
            "1..2",
            "v",
            "vv1",
            "1.2.3-a..b",
            "1.2.3-é",
            "1.2.3+a+b",
            "+1",
            "1.x",
            "18446744073709551616",
            "abc",
            &long,
        ] {
            assert!(ChartVersion::parse(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn strict_is_the_letter_of_semver() {
        for text in ["1.2.3", "0.0.0", "1.2.3-0", "1.2.3--", "1.2.3-a+b-c.01"] {
            assert!(ChartVersion::parse_strict(text).is_ok(), "{text:?}");
        }
        for text in ["1.2", "v1.2.3", "01.2.3", "1.2.03", "1.2.3-01", "", "1.2.3.4"] {
            assert!(ChartVersion::parse_strict(text).is_err(), "{text:?}");
        }
    }

    #[test]
    fn order_is_that_of_helm() {
        let ascending = [
            "0.9.9",
            "1.0.0-1",
            "1.0.0-2",
            "1.0.0-10",
            "1.0.0-100000000000000000000",
            "1.0.0-99999999999999999999",
            "1.0.0-alpha",
            "1.0.0-alpha.1",
            "1.0.0-alpha.beta",
            "1.0.0-beta",
            "1.0",
            "1.0.1",
            "v10",
        ];
        for (i, one) in ascending.iter().enumerate() {
            for (k, other) in ascending.iter().enumerate() {
                assert_eq!(parse(one).cmp_precedence(&parse(other)), i.cmp(&k), "{one} {other}");
            }
        }
        assert_eq!(parse("1.0.0+a").cmp_precedence(&parse("1.0.0+b")), Ordering::Equal);
        assert_ne!(parse("1.0.0+a"), parse("1.0.0+b"));
    }
}
