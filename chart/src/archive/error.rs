use crate::quote::quote;

/// Why bytes are no archive of a chart: one variant for each lie. Where Helm refuses it too, the text is Helm's.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ArchiveError {
    /// No bytes at all.
    #[error("EOF")]
    Empty,
    /// Something else than gzip, or gzip with something else behind it.
    #[error("gzip: invalid header")]
    NotGzip,
    /// The bytes end within the archive.
    #[error("unexpected EOF")]
    Truncated,
    /// Damaged compressed data.
    #[error("flate: corrupt input")]
    Corrupt,
    /// The data is not what was compressed.
    #[error("gzip: invalid checksum")]
    Checksum,
    /// Gzip, but no tar within.
    #[error("archive/tar: invalid tar header")]
    NotTar,
    /// Nothing but folders.
    #[error("no files in chart archive")]
    NoFiles,
    /// A file that lies in no folder.
    #[error("chart illegally contains content outside the base directory: {}", quote(.0))]
    OutsideBase(Vec<u8>),
    /// A path that starts at the root.
    #[error("chart illegally contains absolute paths")]
    Absolute,
    /// A path with `..` in it.
    #[error("chart illegally references parent directory")]
    Parent,
    /// A path with a drive letter.
    #[error("chart contains illegally named files")]
    Drive,
    /// A path with a NUL in it.
    #[error("chart contains a path with a NUL in it: {}", quote(.0))]
    Nul(Vec<u8>),
    /// A path longer than [`crate::Limits::path_length`].
    #[error("chart contains a path longer than {limit} bytes")]
    LongPath {
        /// The limit.
        limit: usize,
    },
    /// `Chart.yaml` as the name of the folder.
    #[error("chart yaml not in base directory")]
    ChartYamlAsFolder,
    /// Files in two folders.
    #[error("chart contains more than one base directory: {} and {}", quote(.first), quote(.second))]
    TwoFolders {
        /// Of the first file.
        first: Vec<u8>,
        /// Of the file that is refused.
        second: Vec<u8>,
    },
    /// A symbolic or hard link.
    #[error("chart contains a link: {}", quote(.0))]
    Link(Vec<u8>),
    /// A device, a pipe, or a kind of file that only some systems know.
    #[error("chart contains a special file: {}", quote(.0))]
    Special(Vec<u8>),
    /// Two sizes are given for a file.
    #[error("chart contains a file with two sizes: {}", quote(.0))]
    TwoSizes(Vec<u8>),
    /// Two `Chart.yaml` of the chart itself.
    #[error("chart contains {} more than once", quote(.0.as_bytes()))]
    DuplicateChartYaml(String),
    /// A file larger than [`crate::Limits::file_size`].
    #[error("decompressed chart file {} is larger than the maximum file size {limit}", quote(.name))]
    FileTooLarge {
        /// Its path.
        name: Vec<u8>,
        /// The limit.
        limit: u64,
    },
    /// More content than [`crate::Limits::unpacked_size`].
    #[error("decompressed chart is larger than the maximum file size {limit}")]
    TooLarge {
        /// The limit.
        limit: u64,
    },
    /// More entries than [`crate::Limits::entries`].
    #[error("chart contains more than {limit} entries")]
    TooManyEntries {
        /// The limit.
        limit: u32,
    },
    /// The content is more times larger than the package than [`crate::Limits::ratio`] allows.
    #[error("decompressed chart is more than {limit} times larger than its archive")]
    Ratio {
        /// The limit.
        limit: u32,
    },
    /// The metadata files of the chart and its sub-charts are larger than a chart's could be.
    #[error("metadata of chart and sub-charts is larger than {limit} bytes")]
    TooMuchMetadata {
        /// The limit.
        limit: u64,
    },
    /// More charts within charts than [`crate::Limits::subchart_depth`].
    #[error("chart contains more than {limit} charts within each other")]
    TooDeep {
        /// The limit.
        limit: u32,
    },
}

impl ArchiveError {
    /// True if a limit is exceeded, and reading on is of no use: limits count over the whole package.
    pub(crate) fn is_limit(&self) -> bool {
        matches!(
            self,
            Self::FileTooLarge { .. }
                | Self::TooLarge { .. }
                | Self::TooManyEntries { .. }
                | Self::Ratio { .. }
                | Self::TooMuchMetadata { .. }
                | Self::TooDeep { .. }
        )
    }
}
