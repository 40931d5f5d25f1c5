//! Where versions stand in the text of a constraint. Works on single passes from left to right: the grammar never needs
//! to go back.

/// A version in a constraint, with numbers that may be missing or `x`, `X`, `*`.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pattern<'a> {
    /// All of it, a leading `v` and build metadata included.
    pub(super) text: &'a str,
    pub(super) major: &'a str,
    pub(super) minor: Option<&'a str>,
    pub(super) patch: Option<&'a str>,
    /// With its hyphen; empty if there is none.
    pub(super) prerelease: &'a str,
}

impl<'a> Pattern<'a> {
    /// The longest version that the text begins with, and what follows it.
    pub(super) fn scan(text: &'a str) -> Option<(Self, &'a str)> {
        let (major, mut rest) = number(text.strip_prefix('v').unwrap_or(text))?;
        let mut dotted = || {
            let (number, after) = number(rest.strip_prefix('.')?)?;
            rest = after;
            Some(number)
        };
        let minor = dotted();
        let patch = minor.and_then(|_| dotted());
        let (prerelease, rest) = identifiers(rest, '-');
        let (_, rest) = identifiers(rest, '+');
        let text = &text[..text.len() - rest.len()];
        Some((Self { text, major, minor, patch, prerelease }, rest))
    }
}

/// `1.2 - 3` within a constraint, with the spaces around it.
#[derive(Debug, Clone, Copy)]
pub(super) struct HyphenRange<'a> {
    pub(super) text: &'a str,
    pub(super) low: &'a str,
    pub(super) high: &'a str,
}

impl<'a> HyphenRange<'a> {
    fn scan(text: &'a str) -> Option<(Self, &'a str)> {
        let (low, rest) = Pattern::scan(skip_spaces(text))?;
        let rest = some_spaces(rest)?.strip_prefix('-')?;
        let (high, rest) = Pattern::scan(some_spaces(rest)?)?;
        let rest = skip_spaces(rest);
        let text = &text[..text.len() - rest.len()];
        Some((Self { text, low: low.text, high: high.text }, rest))
    }
}

/// All ranges in the text, the leftmost first, none overlapping another.
pub(super) fn hyphen_ranges(text: &str) -> Vec<HyphenRange<'_>> {
    let mut ranges = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        match HyphenRange::scan(rest) {
            Some((range, after)) => {
                ranges.push(range);
                rest = after;
            }
            None => rest = &rest[first.len_utf8()..],
        }
    }
    ranges
}

pub(super) fn skip_spaces(text: &str) -> &str {
    text.trim_start_matches(|character: char| character.is_ascii_whitespace())
}

fn some_spaces(text: &str) -> Option<&str> {
    let rest = skip_spaces(text);
    (rest.len() < text.len()).then_some(rest)
}

/// The original takes a single `|` for part of a number. None is a number with it, but it decides where one ends.
fn number(text: &str) -> Option<(&str, &str)> {
    let end = text.find(|character: char| !matches!(character, '0'..='9' | 'x' | 'X' | '*' | '|'));
    let (number, rest) = text.split_at(end.unwrap_or(text.len()));
    (!number.is_empty()).then_some((number, rest))
}

/// Dot-separated identifiers behind a sign, with the sign.
fn identifiers(text: &str, sign: char) -> (&str, &str) {
    let mut rest = text;
    let mut before = sign;
    while let Some(after) = rest.strip_prefix(before) {
        let next = after.trim_start_matches(|character: char| character.is_ascii_alphanumeric() || character == '-');
        if next.len() == after.len() {
            break;
        }
        rest = next;
        before = '.';
    }
    text.split_at(text.len() - rest.len())
}
