use axum::response::Response;
use chart::index::to_json;
use http::HeaderMap;

use crate::App;
use crate::answer::{prefers_gzip, with_age};
use crate::auth::{Caller, Pull};
use crate::error::Error;
use crate::native::page::Page;
use crate::native::parameters::Parameters;
use crate::native::pattern::Pattern;
use crate::native::{cursor, reach};

const LIST: &str = "repositories";

/// `GET /-/api/v1/repositories`: what repositories there are, by path.
pub async fn list(app: &App, caller: &Caller<'_>, headers: &HeaderMap, query: Option<&str>) -> Result<Response, Error> {
    let parameters = Parameters::read(query, &["path", "limit", "cursor"])?;
    let pattern = parameters.get("path").map(Pattern::new);
    let limit = parameters.limit()?;
    let after = cursor::read::<1>(&parameters, LIST)?.map(|[path]| path);

    let current = reach::view(app, None).await?;
    let first = after.as_deref().unwrap_or_default();
    let reached = reach::repositories::<Pull>(app, caller, &current.view, None, first)?;
    let (query, gzip) = (query.map(str::to_owned), prefers_gzip(headers));
    let filled = app.parsing.run(move |_| {
        let mut page = Page::new(LIST, limit);
        for view in reached.repositories() {
            let repository = &view.repository;
            let path = repository.path.as_str();
            if after.as_deref() == Some(path) {
                continue;
            }
            let taken = page.take(path, |out| {
                let fits = pattern.as_ref().is_none_or(|pattern| pattern.fits(path));
                if fits {
                    let (charts, versions) = (repository.charts.len(), view.version_count());
                    let (path, changed) = (to_json(path), chart::index::rfc3339(repository.changed));
                    out.push_str(&format!(
                        r#"{{"path":{path},"charts":{charts},"versions":{versions},"changed":"{changed}"}}"#
                    ));
                }
                fits
            });
            if !taken {
                break;
            }
        }
        page.fill(query.as_deref(), gzip, |path| vec![(*path).to_owned()])
    });
    Ok(with_age(filled.await.answer(headers), current.stale.is_some()))
}
