/// What one package may cost. Each limit counts over the whole package, sub-charts included.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Limits {
    /// Unpacked bytes of all files together. Helm's own limit.
    pub unpacked_size: u64,
    /// Unpacked bytes of one file. Helm's own limit.
    pub file_size: u64,
    /// Entries of the archive, folders included.
    pub entries: u32,
    /// How many times larger than the archive its content may be, once the content is larger than 1 MiB.
    pub ratio: u32,
    /// Bytes of a path within the archive.
    pub path_length: usize,
    /// Sub-charts within sub-charts.
    pub subchart_depth: u32,
    /// Bytes of the metadata that enters an index, as JSON.
    pub metadata_size: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            unpacked_size: 100 * 1024 * 1024,
            file_size: 5 * 1024 * 1024,
            entries: 10_000,
            ratio: 200,
            path_length: 1024,
            subchart_depth: 16,
            metadata_size: 256 * 1024,
        }
    }
}
