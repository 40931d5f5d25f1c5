/// Bytes as Go's `%q` prints a string: in messages that clients compare.
pub(crate) fn quote(bytes: &[u8]) -> String {
    let mut quoted = String::with_capacity(bytes.len() + 2);
    quoted.push('"');
    for chunk in bytes.utf8_chunks() {
        for character in chunk.valid().chars() {
            match character {
                '"' | '\\' => quoted.extend(['\\', character]),
                '\x07' => quoted.push_str("\\a"),
                '\x08' => quoted.push_str("\\b"),
                '\x0C' => quoted.push_str("\\f"),
                '\n' => quoted.push_str("\\n"),
                '\r' => quoted.push_str("\\r"),
                '\t' => quoted.push_str("\\t"),
                '\x0B' => quoted.push_str("\\v"),
                _ if is_printable(character) => quoted.push(character),
                ..'\u{80}' => quoted.push_str(&format!("\\x{:02x}", u32::from(character))),
                ..'\u{10000}' => quoted.push_str(&format!("\\u{:04x}", u32::from(character))),
                _ => quoted.push_str(&format!("\\U{:08x}", u32::from(character))),
            }
        }
        for byte in chunk.invalid() {
            quoted.push_str(&format!("\\x{byte:02x}"));
        }
    }
    quoted.push('"');
    quoted
}

/// Go's `unicode.IsPrint`: letters, marks, numbers, punctuation, symbols and the ASCII space. It differs only in
/// characters that were added to Unicode after version 15, which Go 1.26 has.
pub(crate) fn is_printable(character: char) -> bool {
    if character.is_ascii() {
        return character == ' ' || character.is_ascii_graphic();
    }
    // the standard library tells only by what it escapes; behind another character it leaves marks alone
    let mut pair = String::from("a");
    pair.push(character);
    pair.escape_debug().nth(1) == Some(character)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn quotes_as_go_does() {
        for (bytes, quoted) in [
            (&b"a b"[..], r#""a b""#),
            (b"\"\\", r#""\"\\""#),
            (b"\x00\x07\x08\t\n\x0B\x0C\r\x1B\x7F", r#""\x00\a\b\t\n\v\f\r\x1b\x7f""#),
            ("é\u{AD}\u{200B}\u{301}😀\u{E0001}".as_bytes(), "\"é\\u00ad\\u200b\u{301}😀\\U000e0001\""),
            (b"a\xFF\xC3", r#""a\xff\xc3""#),
            ("'".as_bytes(), r#""'""#),
        ] {
            assert_eq!(quote(bytes), quoted);
        }
    }
}
