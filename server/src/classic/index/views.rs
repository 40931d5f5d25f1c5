use std::sync::Arc;

use catalogue::{RepositoryView, Version};
use chart::index::Document;
use moka::future::Cache;

/// Which versions an index shows.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum IndexView {
    /// The newest of each chart, so many.
    Latest(usize),
    /// All but pre-releases.
    Stable,
    /// Those of one chart.
    Chart(String),
}

/// Indexes of chosen versions, made when they are first asked for and kept until the index that they are part of changes.
pub struct IndexViews {
    documents: Cache<(String, IndexView), Arc<Document>>,
}

/// Bytes of documents that are kept: a few of the largest, or thousands of small ones.
const KEPT: u64 = 64 * 1024 * 1024;

impl Default for IndexViews {
    fn default() -> Self {
        let weigh = |_: &(String, IndexView), document: &Arc<Document>| {
            u32::try_from(document.identity.length).unwrap_or(u32::MAX)
        };
        Self { documents: Cache::builder().max_capacity(KEPT).weigher(weigh).build() }
    }
}

impl IndexViews {
    /// The part of a repository's index that the view shows.
    pub async fn get(&self, whole: Arc<RepositoryView>, view: IndexView) -> Arc<Document> {
        // the whole index's tag changes with its content, and never otherwise
        let key = (whole.index().etag.clone(), view.clone());
        let make = async {
            let made = tokio::task::spawn_blocking(move || Arc::new(whole.index_of(|versions| view.choose(versions))));
            match made.await {
                Ok(document) => document,
                Err(error) => std::panic::resume_unwind(error.into_panic()),
            }
        };
        self.documents.get_with(key, make).await
    }
}

impl IndexView {
    fn choose(&self, versions: &[Arc<Version>]) -> Vec<usize> {
        match self {
            Self::Latest(count) => (0..versions.len().min(*count)).collect(),
            Self::Stable => (0..versions.len()).filter(|at| !versions[*at].version.is_prerelease()).collect(),
            Self::Chart(name) => match versions.first() {
                Some(first) if first.name.as_str() == name => (0..versions.len()).collect(),
                _ => Vec::new(),
            },
        }
    }
}
