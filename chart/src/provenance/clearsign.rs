//! The form of a clear-signed PGP message (RFC 9580 §7).

const MESSAGE: &str = "-----BEGIN PGP SIGNED MESSAGE-----";
const SIGNATURE: &str = "-----BEGIN PGP SIGNATURE-----";
const END: &str = "-----END PGP SIGNATURE-----";

/// The lines that were signed, without dash escapes and trailing blanks, which are not signed. None if the text is no
/// clear-signed message from its first byte to its last.
pub(super) fn signed_lines(text: &str) -> Option<Vec<&str>> {
    let mut lines = text.lines().map(|line| line.trim_end_matches([' ', '\t', '\r']));
    if lines.next()? != MESSAGE {
        return None;
    }
    skip_headers(&mut lines)?;
    let mut signed = Vec::new();
    loop {
        match lines.next()? {
            SIGNATURE => break,
            line => signed.push(line.strip_prefix("- ").unwrap_or(line)),
        }
    }
    skip_headers(&mut lines)?;
    skip_base64(&mut lines)?;
    lines.all(str::is_empty).then_some(signed)
}

/// `Key: value` lines and the empty line that ends them.
fn skip_headers<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<()> {
    loop {
        match lines.next()? {
            "" => return Some(()),
            line => line.split_once(':').filter(|(key, _)| !key.is_empty()).map(drop)?,
        }
    }
}

/// The signature's bytes, and the line that ends them.
fn skip_base64<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<()> {
    let (mut characters, mut padding) = (0, 0);
    loop {
        let line = lines.next()?;
        let data = line.trim_end_matches('=');
        let line_padding = line.len() - data.len();
        if line == END || is_checksum(line) {
            let ended = line == END || lines.next()? == END;
            return (ended && characters > 0 && (characters + padding) % 4 == 0).then_some(());
        }
        if data.is_empty() || padding > 0 || line_padding > 2 || !data.bytes().all(is_base64) {
            return None;
        }
        characters += data.len();
        padding = line_padding;
    }
}

/// An optional CRC-24, which readers do not rely on.
fn is_checksum(line: &str) -> bool {
    line.strip_prefix('=').is_some_and(|sum| sum.len() == 4 && sum.bytes().all(is_base64))
}

fn is_base64(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/')
}
