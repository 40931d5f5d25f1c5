use super::{Kind, Setting, Values};

pub(super) const SETTINGS: &[&Setting] = &[&CACHE_SIZE, &STREAM_ABOVE];

const CACHE_SIZE: Setting =
    Setting::new("package-cache-size", Kind::Size, "Memory for packages that were read lately; 0 keeps none.")
        .key("packagecachesize")
        .default("256Mi");
const STREAM_ABOVE: Setting = Setting::new(
    "package-stream-above",
    Kind::Size,
    "Larger packages are not held in memory, but copied to the local disk, checked there and sent from there.",
)
.key("packagestreamabove")
.default("16Mi");

/// How packages are kept in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Packages {
    /// Largest sum of the bytes of packages kept, in bytes; 0 keeps none.
    pub cache_size: u64,
    /// Size in bytes above which a package is sent from the local disk.
    pub stream_above: u64,
}

impl Packages {
    pub(super) fn from_values(values: &Values) -> Self {
        Self { cache_size: values.integer(&CACHE_SIZE), stream_above: values.integer(&STREAM_ABOVE) }
    }
}

impl Default for Packages {
    fn default() -> Self {
        Self { cache_size: 256 * 1024 * 1024, stream_above: 16 * 1024 * 1024 }
    }
}
