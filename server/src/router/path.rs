//! From the request's target to a path that can be compared with routes.

use std::borrow::Cow;

use percent_encoding::percent_decode_str;

/// The path, percent-decoded once, before it is split: `%2F` separates segments, as ChartMuseum has it.
///
/// `None` if no route can have it: not UTF-8, a malformed escape, a control character, a segment `.` or `..`, or an
/// empty segment that is not the last one.
pub fn decode(raw: &str) -> Option<Cow<'_, str>> {
    let path = if raw.contains('%') { decode_escapes(raw)? } else { Cow::Borrowed(raw) };
    is_plain(path.strip_prefix('/')?).then_some(path)
}

fn decode_escapes(raw: &str) -> Option<Cow<'_, str>> {
    let well_formed = raw.split('%').skip(1).all(|after| {
        let mut digits = after.bytes().take(2).map(|byte| byte.is_ascii_hexdigit());
        digits.next() == Some(true) && digits.next() == Some(true)
    });
    if well_formed { percent_decode_str(raw).decode_utf8().ok() } else { None }
}

fn is_plain(path: &str) -> bool {
    let mut segments = path.split('/').peekable();
    while let Some(segment) = segments.next() {
        let is_last = segments.peek().is_none();
        let allowed = match segment {
            "" => is_last,
            "." | ".." => false,
            _ => !segment.bytes().any(|byte| byte.is_ascii_control()),
        };
        if !allowed {
            return false;
        }
    }
    true
}

/// The path below the context path (`""` or `/one/or/more`), which ends where a segment ends.
pub fn below<'p>(path: &'p str, context_path: &str) -> Option<&'p str> {
    match path.strip_prefix(context_path)? {
        "" => Some("/"),
        rest if rest.starts_with('/') => Some(rest),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decodes_once_and_splits_afterwards() {
        for (raw, decoded) in [
            ("/", "/"),
            ("/a/b.tgz", "/a/b.tgz"),
            ("/a%2Fb", "/a/b"),
            ("/a%2fb", "/a/b"),
            ("/x-1.0.0+b.tgz", "/x-1.0.0+b.tgz"),
            ("/x-1.0.0%2Bb.tgz", "/x-1.0.0+b.tgz"),
            ("/a%20b", "/a b"),
            ("/%C3%A9", "/é"),
            ("/a%252Fb", "/a%2Fb"),
            ("/%252e%252e/x", "/%2e%2e/x"),
            ("/a/", "/a/"),
            ("/a%2F", "/a/"),
            ("/.hidden/..x/x..", "/.hidden/..x/x.."),
        ] {
            assert_eq!(decode(raw).as_deref(), Some(decoded), "{raw}");
        }
    }

    #[test]
    fn refuses_what_could_name_something_else() {
        for raw in [
            "",
            "*",
            "a",
            "//",
            "//a",
            "/a//b",
            "/.",
            "/..",
            "/../a",
            "/a/../b",
            "/a/..",
            "/%2e%2e/a",
            "/a/%2E%2E",
            "/a%2f..%2fb",
            "/a%2F%2F",
            "/%00",
            "/a%00b",
            "/a%0Ab",
            "/a%7F",
            "/%",
            "/%2",
            "/%zz",
            "/%+1",
            "/%C3",
            "/%FF",
        ] {
            assert_eq!(decode(raw), None, "{raw}");
        }
    }

    #[test]
    fn a_context_path_ends_with_a_segment() {
        assert_eq!(below("/a/b", ""), Some("/a/b"));
        assert_eq!(below("/foo/bar", "/foo/bar"), Some("/"));
        assert_eq!(below("/foo/bar/", "/foo/bar"), Some("/"));
        assert_eq!(below("/foo/bar/x", "/foo/bar"), Some("/x"));
        assert_eq!(below("/foo/barx/index.yaml", "/foo/bar"), None);
        assert_eq!(below("/foo/barindex.yaml", "/foo/bar"), None);
        assert_eq!(below("/foo", "/foo/bar"), None);
    }
}
