use super::{Kind, Setting, Values};

pub(super) const SETTINGS: &[&Setting] = &[&ENABLE, &DISABLE];

const ENABLE: Setting = Setting::new("enable-metrics", Kind::Boolean, "Serve /metrics for Prometheus.")
    .key("enablemetrics")
    .default("false");

const DISABLE: Setting = Setting::new("disable-metrics", Kind::Boolean, "Nothing, in ChartMuseum either.")
    .key("disablemetrics")
    .default("false")
    .deprecated();

/// What is counted for whom.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Metrics {
    /// Serve `/metrics`.
    pub enabled: bool,
}

impl Metrics {
    pub(super) fn from_values(values: &Values) -> Self {
        Self { enabled: values.boolean(&ENABLE) }
    }
}
