//! Which repositories a request reaches: those that the settings show and the caller may do something in.

use std::sync::Arc;

use catalogue::{FreshView, RepositoryPath, RepositoryView, View};

use crate::App;
use crate::auth::{Action, Caller, Grant, Reach};
use crate::error::Error;
use crate::reading;

/// A fresh view to list from; of a repository that is not known in it, one that was checked after the request began.
pub async fn view(app: &App, asked: Option<&RepositoryPath>) -> Result<FreshView, Error> {
    reading::view(&app.catalogue, |view| asked.is_none_or(|path| view.repository(path).is_some())).await
}

/// The repositories that a list may go through.
pub struct Reached {
    candidates: Vec<Arc<RepositoryView>>,
    reach: Reach,
}

impl Reached {
    /// Those that the caller may do something in. Each is asked for when it is come to.
    pub fn repositories(&self) -> impl Iterator<Item = &Arc<RepositoryView>> {
        self.candidates.iter().filter(|candidate| self.reach.covers(&candidate.repository.path))
    }
}

/// The repositories that a list goes through, in byte order of paths, from `first` on: the one that was asked for, or all.
///
/// # Errors
/// If the caller has no right to the one, or to any of them.
pub fn repositories<A: Action>(
    app: &App,
    caller: &Caller<'_>,
    view: &View,
    asked: Option<RepositoryPath>,
    first: &str,
) -> Result<Reached, Error> {
    let reach = caller.reach::<A>();
    if let Some(path) = asked {
        let grant: Grant<A> = caller.grant(path)?;
        let found = view.repository(grant.repository()).filter(|_| app.reaches(grant.repository()));
        return Ok(Reached { candidates: found.cloned().into_iter().collect(), reach });
    }
    let has_address = |repository: &&Arc<RepositoryView>| app.reaches(&repository.repository.path);
    let covers = |repository: &&Arc<RepositoryView>| reach.covers(&repository.repository.path);
    let (before, rest): (Vec<_>, Vec<_>) =
        (view.repositories().filter(has_address)).partition(|repository| repository.repository.path.as_str() < first);
    // until the first one that is shown: what earlier pages went through is asked for only if nothing is left
    let hidden = rest.iter().take_while(|repository| !covers(repository)).count();
    if hidden == rest.len() && !before.iter().any(covers) {
        // who may see nothing is told so, also where there is nothing
        let _: Grant<A> = caller.grant(RepositoryPath::root())?;
    }
    Ok(Reached { candidates: rest[hidden..].iter().copied().cloned().collect(), reach })
}
