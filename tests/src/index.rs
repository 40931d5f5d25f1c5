use serde_json::Value;

use crate::Answer;

/// A repository index as a client has read it.
#[derive(Debug, Clone)]
pub struct Index {
    /// The answer it came with.
    pub answer: Answer,
    /// The whole document.
    pub value: Value,
}

impl Index {
    /// Reads the body through a YAML parser, as most clients do; JSON text is YAML too.
    #[track_caller]
    pub fn read(answer: Answer) -> Self {
        let answer = answer.expect(200);
        let value: Value = serde_yaml::from_slice(&answer.body)
            .unwrap_or_else(|error| panic!("{} answered no YAML ({error})", answer.request));
        assert!(value["entries"].is_object(), "{} has no entries: {value}", answer.request);
        Self { answer, value }
    }

    /// The names of all charts, in the order of the text.
    pub fn names(&self) -> Vec<&str> {
        self.charts().map(|(name, _)| name).collect()
    }

    /// Every chart with its entries.
    pub fn charts(&self) -> impl Iterator<Item = (&str, &Vec<Value>)> {
        let entries = self.value["entries"].as_object().expect("checked when read");
        entries.iter().map(|(name, versions)| (&**name, versions.as_array().expect("a chart has a list of versions")))
    }

    /// Every entry of every chart.
    pub fn entries(&self) -> impl Iterator<Item = &Value> {
        self.charts().flat_map(|(_, entries)| entries)
    }

    /// The versions of a chart, in the order of the text.
    pub fn versions(&self, name: &str) -> Vec<&str> {
        let entries = self.value["entries"][name].as_array().into_iter().flatten();
        entries.map(|entry| entry["version"].as_str().expect("a version is a string")).collect()
    }

    /// The entry of a version. It must be there once.
    #[track_caller]
    pub fn entry(&self, name: &str, version: &str) -> &Value {
        let mut found = self.entries().filter(|entry| entry["name"] == name && entry["version"] == version);
        let entry = found.next().unwrap_or_else(|| panic!("{name} {version} is not in {}", self.value));
        assert!(found.next().is_none(), "{name} {version} is there twice in {}", self.value);
        entry
    }

    /// The first URL of a version's entry.
    #[track_caller]
    pub fn url(&self, name: &str, version: &str) -> &str {
        self.entry(name, version)["urls"][0].as_str().expect("an entry has a URL")
    }
}
