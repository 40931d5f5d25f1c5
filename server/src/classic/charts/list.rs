use std::ops::Range;

use axum::response::Response;
use bytes::Bytes;
use catalogue::RepositoryView;
use chart::index::{Body, to_json};
use http::HeaderMap;

use crate::App;
use crate::answer::{JSON, json_frames, prepared, with_age};
use crate::auth::{Grant, Pull};
use crate::error::Error;
use crate::reading;
use crate::router::query;

/// `GET /api/{repository}/charts`: all charts, or those of a page of names in byte order.
pub async fn list(app: &App, grant: &Grant<Pull>, headers: &HeaderMap, query: Option<&str>) -> Result<Response, Error> {
    let page = page(query)?;
    let repository = grant.repository();
    let current = reading::view(&app.catalogue, |view| view.repository(repository).is_some()).await?;
    let repository = current.view.repository_or_empty(repository);
    let response = match page {
        None => prepared(headers, repository.listing(), JSON),
        Some(page) => json_frames(&part(repository, page)),
    };
    Ok(with_age(response, current.stale.is_some()))
}

/// Which names are asked for; `None` for all of them.
fn page(query: Option<&str>) -> Result<Option<Range<usize>>, Error> {
    let offset = match query::value(query, "offset") {
        None => None,
        Some(text) => Some(number(&text).filter(|offset| *offset >= 0).ok_or(Error::Offset)?),
    };
    let limit = match query::value(query, "limit") {
        None => None,
        Some(text) => Some(number(&text).filter(|limit| *limit >= 1).ok_or(Error::Limit)?),
    };
    if offset.is_none() && limit.is_none() {
        return Ok(None);
    }
    let place = |number: i64| usize::try_from(number).unwrap_or(usize::MAX);
    let start = offset.map_or(0, place);
    Ok(Some(start..limit.map_or(usize::MAX, |limit| start.saturating_add(place(limit)))))
}

/// As Go reads a decimal number: one sign is allowed, spaces are not.
fn number(text: &str) -> Option<i64> {
    text.parse().ok()
}

fn part(repository: &RepositoryView, page: Range<usize>) -> Body {
    let names = repository.repository.charts.keys().skip(page.start).take(page.end - page.start);
    let mut pieces = vec![Bytes::from_static(b"{")];
    for name in names {
        let entries = repository.entries(name.as_str()).unwrap_or_default();
        let comma = if pieces.len() > 1 { "," } else { "" };
        pieces.push(format!("{comma}{}:", to_json(name.as_str())).into());
        pieces.extend(Body::array(&entries).frames.iter().cloned());
    }
    pieces.push(Bytes::from_static(b"}"));
    let length = pieces.iter().map(|piece| piece.len() as u64).sum();
    Body { frames: pieces.into(), length }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pages_of_names() {
        for (query, expected) in [
            ("", None),
            ("x=1", None),
            ("offset=0", Some(0..usize::MAX)),
            ("offset=2", Some(2..usize::MAX)),
            ("limit=3", Some(0..3)),
            ("offset=2&limit=3", Some(2..5)),
            ("offset=%2B2&limit=%2B3", Some(2..5)),
            ("offset=9223372036854775807&limit=9223372036854775807", Some(i64::MAX as usize..usize::MAX - 1)),
        ] {
            assert_eq!(page(Some(query)).unwrap(), expected, "{query}");
        }
    }

    #[test]
    fn numbers_that_are_none() {
        for query in
            ["offset=-1", "offset=", "offset", "offset=a", "offset=1.0", "offset=+1", "offset=9223372036854775808"]
        {
            assert!(matches!(page(Some(query)), Err(Error::Offset)), "{query}");
        }
        for query in ["limit=0", "limit=-1", "limit=", "limit=x", "limit=9223372036854775808"] {
            assert!(matches!(page(Some(query)), Err(Error::Limit)), "{query}");
        }
        // ChartMuseum looks at the offset first
        assert!(matches!(page(Some("limit=0&offset=-1")), Err(Error::Offset)));
    }
}
