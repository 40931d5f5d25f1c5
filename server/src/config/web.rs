use std::collections::BTreeMap;
use std::path::PathBuf;

use catalogue::RepositoryPath;
use http::{HeaderValue, Uri};

use super::{Kind, Setting, SettingError, Values};

pub(super) const SETTINGS: &[&Setting] = &[&CORS_ORIGIN, &WEB_TEMPLATE_PATH, &ARTIFACT_HUB_REPO_ID];

const CORS_ORIGIN: Setting = Setting::new(
    "cors-alloworigin",
    Kind::Text,
    "Origin whose scripts a browser lets use this server: * for any, or several between commas.",
)
.key("cors.alloworigin")
.variable_named("CORS_ALLOW_ORIGIN");
const WEB_TEMPLATE_PATH: Setting = Setting::new(
    "web-template-path",
    Kind::Text,
    "Folder with an index.html that is shown at /, and a folder static that is served below /static/.",
)
.key("web-template-path");
const ARTIFACT_HUB_REPO_ID: Setting = Setting::new(
    "artifact-hub-repo-id",
    Kind::Pairs,
    "Artifact Hub's id for artifacthub-repo.yml: an id, or repository=id; may be repeated.",
)
.key("artifact-hub-repo-id");

/// What browsers and other sites get.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Web {
    /// Origins whose scripts may use this server.
    pub cors: Option<AllowedOrigins>,
    /// The folder of the page at `/` and of `static`.
    pub template_folder: Option<PathBuf>,
    /// Artifact Hub's id of a repository.
    pub artifact_hub_ids: BTreeMap<RepositoryPath, String>,
}

/// Origins whose scripts may use this server.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum AllowedOrigins {
    /// All.
    Any,
    /// These.
    Only(Vec<HeaderValue>),
}

impl Web {
    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        Ok(Self {
            cors: cors(values)?,
            template_folder: values.text(&WEB_TEMPLATE_PATH).map(PathBuf::from),
            artifact_hub_ids: artifact_hub_ids(values)?,
        })
    }
}

fn cors(values: &Values) -> Result<Option<AllowedOrigins>, SettingError> {
    let Some(text) = values.text(&CORS_ORIGIN) else { return Ok(None) };
    let origins: Vec<&str> = text.split(',').map(|origin| origin.trim().trim_end_matches('/')).collect();
    if origins == ["*"] {
        return Ok(Some(AllowedOrigins::Any));
    }
    let origins = origins.into_iter().map(|origin| match HeaderValue::from_str(origin) {
        Ok(value) if is_origin(origin) => Ok(value),
        _ => {
            Err(values.fault(&CORS_ORIGIN, &format!("expected *, or origins such as https://a.example, not {text:?}")))
        }
    });
    Ok(Some(AllowedOrigins::Only(origins.collect::<Result<_, _>>()?)))
}

/// As a browser sends it: scheme, host and port, nothing behind them; or the word for pages that have none.
fn is_origin(text: &str) -> bool {
    text == "null"
        || text.parse::<Uri>().is_ok_and(|uri| uri.scheme().is_some() && uri.authority().is_some())
            && text.split("://").nth(1).is_some_and(|behind| !behind.contains(['/', '?', '#', '@']))
}

fn artifact_hub_ids(values: &Values) -> Result<BTreeMap<RepositoryPath, String>, SettingError> {
    let pairs = values.pairs(&ARTIFACT_HUB_REPO_ID).into_iter();
    pairs
        .map(|(repository, id)| {
            let fault = |reason: String| values.fault(&ARTIFACT_HUB_REPO_ID, &reason);
            let path = RepositoryPath::parse(repository.trim_matches('/'))
                .map_err(|error| fault(format!("{repository:?} is no repository: {error}")))?;
            match id.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_.".contains(&byte)) {
                true => Ok((path, id)),
                false => Err(fault(format!("expected an id of letters, digits and hyphens, not {id:?}"))),
            }
        })
        .collect()
}
