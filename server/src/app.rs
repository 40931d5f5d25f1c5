//! What every request needs, built once.

use std::time::Instant;

use catalogue::{Catalogue, RepositoryPath};

use crate::auth::Authentication;
use crate::classic::index::IndexViews;
use crate::config::Settings;
use crate::packages::PackageCache;
use crate::parsing::Parsing;
use crate::redirects::Redirects;

/// The open server, shared by all requests behind an `Arc`.
pub struct App {
    /// The settings in force.
    pub settings: Settings,
    /// What is asked of callers.
    pub authentication: Authentication,
    /// What exists.
    pub catalogue: Catalogue,
    /// Packages that were read lately.
    pub packages: PackageCache,
    /// Where downloads are redirected to, if they are.
    pub redirects: Option<Redirects>,
    /// Indexes of chosen versions that were read lately.
    pub views: IndexViews,
    /// Where packages are read.
    pub parsing: Parsing,
    /// When this process began to serve.
    pub started: Instant,
}

impl App {
    /// Puts the parts together.
    pub fn new(settings: Settings, authentication: Authentication, catalogue: Catalogue) -> Self {
        let packages = PackageCache::new(settings.packages.clone());
        let parsing = Parsing::new(settings.upload.limits.clone());
        let (views, started) = (IndexViews::default(), Instant::now());
        Self { settings, authentication, catalogue, packages, redirects: None, views, parsing, started }
    }

    /// A repository that has an address: it is as deep as repositories are, or it is the one of our own charts. That one
    /// has an address at any depth, but none while the storage has a repository of its path.
    pub fn reaches(&self, path: &RepositoryPath) -> bool {
        self.settings.repository.depth.has(path) || self.catalogue.view().is_embedded(path)
    }
}
