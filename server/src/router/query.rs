//! The part of a target after the question mark.

use percent_encoding::percent_decode_str;

/// The first value of a parameter, decoded; empty if it stands alone (`?force`). `None` if it is not there.
pub fn value(query: Option<&str>, name: &str) -> Option<String> {
    query?.split('&').find_map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key) == name).then(|| decode(value))
    })
}

/// Every parameter and its value, decoded, in their order.
pub fn pairs(query: Option<&str>) -> impl Iterator<Item = (String, String)> {
    let pairs = query.unwrap_or_default().split('&').filter(|pair| !pair.is_empty());
    pairs.map(|pair| {
        let (key, value) = pair.split_once('=').unwrap_or((pair, ""));
        (decode(key), decode(value))
    })
}

fn decode(text: &str) -> String {
    let spaced = text.replace('+', " ");
    percent_decode_str(&spaced).decode_utf8_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn force_counts_by_its_presence() {
        for query in ["force", "force=", "force=false", "x=1&force", "force&force=2", "%66orce"] {
            assert!(value(Some(query), "force").is_some(), "{query}");
        }
        for query in ["", "forced", "x=force", "FORCE", "=force"] {
            assert_eq!(value(Some(query), "force"), None, "{query}");
        }
        assert_eq!(value(None, "force"), None);
    }

    #[test]
    fn the_first_value_counts_and_is_decoded() {
        assert_eq!(value(Some("a=1&a=2"), "a").as_deref(), Some("1"));
        assert_eq!(value(Some("a=%2B1"), "a").as_deref(), Some("+1"));
        assert_eq!(value(Some("a=+1"), "a").as_deref(), Some(" 1"));
    }

    #[test]
    fn all_values_are_there_in_their_order() {
        let read = |query| pairs(query).map(|(key, value)| format!("{key}:{value}")).collect::<Vec<_>>();
        assert_eq!(read(Some("b=1&&a=%C3%A9+x&b&=y&%61=")), ["b:1", "a:é x", "b:", ":y", "a:"]);
        assert!(read(Some("")).is_empty() && read(None).is_empty());
    }
}
