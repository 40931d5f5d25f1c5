use std::collections::BTreeMap;
use std::ffi::OsString;
use std::fmt;
use std::path::PathBuf;
use std::time::Duration;

use super::setting::Value;
use super::{CONFIG, SETTINGS, Setting, file};

/// What is wrong with a setting or a source of settings: its name, where it came from, why.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{0}")]
pub struct SettingError(pub(super) String);

/// Where a value came from. Earlier sources win.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Source {
    /// The command line.
    Flag(String),
    /// An environment variable.
    Environment(String),
    /// A key of the configuration file.
    File(PathBuf, String),
    /// Nobody said anything.
    Default,
}

impl fmt::Display for Source {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Flag(name) => write!(f, "flag --{name}"),
            Self::Environment(variable) => write!(f, "environment variable {variable}"),
            Self::File(path, key) => write!(f, "key {key} of {}", path.display()),
            Self::Default => f.write_str("default"),
        }
    }
}

/// A setting's value in force. Without `Debug`: it may be a secret.
#[derive(Clone)]
pub struct Given {
    /// As it was written.
    pub text: String,
    /// As it was understood; `None` if there is no value at all.
    value: Option<Value>,
    /// By whom.
    pub source: Source,
}

impl Given {
    pub(super) fn value(&self) -> Option<&Value> {
        self.value.as_ref()
    }
}

/// The value in force of every setting.
pub struct Values(BTreeMap<&'static str, Given>);

/// Names and sources: a value may be a secret.
impl fmt::Debug for Values {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_map().entries(self.0.iter().map(|(name, given)| (name, given.source.to_string()))).finish()
    }
}

impl Values {
    /// Asks the sources in order: flags, environment, file, defaults. `flags` has the flags given, by name.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first.
    pub fn collect(
        flags: &BTreeMap<&'static str, String>,
        environment: impl Fn(&str) -> Option<OsString>,
    ) -> Result<Self, Vec<SettingError>> {
        let mut faults = Vec::new();
        let mut given = BTreeMap::new();
        let mut take = |setting: &'static Setting, text: String, source: Source| {
            if given.contains_key(setting.name) {
                return; // a source that goes first has it
            }
            let value = match setting.parse(&text) {
                Ok(value) => Some(value),
                Err(reason) => {
                    faults.push(fault(setting, &source, &reason));
                    None
                }
            };
            given.insert(setting.name, Given { text, value, source });
        };

        for setting in SETTINGS {
            if let Some(text) = flags.get(setting.name) {
                take(setting, text.clone(), Source::Flag(setting.name.to_owned()));
            }
        }
        let mut foreign = Vec::new();
        for setting in SETTINGS {
            let variable = setting.variable();
            match environment(&variable).map(OsString::into_string) {
                None => {}
                Some(Ok(text)) => take(setting, text, Source::Environment(variable)),
                Some(Err(_)) => foreign.push(fault(setting, &Source::Environment(variable), "it is not UTF-8")),
            }
        }
        let path = given_config(flags, &environment);
        let mut unreadable = Vec::new();
        if let Some(path) = path {
            match file::read(&path) {
                Ok(lines) => {
                    for (setting, key, text) in lines {
                        take(setting, text, Source::File(path.clone(), key));
                    }
                }
                Err(faults) => unreadable = faults,
            }
        }
        for setting in SETTINGS.iter().filter(|setting| !setting.default.is_empty()) {
            take(setting, setting.default.to_owned(), Source::Default);
        }
        for setting in SETTINGS {
            let nothing = Given { text: String::new(), value: None, source: Source::Default };
            given.entry(setting.name).or_insert(nothing);
        }
        faults.extend(foreign);
        faults.extend(unreadable);
        if faults.is_empty() { Ok(Self(given)) } else { Err(faults) }
    }

    /// What is in force for a setting.
    pub fn given(&self, setting: &Setting) -> &Given {
        &self.0[setting.name]
    }

    pub(super) fn boolean(&self, setting: &Setting) -> bool {
        matches!(self.given(setting).value, Some(Value::Boolean(true)))
    }

    pub(super) fn integer(&self, setting: &Setting) -> u64 {
        match self.given(setting).value {
            Some(Value::Integer(number)) => number,
            _ => 0,
        }
    }

    pub(super) fn duration(&self, setting: &Setting) -> Duration {
        match self.given(setting).value {
            Some(Value::Duration(duration)) => duration,
            _ => Duration::ZERO,
        }
    }

    /// The text, if there is one that is not empty.
    pub(super) fn text(&self, setting: &Setting) -> Option<&str> {
        match &self.given(setting).value {
            Some(Value::Text(text)) if !text.is_empty() => Some(text),
            _ => None,
        }
    }

    /// The pairs by key.
    pub(super) fn pairs(&self, setting: &Setting) -> BTreeMap<String, String> {
        match &self.given(setting).value {
            Some(Value::Pairs(pairs)) => pairs.clone(),
            _ => BTreeMap::new(),
        }
    }

    /// A value that is of its kind and still wrong.
    pub(super) fn fault(&self, setting: &Setting, reason: &str) -> SettingError {
        fault(setting, &self.given(setting).source, reason)
    }
}

fn fault(setting: &Setting, source: &Source, reason: &str) -> SettingError {
    SettingError(format!("{}: {reason} ({source})", setting.name))
}

/// The configuration file's path comes from the flag or the environment only.
fn given_config(
    flags: &BTreeMap<&'static str, String>,
    environment: &impl Fn(&str) -> Option<OsString>,
) -> Option<PathBuf> {
    let flag = flags.get(CONFIG.name).map(PathBuf::from);
    flag.or_else(|| environment(&CONFIG.variable()).map(PathBuf::from)).filter(|path| !path.as_os_str().is_empty())
}
