//! What reads are answered from: the state, and each repository's rendered pages.

mod pages;
mod registry;
mod render;

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use chart::index::{Document, Format, Head, Page};
use imbl::OrdMap;
use jiff::Timestamp;
use uuid::Uuid;

use crate::state::Touched;
use crate::{Embedded, IndexOptions, Repository, RepositoryPath, State, Version};

pub use pages::{Region, RegionKey, Regions};

/// A state and its rendered indexes. Immutable; cheap to share.
#[derive(Debug, Clone)]
pub struct View {
    /// What exists.
    pub state: Arc<State>,
    /// The rendered side, by path.
    repositories: OrdMap<RepositoryPath, Arc<RepositoryView>>,
    options: Arc<IndexOptions>,
    nothing: Arc<RepositoryView>,
    /// What the program brings along; one of the storage with its path comes before it.
    embedded: Option<Arc<EmbeddedView>>,
}

/// What the program brings along: rendered, and as a state of its own, which the registry is asked of it.
#[derive(Debug)]
struct EmbeddedView {
    view: Arc<RepositoryView>,
    state: State,
}

/// A repository and its rendered index.
#[derive(Debug)]
pub struct RepositoryView {
    /// What exists in it.
    pub repository: Arc<Repository>,
    regions: Regions,
    options: Arc<IndexOptions>,
    index: OnceLock<Document>,
    listing: OnceLock<Document>,
    versions: OnceLock<usize>,
}

/// A region whose pages were rendered anew, or that is no more: what a stored copy must follow.
#[derive(Debug, Clone)]
pub struct ChangedRegion {
    /// The repository.
    pub repository: RepositoryPath,
    /// Which part of it.
    pub region: RegionKey,
    /// Its pages in order; none if the region is no more.
    pub pages: Vec<Page>,
}

/// Pages of a region as they were kept between two starts.
pub type StoredRegions = std::collections::BTreeMap<(RepositoryPath, RegionKey), Vec<Page>>;

impl View {
    /// Renders a whole state, taking pages that were stored for the very same state and options.
    pub fn render(state: Arc<State>, options: Arc<IndexOptions>, mut stored: StoredRegions) -> Self {
        let nothing = Repository::empty(RepositoryPath::root(), Timestamp::UNIX_EPOCH);
        let nothing = Arc::new(RepositoryView::new(Arc::new(nothing), OrdMap::new(), options.clone()));
        let render = |(path, repository): (&RepositoryPath, &Arc<Repository>)| {
            let take = |region: &RegionKey| stored.remove(&(path.clone(), region.clone()));
            let regions = pages::render_all(state.storage, repository, &options, take);
            (path.clone(), Arc::new(RepositoryView::new(repository.clone(), regions, options.clone())))
        };
        let repositories = state.repositories.iter().map(render).collect();
        Self { state, repositories, options, nothing, embedded: None }
    }

    /// The same with a repository that the program brings along.
    #[must_use]
    pub fn with_embedded(self, embedded: Option<&Embedded>) -> Self {
        let render = |embedded: &Embedded| {
            let (repository, storage) = (embedded.repository(), self.state.storage);
            let regions = pages::render_all(storage, repository, &self.options, |_| None);
            let view = Arc::new(RepositoryView::new(repository.clone(), regions, self.options.clone()));
            let mut state = State::empty(storage);
            state.add_repository(repository.clone());
            Arc::new(EmbeddedView { view, state })
        };
        let embedded = embedded.map(render);
        let view = Self { embedded, ..self };
        view.tell_if_embedded_is_hidden(&view.state);
        view
    }

    fn tell_if_embedded_is_hidden(&self, state: &State) {
        let path = self.embedded.as_ref().map(|embedded| &embedded.view.repository.path);
        if let Some(repo) = path.filter(|path| state.repository(path).is_some()) {
            tracing::warn!(%repo, "The storage has a repository of this name: it is served, and not the program's own");
        }
    }

