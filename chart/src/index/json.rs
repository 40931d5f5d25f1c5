//! JSON text that YAML readers read alike.

use std::io;

use serde::Serialize;
use serde_json::ser::Formatter;

/// Writes any value as compact JSON that a YAML reader takes for the same value: strings are double-quoted; what YAML
/// cannot have within quotes or takes for a line break is escaped; all else is raw UTF-8.
///
/// Escaped are U+0000–U+001F, `"` and `\`, U+007F–U+009F, U+2028 and U+2029, U+FEFF, U+FFFE and U+FFFF.
///
/// # Panics
/// If the value is none that JSON can hold: a map whose keys are no texts, or a `Serialize` that fails.
pub fn to_json<T: Serialize + ?Sized>(value: &T) -> String {
    let mut text = Vec::with_capacity(128);
    value
        .serialize(&mut serde_json::Serializer::with_formatter(&mut text, Escaping))
        .expect("a vector takes any bytes, and the value is one of JSON's");
    String::from_utf8(text).expect("JSON written from UTF-8 is UTF-8")
}

/// serde_json's compact form with more escapes; those of JSON itself are serde_json's (`\n`, `\"`, `\u0000`).
struct Escaping;

impl Formatter for Escaping {
    fn write_string_fragment<W: io::Write + ?Sized>(&mut self, writer: &mut W, fragment: &str) -> io::Result<()> {
        let mut rest = fragment;
        while let Some((at, escaped)) = first_escaped(rest) {
            writer.write_all(&rest.as_bytes()[..at])?;
            write!(writer, "\\u{:04x}", u32::from(escaped))?;
            rest = &rest[at + escaped.len_utf8()..];
        }
        writer.write_all(rest.as_bytes())
    }
}

/// The first character to escape beyond JSON's own. Looks at characters only where a byte can begin such a one, so that
/// common text costs one comparison a byte.
fn first_escaped(text: &str) -> Option<(usize, char)> {
    let bytes = text.as_bytes();
    let mut from = 0;
    loop {
        let at = from + bytes[from..].iter().position(|byte| matches!(byte, 0x7f | 0xc2 | 0xe2 | 0xef))?;
        let character = text[at..].chars().next()?;
        if is_escaped(character) {
            return Some((at, character));
        }
        from = at + character.len_utf8();
    }
}

fn is_escaped(character: char) -> bool {
    // DEL, C1 controls (with the line break U+0085), line and paragraph separator, byte order mark, non-characters
    matches!(character, '\u{7f}'..='\u{9f}' | '\u{2028}' | '\u{2029}' | '\u{feff}' | '\u{fffe}' | '\u{ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_what_yaml_cannot_have() {
        for code in 0..=0x1_f601 {
            let Some(character) = char::from_u32(code) else { continue };
            let text = to_json(&format!("a{character}z"));
            let raw = text.contains(character) && text == format!("\"a{character}z\"");
            let escaped =
                code < 0x20 || matches!(code, 0x22 | 0x5c | 0x7f..=0x9f | 0x2028 | 0x2029 | 0xfeff | 0xfffe | 0xffff);
            assert_eq!(raw, !escaped, "{code:#x} {text}");
            assert_eq!(serde_json::from_str::<String>(&text).unwrap(), format!("a{character}z"));
        }
    }

    #[test]
    fn writes_values_in_their_order_and_compact() {
        let value = serde_json::json!({"b": [1, 2.5, null, true], "a\u{85}": {"x": "\u{2028}é\n"}});
        assert_eq!(to_json(&value), r#"{"b":[1,2.5,null,true],"a\u0085":{"x":"\u2028é\n"}}"#);
    }
}
