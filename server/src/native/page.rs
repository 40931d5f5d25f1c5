//! One page of a list.

use axum::response::Response;
use chart::index::to_json;
use http::HeaderMap;

use super::cursor;
use crate::answer;
use crate::router::query;

/// So many charts or versions are looked at for one page, whether they fit or not: some hundredths of a second. A page may
/// therefore be short, or even empty, though more follows.
const LOOKED_AT: usize = 10_000;

/// A page that is being filled. `P` says where in the list something stands.
pub struct Page<P> {
    list: &'static str,
    lines: String,
    limit: usize,
    looked_at: usize,
    last: Option<P>,
    more: bool,
}

/// A page that is done.
pub struct Filled {
    document: chart::index::Document,
}

impl<P> Page<P> {
    /// An empty page of the list of this name, which may have so many lines.
    pub fn new(list: &'static str, limit: usize) -> Self {
        Self { list, lines: String::new(), limit, looked_at: 0, last: None, more: false }
    }

    /// Takes the next candidate: `write` appends its line, or returns `false` if it does not fit. False if the page is full, so that
    /// this candidate belongs to the next one.
    pub fn take(&mut self, place: P, write: impl FnOnce(&mut String) -> bool) -> bool {
        if self.limit == 0 || self.looked_at == LOOKED_AT {
            self.more = true;
            return false;
        }
        self.looked_at += 1;
        self.last = Some(place);
        let before = self.lines.len();
        if before > 0 {
            self.lines.push(',');
        }
        if write(&mut self.lines) {
            self.limit -= 1;
        } else {
            self.lines.truncate(before);
        }
        true
    }

    /// The answer's text and what goes with it. `query` is the request's; `texts` are those of the cursor.
    pub fn fill(self, query: Option<&str>, gzip: bool, texts: impl FnOnce(&P) -> Vec<String>) -> Filled {
        let mut text = format!("{{\"{}\":[{}]", self.list, self.lines);
        if let Some(last) = self.last.filter(|_| self.more) {
            let texts = texts(&last);
            let texts: Vec<&str> = texts.iter().map(String::as_str).collect();
            let next = next(query, &cursor::write(self.list, &texts));
            text.push_str(&format!(",\"next\":{}", to_json(&next)));
        }
        text.push('}');
        Filled { document: answer::document(text, gzip) }
    }
}

impl Filled {
    /// The answer to a request with these headers.
    pub fn answer(&self, headers: &HeaderMap) -> Response {
        answer::prepared(headers, &self.document, answer::JSON)
    }
}

/// The same request with another cursor: a reference that is relative to the request, so that it is right behind any proxy.
fn next(query: Option<&str>, cursor: &str) -> String {
    let kept = query.unwrap_or_default().split('&');
    let kept = kept.filter(|pair| !pair.is_empty() && query::value(Some(pair), "cursor").is_none());
    let mut next = String::from("?");
    for pair in kept {
        next.push_str(pair);
        next.push('&');
    }
    next + "cursor=" + cursor
}
