//! What an entry does to the state.

use std::collections::BTreeSet;
use std::sync::Arc;

use storage::Key;

use super::State;
use crate::{Entry, RepositoryPath};

/// What an entry, or a run of entries, touched: whoever keeps a copy of the state writes these again, or deletes
/// what the state no longer has.
#[derive(Debug, Clone, Default)]
pub struct Touched {
    /// Repositories whose index changed.
    pub indexes: BTreeSet<RepositoryPath>,
    /// Versions: repository, chart, version text.
    pub versions: BTreeSet<(RepositoryPath, String, String)>,
    /// Facts of file names: repository, package file name.
    pub files: BTreeSet<(RepositoryPath, Arc<str>)>,
    /// The trash: repository, package file name, sequence of the removal.
    pub trash: BTreeSet<(RepositoryPath, Arc<str>, u64)>,
    /// Objects that became, or are no longer, unreferenced or discarded.
    pub objects: BTreeSet<Key>,
}

/// Why an entry cannot follow.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ApplyError {
    /// Another history.
    #[error("fork")]
    Fork,
}

impl State {
    /// The state after the entry.
    pub fn apply(&self, _entry: &Entry) -> Result<(Self, Touched), ApplyError> {
        todo!()
    }
}
