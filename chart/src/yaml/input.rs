//! From bytes to a text that the scanner can trust.

use std::borrow::Cow;

use super::YamlError;

/// Decodes UTF-8, or UTF-16 behind its byte order mark, and refuses what a YAML document cannot hold.
pub(super) fn decode(bytes: &[u8]) -> Result<Cow<'_, str>, YamlError> {
    let text = match bytes {
        [0xEF, 0xBB, 0xBF, rest @ ..] => utf8(rest)?,
        [0xFF, 0xFE, rest @ ..] => utf16(rest, u16::from_le_bytes)?,
        [0xFE, 0xFF, rest @ ..] => utf16(rest, u16::from_be_bytes)?,
        _ => utf8(bytes)?,
    };
    if has_control_characters(&text) {
        Err(YamlError::Encoding("control characters are not allowed"))
    } else {
        Ok(text)
    }
}

fn utf8(bytes: &[u8]) -> Result<Cow<'_, str>, YamlError> {
    std::str::from_utf8(bytes).map(Cow::Borrowed).map_err(|error| {
        YamlError::Encoding(match bytes.get(error.valid_up_to()..).unwrap_or_default() {
            [0x80..=0xBF | 0xF8.., ..] => "invalid leading UTF-8 octet",
            _ if error.error_len().is_none() => "incomplete UTF-8 octet sequence",
            [0xC0 | 0xC1, 0x80..0xC0, ..] | [0xE0, 0x80..0xA0, 0x80..0xC0, ..] => "invalid length of a UTF-8 sequence",
            [0xED, 0xA0..0xC0, 0x80..0xC0, ..] => "invalid Unicode character",
            _ => "invalid trailing UTF-8 octet",
        })
    })
}

fn utf16(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<Cow<'_, str>, YamlError> {
    let (units, rest) = bytes.as_chunks::<2>();
    if !rest.is_empty() {
        return Err(YamlError::Encoding("incomplete UTF-16 character"));
    }
    char::decode_utf16(units.iter().map(|bytes| unit(*bytes)))
        .collect::<Result<String, _>>()
        .map(Cow::Owned)
        .map_err(|_| YamlError::Encoding("unexpected low surrogate area"))
}

/// Controls other than tab, line feed, carriage return and U+0085; and U+FFFE and U+FFFF.
fn has_control_characters(text: &str) -> bool {
    let bytes = text.as_bytes();
    bytes.iter().enumerate().any(|(at, byte)| {
        let ahead = |distance: usize| bytes.get(at + distance).copied().unwrap_or_default();
        match byte {
            b'\t' | b'\n' | b'\r' => false,
            0..0x20 | 0x7F => true,
            0xC2 => ahead(1) < 0xA0 && ahead(1) != 0x85,
            0xEF => ahead(1) == 0xBF && ahead(2) >= 0xBE,
            _ => false,
        }
    })
}
