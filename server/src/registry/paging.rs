use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::Fault;
use crate::router::query;

/// Most lines of one page: a list of so many of the longest tags stays well below the 4 MiB that clients read.
const MOST: usize = 10_000;

/// What part of a list is asked for.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Page {
    /// Lines at most; 0 asks for none.
    pub limit: usize,
    /// Only what comes after this.
    pub last: Option<String>,
}

impl Page {
    /// Reads `n` and `last`.
    pub(super) fn read(query: Option<&str>) -> Result<Self, Fault> {
        let limit = match query::value(query, "n") {
            None => MOST,
            Some(text) if !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit()) => {
                text.parse().unwrap_or(MOST).min(MOST)
            }
            Some(_) => return Err(Fault::Parameter("n is a number of lines".to_owned())),
        };
        Ok(Self { limit, last: query::value(query, "last").filter(|last| !last.is_empty()) })
    }

    /// The address of the page after this one, relative to the server.
    pub(super) fn next(&self, path: &str, last: &str) -> String {
        format!("{path}?n={}&last={}", self.limit, utf8_percent_encode(last, NON_ALPHANUMERIC))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_are_read_and_go_on_where_they_ended() {
        let page = |limit, last: Option<&str>| Page { limit, last: last.map(str::to_owned) };
        for (query, expected) in [
            ("", page(MOST, None)),
            ("n=7", page(7, None)),
            ("n=0&last=", page(0, None)),
            ("last=a%2Bb&n=99999999999999999999", page(MOST, Some("a+b"))),
        ] {
            assert_eq!(Page::read(Some(query)).unwrap(), expected, "{query}");
        }
        for query in ["n=", "n=-1", "n=x", "n=1.0", "n=+1"] {
            assert!(matches!(Page::read(Some(query)), Err(Fault::Parameter(_))), "{query}");
        }
        assert_eq!(page(2, None).next("/v2/a/b/tags/list", "1.0_x"), "/v2/a/b/tags/list?n=2&last=1%2E0%5Fx");
    }
}
