use axum::response::Response;
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use bytes::Bytes;
use chart::{Limits, Package, yaml};
use http::StatusCode;
use serde::Serialize;
use serde_json::Value;

use super::resolve::resolve;
use crate::App;
use crate::answer::{json, with_age};
use crate::auth::{Grant, Pull};
use crate::error::Error;
use crate::reading;

/// What ChartMuseum answers; both are `null` if the package has none.
#[derive(Serialize)]
struct Templates {
    templates: Option<Vec<Template>>,
    values: Option<Value>,
}

#[derive(Serialize)]
struct Template {
    name: String,
    /// Base64.
    data: String,
}

/// `GET /api/{repository}/charts/{name}/{version}/templates`: the chart's templates and its values as JSON.
pub async fn show(app: &App, grant: &Grant<Pull>, name: &str, version: &str) -> Result<Response, Error> {
    let found = reading::find(&app.catalogue, |view| resolve(view, grant.repository(), name, version)).await?;
    let package = app.packages.get(&app.catalogue, &found.what.package()).await?;
    let text = app.parsing.run(move |limits| read(&package.bytes, limits)).await;
    Ok(with_age(json(StatusCode::OK, text.map_err(Error::Internal)?), found.is_stale))
}

fn read(package: &Bytes, limits: &Limits) -> Result<String, String> {
    let templates = Package::templates(package, limits).map_err(|error| error.to_string())?;
    let templates = templates.into_iter().map(|(name, text)| Template { name, data: STANDARD.encode(text) });
    let templates: Vec<_> = templates.collect();
    let values = match Package::values(package, limits).map_err(|error| error.to_string())? {
        None => None,
        Some(text) => Some(values(&text, limits)?),
    };
    let templates = Some(templates).filter(|templates| !templates.is_empty());
    Ok(chart::index::to_json(&Templates { templates, values }))
}

/// The values as Helm reads them; nothing but comments is an empty map.
fn values(text: &Bytes, limits: &Limits) -> Result<Value, String> {
    let bytes = usize::try_from(limits.file_size).unwrap_or(usize::MAX);
    let value = yaml::read(text, &yaml::Limits { bytes, ..Default::default() }).map_err(|error| error.to_string())?;
    Ok(if value.is_null() { Value::Object(Default::default()) } else { sorted(value) })
}

/// Keys in byte order, as ChartMuseum writes them.
fn sorted(value: Value) -> Value {
    match value {
        Value::Object(fields) => {
            let mut fields: Vec<_> = fields.into_iter().map(|(key, value)| (key, sorted(value))).collect();
            fields.sort_unstable_by(|(one, _), (other, _)| one.cmp(other));
            Value::Object(fields.into_iter().collect())
        }
        Value::Array(items) => Value::Array(items.into_iter().map(sorted).collect()),
        scalar => scalar,
    }
}
