use std::ops::Bound;
use std::sync::Arc;
use std::time::Duration;

use axum::response::Response;
use catalogue::{RepositoryPath, Trashed};
use chart::Digest;
use chart::index::{rfc3339, to_json};
use http::HeaderMap;
use serde::Serialize;

use crate::App;
use crate::answer::{prefers_gzip, with_age};
use crate::auth::{Administer, Caller};
use crate::error::Error;
use crate::native::page::Page;
use crate::native::parameters::Parameters;
use crate::native::pattern::Pattern;
use crate::native::{cursor, reach};

const LIST: &str = "trash";

/// A removal.
#[derive(Serialize)]
struct Line<'a> {
    repository: &'a str,
    name: &'a str,
    version: &'a str,
    digest: Digest,
    size: u64,
    provenance: bool,
    created: String,
    removed: String,
    /// Until then it can be restored.
    expires: String,
}

/// `GET /-/api/v1/trash`: what was removed and can be restored, by repository, file and time of the removal.
pub async fn list(app: &App, caller: &Caller<'_>, headers: &HeaderMap, query: Option<&str>) -> Result<Response, Error> {
    let parameters = Parameters::read(query, &["repository", "name", "limit", "cursor"])?;
    let asked = parameters.repository(&app.settings.repository)?;
    let pattern = parameters.text("name")?.map(Pattern::new);
    let limit = parameters.limit()?;
    let after = match cursor::read::<3>(&parameters, LIST)? {
        None => None,
        Some([path, file, removal]) => Some((path, Arc::from(file), removal.parse().map_err(|_| cursor::bad())?)),
    };

    let current = reach::view(app, asked.as_ref()).await?;
    let first = after.as_ref().map_or("", |(path, ..)| path);
    let reached = reach::repositories::<Administer>(app, caller, &current.view, asked, first)?;
    let window = app.settings.catalogue.trash_window;
    let (query, gzip) = (query.map(str::to_owned), prefers_gzip(headers));
    let filled = app.parsing.run(move |_| {
        let mut page = Page::new(LIST, limit);
        'repositories: for view in reached.repositories() {
            let path = &view.repository.path;
            let resumed = after.as_ref().filter(|(resumed, ..)| resumed == path.as_str());
            let from =
                resumed.map_or(Bound::Unbounded, |(_, file, removal)| Bound::Excluded((Arc::clone(file), *removal)));
            for trashed in view.repository.trash.range((from, Bound::Unbounded)).map(|(_, trashed)| trashed) {
                let taken = page.take((path, trashed), |out| {
                    let fits = pattern.as_ref().is_none_or(|pattern| pattern.fits(trashed.version.name.as_str()));
                    if fits {
                        out.push_str(&to_json(&Line::of(path, trashed, window)));
                    }
                    fits
                });
                if !taken {
                    break 'repositories;
                }
            }
        }
        page.fill(query.as_deref(), gzip, |(path, trashed)| {
            vec![path.to_string(), trashed.version.file.to_string(), trashed.removed_at.to_string()]
        })
    });
    Ok(with_age(filled.await.answer(headers), current.stale.is_some()))
}

impl<'a> Line<'a> {
    fn of(path: &'a RepositoryPath, trashed: &'a Trashed, window: Duration) -> Self {
        let version = &trashed.version;
        Self {
            repository: path.as_str(),
            name: version.name.as_str(),
            version: version.version.as_str(),
            digest: version.package.digest,
            size: version.package.size,
            provenance: trashed.provenance.is_some(),
            created: rfc3339(version.created),
            removed: rfc3339(trashed.at),
            expires: rfc3339(trashed.at.saturating_add(window).unwrap_or(trashed.at)),
        }
    }
}
