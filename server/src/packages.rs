//! Packages that were read lately, by digest.

/// A cache of package bytes, bounded by their sum.
pub struct PackageCache;

impl PackageCache {
    /// An empty cache of at most `size` bytes; 0 keeps nothing.
    pub fn new(_size: u64) -> Self {
        Self
    }
}
