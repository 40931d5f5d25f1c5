use chart::index::Format;
use http::Uri;

use super::{Kind, Setting, SettingError, Values};

pub(super) const SETTINGS: &[&Setting] = &[&CHART_URL, &INDEX_FORMAT, &JSON_INDEX, &GEN_INDEX, &PUBLISH_INDEX];

const CHART_URL: Setting =
    Setting::new("chart-url", Kind::Text, "Absolute base of package URLs in indexes; without it they are relative.")
        .key("charturl");
const INDEX_FORMAT: Setting = Setting::new(
    "index-format",
    Kind::Choice(&["json", "yaml"]),
    "Text of index.yaml: json (the default: every Helm reads it, current ones five times faster) or yaml. Wins over json-index.",
)
.key("indexformat");
const JSON_INDEX: Setting = Setting::new("json-index", Kind::Boolean, "ChartMuseum's way to say it: false gives YAML.")
    .key("json-index")
    .default("true");

const GEN_INDEX: Setting =
    Setting::new("gen-index", Kind::Boolean, "Print the index and exit; only at depth 0, else the server starts.")
        .key("genindex")
        .default("false");

const PUBLISH_INDEX: Setting = Setting::new(
    "publish-index",
    Kind::Boolean,
    "Keep index.yaml in the storage beside the packages too, for a bucket's website or a content network.",
)
.key("publishindex")
.default("false");

/// How `index.yaml` is written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Index {
    /// JSON text or block YAML.
    pub format: Format,
    /// Absolute base of package URLs, without the context path and without a slash at the end; relative URLs if absent.
    pub chart_url: Option<String>,
    /// Print the index instead of serving it.
    pub print: bool,
    /// Keep one of each repository in the storage.
    pub publish: bool,
}

impl Index {
    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let format = match values.text(&INDEX_FORMAT) {
            Some("yaml") => Format::Yaml,
            Some(_) => Format::Json,
            None if values.boolean(&JSON_INDEX) => Format::Json,
            None => Format::Yaml,
        };
        let (print, publish) = (values.boolean(&GEN_INDEX), values.boolean(&PUBLISH_INDEX));
        Ok(Self { format, chart_url: chart_url(values)?, print, publish })
    }
}

fn chart_url(values: &Values) -> Result<Option<String>, SettingError> {
    let Some(text) = values.text(&CHART_URL) else { return Ok(None) };
    let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https")) && uri.query().is_none();
    match text.parse::<Uri>() {
        Ok(uri) if is_web(&uri) && !text.contains('#') => Ok(Some(text.trim_end_matches('/').to_owned())),
        _ => Err(values.fault(&CHART_URL, &format!("expected an http or https URL without a query, not {text:?}"))),
    }
}
