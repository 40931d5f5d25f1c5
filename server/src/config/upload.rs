use std::num::NonZeroUsize;

use chart::Limits;

use super::{Kind, Setting, Values};

pub(super) const SETTINGS: &[&Setting] = &[
    &MAX_UPLOAD_SIZE,
    &MAX_STORAGE_OBJECTS,
    &PER_CHART_LIMIT,
    &CHART_FIELD,
    &PROVENANCE_FIELD,
    &MAX_UNPACKED_SIZE,
    &MAX_FILE_SIZE,
    &MAX_ENTRIES,
    &MAX_RATIO,
    &MAX_PATH_LENGTH,
    &MAX_SUBCHART_DEPTH,
    &MAX_METADATA_SIZE,
];

const MAX_UPLOAD_SIZE: Setting =
    Setting::new("max-upload-size", Kind::Size, "Largest body of an upload, in bytes; 0 refuses all.")
        .key("maxuploadsize")
        .default("20971520");
const MAX_STORAGE_OBJECTS: Setting = Setting::new(
    "max-storage-objects",
    Kind::Integer(0, u32::MAX as u64),
    "Most packages and provenances that a repository may hold; 0 for any number.",
)
.key("maxstorageobjects")
.default("0");
const PER_CHART_LIMIT: Setting = Setting::new(
    "per-chart-limit",
    Kind::Integer(0, u32::MAX as u64),
    "Most versions that an upload leaves of its chart, the highest and its own; 0 for any number.",
)
.key("per-chart-limit")
.default("0");
const CHART_FIELD: Setting =
    Setting::new("chart-post-form-field-name", Kind::Text, "A form field that holds a package, besides chart.")
        .key("chartpostformfieldname")
        .default("chart");
const PROVENANCE_FIELD: Setting =
    Setting::new("prov-post-form-field-name", Kind::Text, "A form field that holds a provenance, besides prov.")
        .key("provpostformfieldname")
        .default("prov");
const MAX_UNPACKED_SIZE: Setting =
    Setting::new("max-unpacked-size", Kind::Size, "Most bytes that a package may hold, unpacked.")
        .key("maxunpackedsize")
        .default("100Mi"); // Helm's own limit
const MAX_FILE_SIZE: Setting =
    Setting::new("max-unpacked-file-size", Kind::Size, "Most bytes that a file in a package may hold.")
        .key("maxunpackedfilesize")
        .default("5Mi"); // Helm's own limit
const MAX_ENTRIES: Setting =
    Setting::new("max-package-entries", Kind::Integer(1, u32::MAX as u64), "Most files and folders in a package.")
        .key("maxpackageentries")
        .default("10000");
const MAX_RATIO: Setting = Setting::new(
    "max-package-ratio",
    Kind::Integer(1, u32::MAX as u64),
    "How many times larger than its archive a package may be, unpacked.",
)
.key("maxpackageratio")
.default("200");
const MAX_PATH_LENGTH: Setting =
    Setting::new("max-package-path-length", Kind::Integer(1, 65536), "Longest path in a package, in bytes.")
        .key("maxpackagepathlength")
        .default("1024");
const MAX_SUBCHART_DEPTH: Setting =
    Setting::new("max-subchart-depth", Kind::Integer(0, 128), "How deep charts may lie in charts.")
        .key("maxsubchartdepth")
        .default("16");
const MAX_METADATA_SIZE: Setting =
    Setting::new("max-metadata-size", Kind::Size, "Most bytes that a version may add to an index.")
        .key("maxmetadatasize")
        .default("256Ki");

/// What an upload may be.
#[derive(Debug, Clone, PartialEq)]
pub struct Upload {
    /// Largest body of an upload, in bytes.
    pub max_size: u64,
    /// Packages and provenances that a repository may hold.
    pub files_per_repository: Option<NonZeroUsize>,
    /// Versions that an upload leaves of its chart.
    pub versions_per_chart: Option<NonZeroUsize>,
    /// A form field that holds a package, besides `chart`.
    pub chart_field: String,
    /// A form field that holds a provenance, besides `prov`.
    pub provenance_field: String,
    /// What one package may cost.
    pub limits: Limits,
}

impl Upload {
    pub(super) fn from_values(values: &Values) -> Self {
        // within bounds by their kinds
        let number = |setting| u32::try_from(values.integer(setting)).unwrap_or(u32::MAX);
        let length = |setting| usize::try_from(values.integer(setting)).unwrap_or(usize::MAX);
        let field = |setting: &Setting| values.text(setting).unwrap_or(setting.default).to_owned();
        Self {
            max_size: values.integer(&MAX_UPLOAD_SIZE),
            files_per_repository: NonZeroUsize::new(length(&MAX_STORAGE_OBJECTS)),
            versions_per_chart: NonZeroUsize::new(length(&PER_CHART_LIMIT)),
            chart_field: field(&CHART_FIELD),
            provenance_field: field(&PROVENANCE_FIELD),
            limits: Limits {
                unpacked_size: values.integer(&MAX_UNPACKED_SIZE),
                file_size: values.integer(&MAX_FILE_SIZE),
                entries: number(&MAX_ENTRIES),
                ratio: number(&MAX_RATIO),
                path_length: length(&MAX_PATH_LENGTH),
                subchart_depth: number(&MAX_SUBCHART_DEPTH),
                metadata_size: length(&MAX_METADATA_SIZE),
            },
        }
    }
}

impl Default for Upload {
    fn default() -> Self {
        Self {
            max_size: 20 * 1024 * 1024,
            files_per_repository: None,
            versions_per_chart: None,
            chart_field: "chart".to_owned(),
            provenance_field: "prov".to_owned(),
            limits: Limits::default(),
        }
    }
}
