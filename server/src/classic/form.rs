//! ChartMuseum's upload form.

use axum::body::Body;
use axum::extract::multipart::MultipartError;
use axum::extract::{DefaultBodyLimit, FromRequest, Multipart, Request};
use bytes::Bytes;
use catalogue::Upload;
use chart::{Package, Provenance};
use http::header::CONTENT_TYPE;
use http::request::Parts;
use http::{HeaderMap, StatusCode};

use crate::App;
use crate::config::Upload as Settings;
use crate::error::Error;
use crate::upload_body::bounded;

/// True for exactly `multipart/form-data`, whatever follows it; everything else is the file itself.
pub fn is_form(headers: &HeaderMap) -> bool {
    let value = headers.get(CONTENT_TYPE).and_then(|value| value.to_str().ok()).unwrap_or_default();
    value.split([';', ' ']).next() == Some("multipart/form-data")
}

/// Reads the form's files: those of the fields that ChartMuseum always has, and of the fields in the settings.
///
/// # Errors
/// `TooLarge` for the form as a whole, `NoFile` if none of the fields has a file or the form cannot be read, and what is wrong
/// with a file.
pub async fn read(app: &App, head: Parts, body: Body) -> Result<Upload, Error> {
    let settings = &app.settings.upload;
    let body = bounded(&head.headers, body, settings.max_size)?;
    let mut request = Request::from_parts(head, Body::new(body));
    DefaultBodyLimit::disable().apply(&mut request); // ours is in force already
    let mut fields = Fields::of(settings);
    let Ok(mut form) = Multipart::from_request(request, &()).await else {
        return Err(no_file(settings)); // without a boundary
    };
    fields.fill(&mut form).await.map_err(|error| refusal(settings, &error))?;

    let mut upload = Upload::default();
    let [packages, provenances] = fields.files;
    for bytes in packages.into_iter().filter_map(|(_, bytes)| bytes) {
        let package = app.parsing.run(move |limits| Package::parse(bytes, limits)).await?;
        if upload.packages.iter().all(|other| other.file_name() != package.file_name()) {
            upload.packages.push(package);
        }
    }
    for bytes in provenances.into_iter().filter_map(|(_, bytes)| bytes) {
        let provenance = Provenance::parse(&bytes)?;
        let file = provenance.package_file_name();
        if upload.provenances.iter().all(|(other, _)| other.package_file_name() != file) {
            upload.provenances.push((provenance, bytes));
        }
    }
    if upload.packages.is_empty() && upload.provenances.is_empty() {
        return Err(no_file(settings));
    }
    Ok(upload)
}

/// The files that are looked for: packages, then provenances, each by the default field and then by the one in the settings.
struct Fields {
    files: [[(String, Option<Bytes>); 2]; 2],
}

impl Fields {
    fn of(settings: &Settings) -> Self {
        let field = |name: &str| (name.to_owned(), None);
        Self {
            files: [[field("chart"), field(&settings.chart_field)], [field("prov"), field(&settings.provenance_field)]],
        }
    }

    /// Takes the first file of each field. Parts of other names, and values that are no files, are passed over.
    async fn fill(&mut self, form: &mut Multipart) -> Result<(), MultipartError> {
        while let Some(part) = form.next_field().await? {
            if part.file_name().is_none_or(str::is_empty) {
                continue;
            }
            let name = part.name().unwrap_or_default();
            let field = self.files.iter_mut().flatten().find(|(field, _)| field == name);
            if let Some((_, bytes)) = field.filter(|(_, bytes)| bytes.is_none()) {
                *bytes = Some(part.bytes().await?);
            }
        }
        Ok(())
    }
}

/// A form that grew too large, or one that cannot be read and so has no file.
fn refusal(settings: &Settings, error: &MultipartError) -> Error {
    if error.status() == StatusCode::PAYLOAD_TOO_LARGE { Error::TooLarge } else { no_file(settings) }
}

fn no_file(settings: &Settings) -> Error {
    Error::NoFile { chart: settings.chart_field.clone(), provenance: settings.provenance_field.clone() }
}