    /// The state alone, while nobody may read yet.
    pub(crate) fn unrendered(&self, state: Arc<State>) -> Self {
        Self { state, ..self.clone() }
    }

    /// A state rendered from nothing, with the same options.
    pub(crate) fn rendered(&self, state: Arc<State>) -> Self {
        let rendered = Self::render(state, self.options.clone(), StoredRegions::new());
        let view = Self { embedded: self.embedded.clone(), ..rendered };
        view.tell_if_embedded_is_hidden(&view.state);
        view
    }

    /// The view of a later state: renders what the entries between touched and shares the rest.
    pub fn follow(&self, state: Arc<State>, touched: &Touched) -> (Self, Vec<ChangedRegion>) {
        let mut next = Self { state: state.clone(), ..self.clone() };
        let mut changed = Vec::new();
        for path in touched.stirred() {
            let Some(repository) = state.repositories.get(path) else { continue };
            let before = self.repositories.get(path);
            if before.is_none() && self.is_embedded(path) {
                self.tell_if_embedded_is_hidden(&state);
            }
            if before.is_some_and(|before| Arc::ptr_eq(&before.repository, repository)) {
                continue;
            }
            let from = (path.clone(), chart::ChartName::least());
            let charts = touched.charts.range(from..).take_while(|(p, _)| p == path).map(|(_, name)| name);
            let regions = before.map(|before| before.regions.clone()).unwrap_or_default();
            let (regions, anew) = pages::render_changed(state.storage, repository, &self.options, regions, charts);
            changed.extend(anew.into_iter().map(|(region, pages)| ChangedRegion {
                repository: path.clone(),
                region,
                pages,
            }));
            let view = RepositoryView::new(repository.clone(), regions, self.options.clone());
            if let Some(before) = before.filter(|before| before.repository.changed == repository.changed) {
                // only facts of files changed: the documents are the same
                view.adopt_documents(before);
            }
            next.repositories.insert(path.clone(), Arc::new(view));
        }
        (next, changed)
    }

    /// The repository, if anything was ever stored in it, or if the program brings it along.
    pub fn repository(&self, path: &RepositoryPath) -> Option<&Arc<RepositoryView>> {
        self.repositories.get(path).or_else(|| self.embedded().filter(|embedded| embedded.repository.path == *path))
    }

    /// The repository, or an empty one: to Helm every path is a repository.
    pub fn repository_or_empty(&self, path: &RepositoryPath) -> &Arc<RepositoryView> {
        self.repository(path).unwrap_or(&self.nothing)
    }

    /// Every repository in which anything was ever stored, and the one that the program brings along, in byte order of
    /// paths.
    pub fn repositories(&self) -> impl Iterator<Item = &Arc<RepositoryView>> {
        let embedded = self.embedded();
        let path = embedded.map_or_else(RepositoryPath::root, |embedded| embedded.repository.path.clone());
        let before = self.repositories.range(..path.clone());
        let after = self.repositories.range(path..);
        before.map(|(_, view)| view).chain(embedded).chain(after.map(|(_, view)| view))
    }

    /// Whether this repository is the one that the program brings along: nothing can be added to it or taken from it.
    pub fn is_embedded(&self, path: &RepositoryPath) -> bool {
        self.embedded().is_some_and(|embedded| embedded.repository.path == *path)
    }

    /// What the program brings along, unless the storage has a repository of its path.
    fn embedded(&self) -> Option<&Arc<RepositoryView>> {
        self.embedded_view().map(|embedded| &embedded.view)
    }

    fn embedded_view(&self) -> Option<&EmbeddedView> {
        let embedded = self.embedded.as_deref()?;
        (!self.repositories.contains_key(&embedded.view.repository.path)).then_some(embedded)
    }

    /// All regions with their pages, to be stored.
    pub fn regions(&self) -> impl Iterator<Item = ChangedRegion> + '_ {
        self.repositories.iter().flat_map(|(path, view)| {
            view.regions.iter().map(|(key, region)| ChangedRegion {
                repository: path.clone(),
                region: key.clone(),
                pages: region.pages().cloned().collect(),
            })
        })
    }
}

