use chart::index::Format;

/// How `index.yaml` is written.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct Index {
    /// JSON text or block YAML.
    pub format: Format,
    /// Absolute base of package URLs, without a slash at the end; relative URLs if absent.
    pub chart_url: Option<String>,
}
