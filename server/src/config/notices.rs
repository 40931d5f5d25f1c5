//! What the log says at the start about settings without effect.

use super::setting::{Standing, Value};
use super::{SETTINGS, Source, Values, auth};

/// A setting that was given and has no effect.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Notice {
    /// ChartMuseum warns of it too.
    Deprecated(&'static str),
    /// For a reason.
    Unneeded(&'static str, &'static str),
}

impl Notice {
    /// Logs it, once and for all, in ChartMuseum's words where it has some.
    pub fn log(&self) {
        match self {
            Self::Deprecated(name) => tracing::warn!("The configuration option {name} has been deprecated"),
            Self::Unneeded(name, reason) => tracing::info!("The configuration option {name} is not needed: {reason}"),
        }
    }
}

/// One for each setting that somebody gave in vain. To switch off what does not exist anyway is not worth a line.
pub(super) fn notices(values: &Values) -> Vec<Notice> {
    let given = SETTINGS.iter().filter(|setting| values.given(setting).source != Source::Default);
    given
        .filter_map(|setting| match setting.standing {
            Standing::InForce => None,
            Standing::Deprecated => Some(Notice::Deprecated(setting.name)),
            Standing::Unneeded(reason) => {
                let asks = values.given(setting).value() != setting.parse(setting.default).ok().as_ref()
                    && values.given(setting).value() != Some(&Value::Text(String::new()));
                asks.then_some(Notice::Unneeded(setting.name, reason))
            }
        })
        .chain(auth::notices(values))
        .collect()
}
