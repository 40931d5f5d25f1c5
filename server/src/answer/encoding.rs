use http::HeaderMap;
use http::header::ACCEPT_ENCODING;

/// True if the client asked for gzip by name and does not like the plain text better (RFC 9110, 12.5.3).
///
/// `*` alone is no wish for gzip: some clients send it and hand the body on as it is.
pub fn prefers_gzip(headers: &HeaderMap) -> bool {
    let mut gzip = 0;
    let mut identity = 0;
    let values = headers.get_all(ACCEPT_ENCODING).iter().filter_map(|value| value.to_str().ok());
    for (coding, quality) in values.flat_map(|list| list.split(',')).filter_map(weighted) {
        if coding.eq_ignore_ascii_case("gzip") || coding.eq_ignore_ascii_case("x-gzip") {
            gzip = quality;
        } else if coding.eq_ignore_ascii_case("identity") {
            identity = quality;
        }
    }
    gzip > 0 && gzip >= identity
}

/// A coding and its weight in thousandths; `None` if it is malformed.
fn weighted(item: &str) -> Option<(&str, u16)> {
    let mut parts = item.split(';').map(str::trim);
    let coding = parts.next()?;
    let mut quality = 1000;
    for parameter in parts {
        if let Some((name, value)) = parameter.split_once('=')
            && name.trim().eq_ignore_ascii_case("q")
        {
            quality = thousandths(value.trim())?;
        }
    }
    Some((coding, quality))
}

fn thousandths(value: &str) -> Option<u16> {
    let (whole, decimals) = value.split_once('.').unwrap_or((value, ""));
    let is_short = decimals.len() <= 3 && decimals.bytes().all(|byte| byte.is_ascii_digit());
    match whole {
        "0" if is_short => format!("{decimals:0<3}").parse().ok(),
        "1" if is_short && decimals.bytes().all(|byte| byte == b'0') => Some(1000),
        _ => None,
    }
}
