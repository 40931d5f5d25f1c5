//! What reads are answered from: the state, and each repository's rendered pages.

use std::sync::Arc;

use bytes::Bytes;
use chart::index::{Document, Page};
use imbl::OrdMap;

use crate::{Repository, RepositoryPath, State};

/// A state and its rendered indexes. Immutable; cheap to share.
#[derive(Debug, Clone)]
pub struct View {
    /// What exists.
    pub state: Arc<State>,
    /// The rendered side, by path.
    pub repositories: OrdMap<RepositoryPath, Arc<RepositoryView>>,
}

/// A repository and its rendered index.
#[derive(Debug)]
pub struct RepositoryView {
    /// What exists in it.
    pub repository: Arc<Repository>,
}

impl View {
    /// The repository, if anything was ever stored in it.
    pub fn repository(&self, _path: &RepositoryPath) -> Option<&Arc<RepositoryView>> {
        todo!()
    }
}

impl RepositoryView {
    /// `index.yaml`, ready to send: made once per state, on first use.
    pub fn index(&self) -> &Document {
        todo!()
    }

    /// `GET /api/charts`, ready to send: made once per state, on first use.
    pub fn listing(&self) -> &Document {
        todo!()
    }

    /// The ordered run of pages.
    pub fn pages(&self) -> Vec<Page> {
        todo!()
    }

    /// The JSON texts of a chart's entries, newest first, in the order of [`crate::Chart::versions`].
    pub fn entries(&self, _name: &str) -> Option<Vec<Bytes>> {
        todo!()
    }
}
