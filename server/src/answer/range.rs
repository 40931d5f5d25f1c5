use std::ops::Range;

use http::HeaderMap;
use http::header::{IF_RANGE, RANGE};

/// Which bytes of a representation the client wants.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Requested {
    /// All of them.
    Whole,
    /// Some of them; never none.
    Part(Range<u64>),
    /// Some that do not exist.
    Unsatisfiable,
}

/// Reads `Range` and `If-Range` for a representation of `length` bytes (RFC 9110, 14.2). What is malformed, several ranges at
/// once and other units are ignored, as the standard allows.
pub fn requested(headers: &HeaderMap, length: u64, etag: &str) -> Requested {
    let Some(range) = headers.get(RANGE).and_then(|value| value.to_str().ok()) else { return Requested::Whole };
    // compared strongly; a date never matches, since there is no Last-Modified
    if headers.get(IF_RANGE).is_some_and(|condition| condition != etag) {
        return Requested::Whole;
    }
    single(range, length).unwrap_or(Requested::Whole)
}

fn single(range: &str, length: u64) -> Option<Requested> {
    let (unit, spec) = range.split_once('=')?;
    let (first, last) = spec.trim().split_once('-')?;
    if !unit.trim().eq_ignore_ascii_case("bytes") {
        return None;
    }
    let part = match (position(first)?, position(last)?) {
        (None, None) => return None,
        (None, Some(suffix)) => length.saturating_sub(suffix)..length,
        (Some(first), None) => first..length,
        (Some(first), Some(last)) if last < first => return None,
        (Some(first), Some(last)) => first..length.min(last.saturating_add(1)),
    };
    Some(if part.start < part.end { Requested::Part(part) } else { Requested::Unsatisfiable })
}

/// Digits, or nothing at all. A number too large for `u64` lies behind every end.
fn position(text: &str) -> Option<Option<u64>> {
    match text.trim() {
        "" => Some(None),
        digits if digits.bytes().all(|byte| byte.is_ascii_digit()) => Some(Some(digits.parse().unwrap_or(u64::MAX))),
        _ => None,
    }
}
