/// How many path segments name a repository.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Depth {
    /// Exactly so many.
    Fixed(usize),
    /// Any number.
    Dynamic,
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
        }
    }
}
