//! What every request needs, built once.

use std::time::Instant;

use catalogue::Catalogue;

use crate::config::Settings;
use crate::packages::PackageCache;

/// The open server, shared by all requests behind an `Arc`.
pub struct App {
    /// The settings in force.
    pub settings: Settings,
    /// What exists.
    pub catalogue: Catalogue,
    /// Packages that were read lately.
    pub packages: PackageCache,
    /// When this process began to serve.
    pub started: Instant,
}

impl App {
    /// Puts the parts together.
    pub fn new(settings: Settings, catalogue: Catalogue) -> Self {
        let packages = PackageCache::new(settings.packages.cache_size);
        Self { settings, catalogue, packages, started: Instant::now() }
    }
}
