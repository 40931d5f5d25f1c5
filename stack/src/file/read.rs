use chart::yaml::{self, YamlError};
use serde::de::DeserializeOwned;

/// Why a file cannot be read.
#[derive(Debug, thiserror::Error)]
pub enum FileError {
    /// It is no YAML.
    #[error(transparent)]
    Yaml(#[from] YamlError),
    /// It does not say what it should: a field is missing, unknown or of another kind.
    #[error("{0}")]
    Schema(String),
    /// It is of another format.
    #[error("the file has format {found}, this program knows {known}")]
    Format {
        /// What it says.
        found: u32,
        /// What is known.
        known: u32,
    },
}

/// Reads YAML as Helm does, and refuses what has no meaning here.
pub(super) fn read<T: DeserializeOwned>(text: &str) -> Result<T, FileError> {
    let value = yaml::read(text.as_bytes(), &yaml::Limits::default())?;
    serde_json::from_value(value).map_err(|error| FileError::Schema(error.to_string()))
}

/// Refuses another format.
pub(super) fn known(found: u32, known: u32) -> Result<(), FileError> {
    if found == known { Ok(()) } else { Err(FileError::Format { found, known }) }
}
