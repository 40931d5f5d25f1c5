//! What a scalar means, by the rules of YAML 1.1 as Go's reader has them.

use std::borrow::Cow;

use super::parser::ScalarEvent;
use super::timestamp;

/// The value of a scalar.
#[derive(Debug, Clone, PartialEq)]
pub(super) enum Scalar<'i> {
    Null,
    Boolean(bool),
    Integer(i64),
    /// Too large for [`Scalar::Integer`].
    Unsigned(u64),
    Float(f64),
    Text(Cow<'i, str>),
}

/// Why a scalar with a tag has no value, in the words of Go's reader.
#[derive(Debug, PartialEq)]
pub(super) enum TagError {
    Mismatch { found: &'static str, text: String, wanted: &'static str },
    Base64,
}

const PREFIX: &[u8] = b"tag:yaml.org,2002:";

/// The key that merges other mappings into its own.
pub(super) fn is_merge(scalar: &ScalarEvent<'_>) -> bool {
    scalar.text == "<<"
        && match &scalar.tag {
            None => scalar.plain,
            Some(tag) => tag == b"!" || tag.strip_prefix(PREFIX) == Some(b"merge"),
        }
}

pub(super) fn resolve(scalar: ScalarEvent<'_>) -> Result<Scalar<'_>, TagError> {
    let text = scalar.text;
    let Some(tag) = scalar.tag else {
        return Ok(if scalar.plain { plain(text) } else { Scalar::Text(text) });
    };
    match tag.strip_prefix(PREFIX) {
        Some(b"binary") => binary(&text).map(|text| Scalar::Text(Cow::Owned(text))),
        Some(b"null") => tagged(text, "!!null", |value| matches!(value, Scalar::Null).then_some(value)),
        Some(b"bool") => tagged(text, "!!bool", |value| matches!(value, Scalar::Boolean(_)).then_some(value)),
        Some(b"int") => {
            tagged(text, "!!int", |value| matches!(value, Scalar::Integer(_) | Scalar::Unsigned(_)).then_some(value))
        }
        Some(b"float") => tagged(text, "!!float", |value| match value {
            Scalar::Integer(number) => Some(Scalar::Float(number as f64)),
            Scalar::Float(_) => Some(value),
            _ => None,
        }),
        Some(b"timestamp") if timestamp::is_timestamp(&text) => Ok(Scalar::Text(text)),
        Some(b"timestamp") => Err(mismatch(&plain(Cow::Borrowed(&*text)), &text, "!!timestamp")),
        // `!!str`, and tags of other people's types
        _ => Ok(Scalar::Text(text)),
    }
}

/// Reads a text as if it were plain, and takes it only if it has the type of its tag.
fn tagged<'i>(
    text: Cow<'i, str>,
    wanted: &'static str,
    take: impl FnOnce(Scalar<'i>) -> Option<Scalar<'i>>,
) -> Result<Scalar<'i>, TagError> {
    let value = plain(text.clone());
    let error = mismatch(&value, &text, wanted);
    take(value).ok_or(error)
}

fn mismatch(value: &Scalar<'_>, text: &str, wanted: &'static str) -> TagError {
    let found = match value {
        Scalar::Null => "!!null",
        Scalar::Boolean(_) => "!!bool",
        Scalar::Integer(_) | Scalar::Unsigned(_) => "!!int",
        Scalar::Float(_) => "!!float",
        Scalar::Text(_) => "!!str",
    };
    TagError::Mismatch { found, text: text.to_owned(), wanted }
}