impl RepositoryView {
    fn new(repository: Arc<Repository>, regions: Regions, options: Arc<IndexOptions>) -> Self {
        let (index, listing, versions) = (OnceLock::new(), OnceLock::new(), OnceLock::new());
        Self { repository, regions, options, index, listing, versions }
    }

    /// A repository rendered with other options than those of its view. Pages of an earlier rendering with these options
    /// are taken where nothing changed.
    pub(crate) fn render(
        storage: Uuid,
        repository: Arc<Repository>,
        options: Arc<IndexOptions>,
        before: Option<&Self>,
    ) -> Self {
        let regions = pages::render_again(storage, &repository, &options, before.map(|before| &before.regions));
        Self::new(repository, regions, options)
    }

    fn adopt_documents(&self, before: &Self) {
        if let Some(index) = before.index.get() {
            let _ = self.index.set(index.clone());
        }
        if let Some(listing) = before.listing.get() {
            let _ = self.listing.set(listing.clone());
        }
    }

    /// `index.yaml`, ready to send: stitched once per state, on first use.
    pub fn index(&self) -> &Document {
        self.index.get_or_init(|| Document::index(self.options.format, &self.head(), &self.pages()))
    }

    /// `GET /api/charts`, ready to send: stitched once per state, on first use.
    pub fn listing(&self) -> &Document {
        self.listing.get_or_init(|| Document::listing(&self.pages()))
    }

    /// Versions of all charts: counted once per state, on first use.
    pub fn version_count(&self) -> usize {
        *self.versions.get_or_init(|| self.repository.version_count())
    }

    /// Where a version's package is, as the index has it: relative to the index, or absolute with
    /// [`IndexOptions::chart_url`].
    pub fn package_url(&self, version: &Version) -> String {
        render::url(version, &self.repository.path, &self.options)
    }

    /// An index of chosen versions of each chart, newest first; charts of which none is chosen are left out.
    pub fn index_of(&self, choose: impl Fn(&[Arc<Version>]) -> Vec<usize>) -> Document {
        let chosen = self.repository.charts.iter().filter_map(|(name, chart)| {
            let which = choose(&chart.versions);
            let entries = self.entries(name.as_str()).filter(|_| !which.is_empty())?;
            let entries = which.into_iter().filter_map(|at| entries.get(at).cloned()).collect();
            Some((name.to_string(), entries))
        });
        Document::view(self.options.format, &self.head(), &chosen.collect::<Vec<_>>())
    }

    /// The ordered run of pages.
    pub fn pages(&self) -> Vec<Page> {
        self.regions.values().flat_map(|region| region.pages().cloned()).collect()
    }

    /// The JSON texts of a chart's entries, newest first, in the order of [`crate::Chart::versions`].
    pub fn entries(&self, name: &str) -> Option<Vec<Bytes>> {
        let name = self.repository.charts.get_key_value(name)?.0;
        let (_, region) = self.regions.get_prev(&RegionKey::from(name))?;
        Some(region.entries(name))
    }

    /// The format of the text under `index.yaml`.
    pub fn format(&self) -> Format {
        self.options.format
    }

    fn head(&self) -> Head<'_> {
        Head { generated: self.repository.changed, context_path: &self.options.context_path }
    }
}

/// Regions begin at names chosen by this: the same on every replica, different on every storage, so that nobody can
/// choose names that make one region large.
fn begins_region(storage: Uuid, name: &str) -> bool {
    /// One name in so many begins a region: small charts are rendered, and compressed, about so many at a time.
    const CHARTS_IN_A_REGION: u8 = 8;
    let mut text = storage.as_bytes().to_vec();
    text.extend_from_slice(name.as_bytes());
    chart::Digest::of(&text).as_bytes()[0].is_multiple_of(CHARTS_IN_A_REGION)
}
