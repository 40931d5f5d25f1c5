use catalogue::RepositoryPath;

use super::{Kind, Setting, SettingError, Values};

pub(super) const SETTINGS: &[&Setting] = &[
    &CONTEXT_PATH,
    &DEPTH,
    &DEPTH_DYNAMIC,
    &ALLOW_OVERWRITE,
    &DISABLE_FORCE_OVERWRITE,
    &DISABLE_API,
    &DISABLE_DELETE,
    &STACK_REPOSITORY,
];

const CONTEXT_PATH: Setting =
    Setting::new("context-path", Kind::Text, "Path in front of every route, for proxies that keep it.")
        .key("contextpath");
const DEPTH: Setting =
    Setting::new("depth", Kind::Integer(0, 64), "How many path segments name a repository.").key("depth").default("0");
const DEPTH_DYNAMIC: Setting =
    Setting::new("depth-dynamic", Kind::Boolean, "Any number of path segments names a repository.")
        .key("depthdynamic")
        .default("false");
const ALLOW_OVERWRITE: Setting =
    Setting::new("allow-overwrite", Kind::Boolean, "Versions may be uploaded again with other bytes, without ?force.")
        .key("allowoverwrite")
        .default("false");
const DISABLE_FORCE_OVERWRITE: Setting = Setting::new("disable-force-overwrite", Kind::Boolean, "Ignore ?force.")
    .key("disableforceoverwrite")
    .default("false");
const DISABLE_API: Setting =
    Setting::new("disable-api", Kind::Boolean, "No routes below /api.").key("disableapi").default("false");
const DISABLE_DELETE: Setting =
    Setting::new("disable-delete", Kind::Boolean, "Versions cannot be deleted.").key("disabledelete").default("false");
const STACK_REPOSITORY: Setting = Setting::new(
    "stack-repository",
    Kind::Text,
    "Read-only repository of the charts that come with this program, at any depth; empty for none.",
)
.key("stack.repository")
.default("stack");

/// How many path segments name a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Exactly so many.
    Fixed(usize),
    /// Any number.
    Dynamic,
}

/// Below this segment of a path is what the server has of its own, so no repository there can be reached.
pub const OWN_SEGMENT: &str = "-";

impl Depth {
    /// A repository at this path can be reached.
    pub fn has(self, path: &RepositoryPath) -> bool {
        let is_ours = path.as_str().split('/').next() == Some(OWN_SEGMENT);
        !is_ours && (self == Self::Dynamic || self == Self::Fixed(path.depth()))
    }
}

/// What the repositories allow.
#[derive(Debug, Clone, PartialEq)]
pub struct Repository {
    /// How many path segments name a repository.
    pub depth: Depth,
    /// In front of every path: empty, or `/` and segments, without a slash at the end.
    pub context_path: String,
    /// A version may be uploaded again with other bytes, without `?force`.
    pub allow_overwrite: bool,
    /// `?force` overwrites a version.
    pub force_overwrite: bool,
    /// The routes below `/api` exist.
    pub api: bool,
    /// Versions can be deleted.
    pub delete: bool,
    /// Where the charts that come with this program are served.
    pub stack: Option<RepositoryPath>,
}

impl Repository {
    pub(super) fn from_values(values: &Values) -> Result<Self, SettingError> {
        let depth = if values.boolean(&DEPTH_DYNAMIC) {
            Depth::Dynamic
        } else {
            Depth::Fixed(usize::try_from(values.integer(&DEPTH)).unwrap_or(0)) // within bounds by its kind
        };
        Ok(Self {
            depth,
            context_path: context_path(values)?,
            allow_overwrite: values.boolean(&ALLOW_OVERWRITE),
            force_overwrite: !values.boolean(&DISABLE_FORCE_OVERWRITE),
            api: !values.boolean(&DISABLE_API),
            delete: !values.boolean(&DISABLE_DELETE),
            stack: stack(values)?,
        })
    }

    /// A repository at this path can be asked for: it is as deep as repositories are, or the one of our own charts.
    pub fn has(&self, path: &RepositoryPath) -> bool {
        self.depth.has(path) || self.stack.as_ref() == Some(path)
    }
}

/// `foo/bar/` and `/foo/bar` are `/foo/bar`.
fn context_path(values: &Values) -> Result<String, SettingError> {
    let Some(text) = values.text(&CONTEXT_PATH) else { return Ok(String::new()) };
    let bare = text.trim_matches('/');
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-._~/".contains(c);
    match RepositoryPath::parse(bare) {
        Ok(path) if path.is_root() => Ok(String::new()),
        Ok(path) if bare.chars().all(is_plain) => Ok(format!("/{path}")),
        _ => Err(values.fault(
            &CONTEXT_PATH,
            &format!(
                "expected a path of letters, digits, - . _ ~ whose segments do not begin with a dot, not {text:?}"
            ),
        )),
    }
}

/// First segments of routes that are not a repository's, at any depth.
const TAKEN: [&str; 3] = [OWN_SEGMENT, "v2", "api"];

fn stack(values: &Values) -> Result<Option<RepositoryPath>, SettingError> {
    let Some(text) = values.text(&STACK_REPOSITORY) else { return Ok(None) };
    let path = RepositoryPath::parse(text.trim_matches('/')).ok();
    let path = path.filter(|path| !path.is_root() && !path.as_str().split('/').any(|segment| TAKEN.contains(&segment)));
    path.map(Some).ok_or_else(|| {
        let expected = "expected the path of a repository, without a segment -, v2 or api, or nothing";
        values.fault(&STACK_REPOSITORY, &format!("{expected}, not {text:?}"))
    })
}

impl Default for Repository {
    fn default() -> Self {
        Self {
            depth: Depth::Fixed(0),
            context_path: String::new(),
            allow_overwrite: false,
            force_overwrite: true,
            api: true,
            delete: true,
            stack: RepositoryPath::parse("stack").ok(),
        }
    }
}
