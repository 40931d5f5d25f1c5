use axum::response::Response;
use http::HeaderMap;

use crate::App;
use crate::answer::{self, JSON, prefers_gzip, with_age};
use crate::auth::{Caller, Grant, Pull};
use crate::error::Error;
use crate::native::fields::{Fields, Line};
use crate::native::filter::Filter;
use crate::native::parameters::Parameters;
use crate::reading;

/// `GET /-/api/v1/charts/{name}`: one chart, shown by the newest version that fits.
pub async fn show(
    app: &App,
    caller: &Caller<'_>,
    headers: &HeaderMap,
    query: Option<&str>,
    name: &str,
) -> Result<Response, Error> {
    let parameters = Parameters::read(query, &["repository", "range", "devel", "fields"])?;
    let asked = parameters.repository_or_root(&app.settings.repository)?;
    let (filter, fields) = (Filter::read(&parameters)?, Fields::read(&parameters, true)?);
    let devel = parameters.boolean("devel")?.unwrap_or(false);

    let grant: Grant<Pull> = caller.grant(asked)?;
    let found = reading::find(&app.catalogue, |view| {
        let repository = view
            .repository(grant.repository())
            .filter(|_| app.reaches(grant.repository()))
            .ok_or(Error::ChartNotFound)?;
        let chart = repository.repository.chart(name).ok_or(Error::ChartNotFound)?;
        let version = filter.choose(chart, devel).ok_or_else(|| Error::NoVersion {
            name: name.to_owned(),
            version: parameters.get("range").unwrap_or_default().to_owned(),
        })?;
        let (versions, context_path) = (Some(chart.versions.len()), &*app.settings.repository.context_path);
        let mut text = String::new();
        fields.write(&mut text, &Line { repository, version, versions, context_path });
        Ok(text)
    });
    let found = found.await?;
    let document = answer::document(found.what, prefers_gzip(headers));
    Ok(with_age(answer::prepared(headers, &document, JSON), found.is_stale))
}
