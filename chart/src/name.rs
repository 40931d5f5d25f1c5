use std::sync::Arc;

use crate::text::as_text;

/// A chart's name by Helm's rule: not empty, not `.` or `..`, and no folder in it.
///
/// Any other text is a name to Helm (upper case, spaces, other scripts), so it is one here.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ChartName(Arc<str>);

/// Why a text is no chart name. The texts are Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum NameError {
    /// Empty.
    #[error("chart.metadata.name is required")]
    Missing,
    /// `.` or `..`.
    #[error("chart.metadata.name {0:?} is not allowed")]
    Relative(String),
    /// Not its own base name.
    #[error("chart.metadata.name {0:?} is invalid")]
    Invalid(String),
}

impl ChartName {
    /// Checks and takes the text.
    ///
    /// # Errors
    /// [`NameError`] with Helm's sentence.
    pub fn parse(text: &str) -> Result<Self, NameError> {
        match text {
            "" => Err(NameError::Missing),
            "." | ".." => Err(NameError::Relative(text.to_owned())),
            _ if text.contains(['/', '\0']) => Err(NameError::Invalid(text.to_owned())),
            _ => Ok(Self(text.into())),
        }
    }

    /// Comes before every name: where a range over names begins.
    pub fn least() -> Self {
        Self("\0".into())
    }
}

as_text!(ChartName, NameError);

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;

    #[test]
    fn any_base_name_is_a_name() {
        for text in ["a", "MyChart", "a b", "日本", "...", ".a", "a.b-c_d", "-"] {
            assert_eq!(ChartName::parse(text).unwrap().as_str(), text);
        }
    }

    #[test]
    fn other_texts_are_refused_in_helms_words() {
        for (text, error) in [
            ("", "chart.metadata.name is required"),
            (".", "chart.metadata.name \".\" is not allowed"),
            ("..", "chart.metadata.name \"..\" is not allowed"),
            ("a/b", "chart.metadata.name \"a/b\" is invalid"),
            ("../a", "chart.metadata.name \"../a\" is invalid"),
            ("/", "chart.metadata.name \"/\" is invalid"),
            ("a\0", "chart.metadata.name \"a\\0\" is invalid"),
        ] {
            assert_eq!(ChartName::parse(text).unwrap_err().to_string(), error);
            assert!(serde_json::from_str::<ChartName>(&serde_json::to_string(text).unwrap()).is_err());
        }
    }

    #[test]
    fn a_map_of_names_can_be_asked_with_a_text() {
        let name = ChartName::parse("a").unwrap();
        let map = BTreeMap::from([(name.clone(), 1)]);
        assert_eq!(map.get("a"), Some(&1));
        assert_eq!(serde_json::from_str::<ChartName>("\"a\"").unwrap(), name);
    }
}
