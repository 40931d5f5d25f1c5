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
    skip_signature(&mut lines)?;
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

/// The signature up to the line that ends it. What it is made of is for those who verify it.
fn skip_signature<'a>(lines: &mut impl Iterator<Item = &'a str>) -> Option<()> {
    let mut is_empty = true;
    loop {
        match lines.next()? {
            END => return (!is_empty).then_some(()),
            line => is_empty &= line.is_empty(),
        }
    }
}
