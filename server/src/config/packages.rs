use super::{Kind, Setting, Values};

pub(super) const SETTINGS: &[&Setting] = &[&CACHE_SIZE];

const CACHE_SIZE: Setting =
    Setting::new("package-cache-size", Kind::Size, "Memory for packages that were read lately; 0 keeps none.")
        .key("packagecachesize")
        .default("256Mi");

/// How packages are kept in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Packages {
    /// Largest sum of the bytes of packages kept, in bytes; 0 keeps none.
    pub cache_size: u64,
}

impl Packages {
    pub(super) fn from_values(values: &Values) -> Self {
        Self { cache_size: values.integer(&CACHE_SIZE) }
    }
}

impl Default for Packages {
    fn default() -> Self {
        Self { cache_size: 256 * 1024 * 1024 }
    }
}