/// The value of a text without quotes and without a tag. Dates stay texts.
fn plain(text: Cow<'_, str>) -> Scalar<'_> {
    match &*text {
        "" | "~" | "null" | "Null" | "NULL" => return Scalar::Null,
        "y" | "Y" | "yes" | "Yes" | "YES" | "true" | "True" | "TRUE" | "on" | "On" | "ON" => {
            return Scalar::Boolean(true);
        }
        "n" | "N" | "no" | "No" | "NO" | "false" | "False" | "FALSE" | "off" | "Off" | "OFF" => {
            return Scalar::Boolean(false);
        }
        ".nan" | ".NaN" | ".NAN" => return Scalar::Float(f64::NAN),
        ".inf" | ".Inf" | ".INF" | "+.inf" | "+.Inf" | "+.INF" => return Scalar::Float(f64::INFINITY),
        "-.inf" | "-.Inf" | "-.INF" => return Scalar::Float(f64::NEG_INFINITY),
        _ => {}
    }
    let number = match text.as_bytes()[0] {
        b'.' => float(&text),
        b'0'..=b'9' | b'+' | b'-' => number(&text),
        _ => None,
    };
    number.unwrap_or(Scalar::Text(text))
}

fn number(text: &str) -> Option<Scalar<'static>> {
    let digits: Cow<'_, str> = if text.contains('_') { text.replace('_', "").into() } else { text.into() };
    let (negative, magnitude) = match digits.as_bytes().first()? {
        b'-' => (true, &digits[1..]),
        b'+' => (false, &digits[1..]),
        _ => (false, &*digits),
    };
    if let Some(value) = integer(magnitude) {
        if negative {
            if value <= 1 << 63 {
                return Some(Scalar::Integer((value as i64).wrapping_neg()));
            }
        } else if let Ok(value) = i64::try_from(value) {
            return Some(Scalar::Integer(value));
        } else if !digits.starts_with('+') {
            return Some(Scalar::Unsigned(value));
        }
    }
    float(&digits)
}

/// A magnitude with Go's prefixes: a leading zero means octal.
fn integer(digits: &str) -> Option<u64> {
    let (radix, digits) = match digits.as_bytes() {
        [b'0', b'x' | b'X', ..] => (16, &digits[2..]),
        [b'0', b'o' | b'O', ..] => (8, &digits[2..]),
        [b'0', b'b' | b'B', ..] => (2, &digits[2..]),
        [b'0', _, ..] => (8, &digits[1..]),
        _ => (10, digits),
    };
    // a second sign would be accepted otherwise
    if !digits.bytes().next()?.is_ascii_alphanumeric() {
        return None;
    }
    u64::from_str_radix(digits, radix).ok()
}

/// Digits with at most one point among, before or behind them, and an exponent. What is too large is a text.
fn float(text: &str) -> Option<Scalar<'static>> {
    let looks_right = text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'+' | b'-' | b'.' | b'e' | b'E'))
        && text.bytes().any(|byte| byte.is_ascii_digit());
    let value = text.parse::<f64>().ok().filter(|_| looks_right)?;
    value.is_finite().then_some(Scalar::Float(value))
}

/// Go reads base64 with its line breaks, and JSON has no room for bytes that are no text.
fn binary(text: &str) -> Result<String, TagError> {
    let mut bytes = Vec::with_capacity(text.len() / 4 * 3);
    let mut group = 0u32;
    let mut count = 0;
    let mut padding = 0;
    for byte in text.bytes().filter(|byte| !matches!(byte, b'\r' | b'\n')) {
        let digit = match byte {
            b'A'..=b'Z' => byte - b'A',
            b'a'..=b'z' => byte - b'a' + 26,
            b'0'..=b'9' => byte - b'0' + 52,
            b'+' => 62,
            b'/' => 63,
            b'=' if count % 4 >= 2 => {
                padding += 1;
                0
            }
            _ => return Err(TagError::Base64),
        };
        if padding > 0 && byte != b'=' {
            return Err(TagError::Base64);
        }
        group = group << 6 | u32::from(digit);
        count += 1;
        if count % 4 == 0 {
            let [_, group @ ..] = group.to_be_bytes();
            bytes.extend_from_slice(group.get(..3 - padding).ok_or(TagError::Base64)?);
        }
    }
    if count % 4 != 0 || padding > 2 {
        return Err(TagError::Base64);
    }
    let mut text = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        text.push_str(chunk.valid());
        text.extend(chunk.invalid().iter().map(|_| char::REPLACEMENT_CHARACTER));
    }
    Ok(text)
}
