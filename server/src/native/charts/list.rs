use axum::response::Response;
use http::HeaderMap;

use crate::App;
use crate::answer::{prefers_gzip, with_age};
use crate::auth::{Caller, Pull};
use crate::error::Error;
use crate::native::fields::{Fields, Line};
use crate::native::filter::{self, Filter};
use crate::native::page::Page;
use crate::native::parameters::Parameters;
use crate::native::{cursor, reach, walk};

const LIST: &str = "charts";

/// `GET /-/api/v1/charts`: the charts of one repository or of all, by repository and name.
pub async fn list(app: &App, caller: &Caller<'_>, headers: &HeaderMap, query: Option<&str>) -> Result<Response, Error> {
    let allowed = [&["repository", "devel", "fields", "limit", "cursor"][..], &filter::PARAMETERS].concat();
    let parameters = Parameters::read(query, &allowed)?;
    let asked = parameters.repository(&app.settings.repository)?;
    let (filter, fields) = (Filter::read(&parameters)?, Fields::read(&parameters, true)?);
    let devel = parameters.boolean("devel")?.unwrap_or(false);
    let limit = parameters.limit()?;
    let after = cursor::read::<2>(&parameters, LIST)?;

    let current = reach::view(app, asked.as_ref()).await?;
    let first = after.as_ref().map_or("", |[repository, _]| repository);
    let reached = reach::repositories::<Pull>(app, caller, &current.view, asked, first)?;
    let context_path = app.settings.repository.context_path.clone();
    let (query, gzip) = (query.map(str::to_owned), prefers_gzip(headers));
    let filled = app.parsing.run(move |_| {
        let mut page = Page::new(LIST, limit);
        let after = after.as_ref().map(|[repository, name]| (&**repository, &**name));
        for place in walk::charts(reached.repositories(), &filter, after) {
            let path = &place.repository.repository.path;
            if after == Some((path.as_str(), place.name.as_str())) {
                continue;
            }
            let taken = page.take((path, place.name), |out| {
                let version = filter.choose(place.chart, devel).filter(|_| filter.fits_name(place.name.as_str()));
                let Some(version) = version.filter(|version| filter.fits(version)) else { return false };
                let versions = Some(place.chart.versions.len());
                let (repository, context_path) = (&**place.repository, &*context_path);
                fields.write(out, &Line { repository, version, versions, context_path });
                true
            });
            if !taken {
                break;
            }
        }
        page.fill(query.as_deref(), gzip, |(path, name)| vec![path.to_string(), name.to_string()])
    });
    Ok(with_age(filled.await.answer(headers), current.stale.is_some()))
}
