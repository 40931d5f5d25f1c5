use axum::response::Response;
use chart::ChartVersion;
use http::HeaderMap;
use jiff::Timestamp;

use crate::App;
use crate::answer::{prefers_gzip, with_age};
use crate::auth::{Caller, Pull};
use crate::error::Error;
use crate::native::fields::{Fields, Line};
use crate::native::filter::{self, Filter};
use crate::native::page::Page;
use crate::native::parameters::Parameters;
use crate::native::{cursor, reach, walk};

const LIST: &str = "versions";

/// The version that a page ended with.
struct After {
    repository: String,
    name: String,
    version: ChartVersion,
    created: Timestamp,
}

/// `GET /-/api/v1/versions`: the versions of one repository or of all, by repository and name, newest first.
pub async fn list(app: &App, caller: &Caller<'_>, headers: &HeaderMap, query: Option<&str>) -> Result<Response, Error> {
    let allowed = [&["repository", "fields", "limit", "cursor"][..], &filter::PARAMETERS].concat();
    let parameters = Parameters::read(query, &allowed)?;
    let asked = parameters.repository(&app.settings.repository)?;
    let (filter, fields) = (Filter::read(&parameters)?, Fields::read(&parameters, false)?);
    let limit = parameters.limit()?;
    let after = After::read(&parameters)?;

    let current = reach::view(app, asked.as_ref()).await?;
    let first = after.as_ref().map_or("", |after| &after.repository);
    let reached = reach::repositories::<Pull>(app, caller, &current.view, asked, first)?;
    let context_path = app.settings.repository.context_path.clone();
    let (query, gzip) = (query.map(str::to_owned), prefers_gzip(headers));
    let filled = app.parsing.run(move |_| {
        let mut page = Page::new(LIST, limit);
        let from = after.as_ref().map(|after| (&*after.repository, &*after.name));
        'charts: for place in walk::charts(reached.repositories(), &filter, from) {
            if !filter.fits_name(place.name.as_str()) {
                continue;
            }
            let path = &place.repository.repository.path;
            let resumed = after.as_ref().filter(|_| from == Some((path.as_str(), place.name.as_str())));
            let first = resumed.map_or(0, |after| place.chart.position_after(&after.version, after.created));
            for version in &place.chart.versions[first..] {
                let taken = page.take((path, version), |out| {
                    if !(filter.is_in_range(version) && filter.fits(version)) {
                        return false;
                    }
                    let (repository, context_path) = (&**place.repository, &*context_path);
                    fields.write(out, &Line { repository, version, versions: None, context_path });
                    true
                });
                if !taken {
                    break 'charts;
                }
            }
        }
        page.fill(query.as_deref(), gzip, |(path, version)| {
            let (name, created) = (version.name.to_string(), version.created.to_string());
            vec![path.to_string(), name, version.version.to_string(), created]
        })
    });
    Ok(with_age(filled.await.answer(headers), current.stale.is_some()))
}

impl After {
    fn read(parameters: &Parameters) -> Result<Option<Self>, Error> {
        let Some([repository, name, version, created]) = cursor::read::<4>(parameters, LIST)? else { return Ok(None) };
        let (version, created) = (ChartVersion::parse(&version).ok(), created.parse().ok());
        match (version, created) {
            (Some(version), Some(created)) => Ok(Some(Self { repository, name, version, created })),
            _ => Err(cursor::bad()),
        }
    }
}
