use super::{Kind, Setting, Values};

pub(super) const SETTINGS: &[&Setting] = &[&DEBUG, &LOG_JSON, &LOG_HEALTH, &LOG_LATENCY_INTEGER];

const DEBUG: Setting =
    Setting::new("debug", Kind::Boolean, "Log what helps to find a fault.").key("debug").default("false");
const LOG_JSON: Setting =
    Setting::new("log-json", Kind::Boolean, "Log JSON instead of text.").key("logjson").default("false");
const LOG_HEALTH: Setting =
    Setting::new("log-health", Kind::Boolean, "Also log successful health checks.").key("loghealth").default("false");
const LOG_LATENCY_INTEGER: Setting =
    Setting::new("log-latency-integer", Kind::Boolean, "Log latency as integer nanoseconds.")
        .key("loglatencyinteger")
        .default("false");

/// What is logged, and how.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Log {
    /// Log what helps to find a fault.
    pub debug: bool,
    /// JSON instead of text.
    pub json: bool,
    /// Also log successful health checks.
    pub health: bool,
    /// Latency as integer nanoseconds.
    pub latency_integer: bool,
}

impl Log {
    pub(super) fn from_values(values: &Values) -> Self {
        Self {
            debug: values.boolean(&DEBUG),
            json: values.boolean(&LOG_JSON),
            health: values.boolean(&LOG_HEALTH),
            latency_integer: values.boolean(&LOG_LATENCY_INTEGER),
        }
    }
}
