use std::fmt;
use std::str::FromStr;

use chart::oci::RegistryName;
use serde::{Deserialize, Serialize};

/// The type of what belongs to the registry as a whole.
const REGISTRY: &str = "registry";
/// The type of what belongs to one name.
const REPOSITORY: &str = "repository";
/// The list of all names.
const CATALOG: &str = "catalog";
/// More actions than there are would only fill memory.
const MOST_ACTIONS: usize = 8;

/// What a client asks a token for, and what a token holds: `repository:<name>:<action>,…`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Scope {
    /// Of what.
    #[serde(flatten)]
    pub kind: ScopeKind,
    /// `pull`, `push`, `delete`, or `*` for all of them.
    pub actions: Vec<String>,
}

/// What a scope is about.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "type", content = "name", rename_all = "kebab-case")]
pub enum ScopeKind {
    /// A name.
    Repository(RegistryName),
    /// The registry as a whole: `catalog` is the list of all names.
    Registry(String),
}

impl Scope {
    /// The list of all names.
    pub fn catalog() -> Self {
        Self { kind: ScopeKind::Registry(CATALOG.to_owned()), actions: vec!["*".to_owned()] }
    }

    /// Actions in one name.
    pub fn of(name: &RegistryName, actions: &[&str]) -> Self {
        let actions = actions.iter().map(|action| (*action).to_owned()).collect();
        Self { kind: ScopeKind::Repository(name.clone()), actions }
    }

    /// It is about the list of all names.
    pub fn is_catalog(&self) -> bool {
        matches!(&self.kind, ScopeKind::Registry(name) if name == CATALOG)
    }

    /// It holds this action, by its own name or as one of all.
    pub fn has(&self, action: &str) -> bool {
        self.actions.iter().any(|held| held == action || held == "*")
    }
}

/// The text is no scope, or none that this registry knows: nothing is granted for it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct UnknownScope;

impl FromStr for Scope {
    type Err = UnknownScope;

    fn from_str(text: &str) -> Result<Self, UnknownScope> {
        let (kind, rest) = text.split_once(':').ok_or(UnknownScope)?;
        let (name, actions) = rest.rsplit_once(':').ok_or(UnknownScope)?;
        let kind = match kind {
            REPOSITORY => ScopeKind::Repository(name.parse().map_err(|_| UnknownScope)?),
            REGISTRY => ScopeKind::Registry(name.to_owned()),
            _ => return Err(UnknownScope),
        };
        let actions = actions.split(',').filter(|action| !action.is_empty()).take(MOST_ACTIONS);
        Ok(Self { kind, actions: actions.map(str::to_owned).collect() })
    }
}

impl fmt::Display for Scope {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let actions = self.actions.join(",");
        match &self.kind {
            ScopeKind::Repository(name) => write!(f, "{REPOSITORY}:{name}:{actions}"),
            ScopeKind::Registry(name) => write!(f, "{REGISTRY}:{name}:{actions}"),
        }
    }
}
