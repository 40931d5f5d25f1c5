//! Repositories that lie in the storage and have no address under these settings.

use catalogue::{RepositoryPath, State};

use crate::config::{Depth, Settings};

/// The first segment of our own routes.
const OWN_ROUTES: &str = "-";

/// A repository that nobody can reach.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Unreached {
    /// Its path.
    pub repository: RepositoryPath,
    /// Versions in it.
    pub versions: usize,
    /// Why, in one sentence.
    pub reason: String,
}

/// Says at the start that packages lie where no address leads.
pub fn tell_unreached(settings: &Settings, state: &State) {
    let unreached = unreached(settings, state);
    if let Some(first) = unreached.first() {
        let versions: usize = unreached.iter().map(|repository| repository.versions).sum();
        let (repositories, repo, error) = (unreached.len(), &first.repository, &first.reason);
        tracing::warn!(repositories, versions, %repo, %error, "Packages cannot be reached under these settings");
    }
}

/// Every repository that has versions and no address.
pub fn unreached(settings: &Settings, state: &State) -> Vec<Unreached> {
    let mut unreached = Vec::new();
    for (path, repository) in &state.repositories {
        let versions = repository.version_count();
        let reason = match settings.repository.depth {
            _ if versions == 0 => continue,
            Depth::Fixed(depth) if depth != path.depth() => {
                format!("its path has {} segments, and --depth is {depth}", path.depth())
            }
            _ if path.as_str().split('/').next() == Some(OWN_ROUTES) => {
                format!("paths that begin with {OWN_ROUTES} are this server's own")
            }
            _ => continue,
        };
        unreached.push(Unreached { repository: path.clone(), versions, reason });
    }
    unreached
}
