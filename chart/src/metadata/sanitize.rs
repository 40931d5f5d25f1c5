use crate::quote::is_printable;

/// Makes each white-space character a space, and leaves out what cannot be printed, as Helm does before it looks.
pub(super) fn sanitize(text: &mut String) {
    if text.bytes().all(|byte| byte == b' ' || byte.is_ascii_graphic()) {
        return;
    }
    *text = text
        .chars()
        .filter_map(|character| match character {
            space if space.is_whitespace() => Some(' '),
            other => is_printable(other).then_some(other),
        })
        .collect();
}

#[cfg(test)]
mod tests {
    use super::sanitize;

    #[test]
    fn spaces_stay_and_controls_go() {
        for (text, clean) in [
            ("plain", "plain"),
            ("c18\n", "c18 "),
            ("a\tb\r\nc\u{A0}d\u{2028}e\u{3000}f\u{85}", "a b  c d e f "),
            ("a\0b\u{7F}c\u{200B}d\u{FEFF}e\u{E000}", "abcde"),
            ("日本語 é e\u{301} 😀", "日本語 é e\u{301} 😀"),
        ] {
            let mut sanitized = text.to_owned();
            sanitize(&mut sanitized);
            assert_eq!(sanitized, clean, "{text:?}");
        }
    }
}
