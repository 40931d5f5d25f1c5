use chart::Limits;

/// What an upload may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Largest body of an upload, in bytes.
    pub max_size: u64,
    /// A form field that holds a package, besides `chart`.
    pub chart_field: String,
    /// A form field that holds a provenance, besides `prov`.
    pub provenance_field: String,
    /// What one package may cost.
    pub limits: Limits,
}

impl Default for Upload {
    fn default() -> Self {
        Self {
            max_size: 20 * 1024 * 1024,
            chart_field: "chart".to_owned(),
            provenance_field: "prov".to_owned(),
            limits: Limits::default(),
        }
    }
}
