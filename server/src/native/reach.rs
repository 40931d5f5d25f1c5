//! Which repositories a request reaches: those that the settings show and the caller may do something in.

use std::sync::Arc;

use catalogue::{FreshView, RepositoryPath, RepositoryView, View};

use crate::App;
use crate::auth::{Action, Caller, Grant};
use crate::error::Error;
use crate::reading;

/// A fresh view to list from; of a repository that is not known in it, one that was checked after the request began.
pub async fn view(app: &App, asked: Option<&RepositoryPath>) -> Result<FreshView, Error> {
    reading::view(&app.catalogue, |view| asked.is_none_or(|path| view.repository(path).is_some())).await
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
) -> Result<Vec<Arc<RepositoryView>>, Error> {
    if let Some(path) = asked {
        let grant: Grant<A> = caller.grant(path)?;
        let found = view.repository(grant.repository()).filter(|_| app.reaches(grant.repository()));
        return Ok(found.cloned().into_iter().collect());
    }
    let shows = |repository: &&Arc<RepositoryView>| {
        let path = &repository.repository.path;
        app.reaches(path) && caller.may::<A>(path)
    };
    let (before, rest): (Vec<_>, Vec<_>) =
        view.repositories().partition(|repository| repository.repository.path.as_str() < first);
    let reached: Vec<_> = rest.into_iter().filter(shows).cloned().collect();
    // a token's query takes its time: what earlier pages went through is asked for only if nothing is left
    if reached.is_empty() && !before.iter().any(shows) {
        // who may see nothing is told so, also where there is nothing
        let _: Grant<A> = caller.grant(RepositoryPath::root())?;
    }
    Ok(reached)
}
