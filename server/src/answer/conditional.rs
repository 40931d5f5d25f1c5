use http::HeaderMap;
use http::header::IF_NONE_MATCH;

/// True if the client has this representation already (`If-None-Match`, compared weakly: RFC 9110, 13.1.2).
pub fn is_known(headers: &HeaderMap, etag: &str) -> bool {
    headers.get_all(IF_NONE_MATCH).iter().any(|value| value.to_str().is_ok_and(|list| list_has(list, etag)))
}

fn list_has(list: &str, etag: &str) -> bool {
    let mut rest = list.trim();
    if rest == "*" {
        return true;
    }
    loop {
        rest = rest.trim_start_matches([' ', '\t', ',']);
        rest = rest.strip_prefix("W/").unwrap_or(rest);
        // a tag may hold commas, so it ends at its quote
        let Some(end) = rest.strip_prefix('"').and_then(|quoted| quoted.find('"')) else { return false };
        let (tag, behind) = rest.split_at(end + 2);
        if tag == etag.strip_prefix("W/").unwrap_or(etag) {
            return true;
        }
        rest = behind;
    }
}
