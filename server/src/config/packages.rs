/// How packages are kept in memory.
#[derive(Debug, Clone, PartialEq)]
pub struct Packages {
    /// Largest sum of the bytes of packages kept, in bytes; 0 keeps none.
    pub cache_size: u64,
}

impl Default for Packages {
    fn default() -> Self {
        Self { cache_size: 256 * 1024 * 1024 }
    }
}
