//! Reads that are as fresh as the settings promise, and never call something absent that only seems so.

use catalogue::{Catalogue, FreshView, View};

use crate::error::Error;

/// What a read found, and whether the storage could not be asked about it.
#[derive(Debug)]
pub struct Found<T> {
    /// What was looked for.
    pub what: T,
    /// It may be older than the storage.
    pub is_stale: bool,
}

/// Looks something up in a fresh view. What is absent there is looked for again in a view that was checked after the
/// request began.
///
/// # Errors
/// What `look` says of a view that was checked; `Unavailable` if none can be had.
pub async fn find<T>(catalogue: &Catalogue, look: impl Fn(&View) -> Result<T, Error>) -> Result<Found<T>, Error> {
    let FreshView { view, stale } = catalogue.fresh().await?;
    match look(&view) {
        Err(error) if error.is_absence() => {}
        found => return Ok(Found { what: found?, is_stale: stale.is_some() }),
    }
    let view = Box::pin(checked(catalogue, |view| look(view).is_ok())).await?;
    Ok(Found { what: look(&view.view)?, is_stale: view.stale.is_some() })
}

/// A fresh view in which something is known, or one that was checked after the request began.
///
/// # Errors
/// `Unavailable` if neither can be had.
pub async fn view(catalogue: &Catalogue, is_known: impl Fn(&View) -> bool) -> Result<FreshView, Error> {
    let fresh = catalogue.fresh().await?;
    if is_known(&fresh.view) { Ok(fresh) } else { Box::pin(checked(catalogue, is_known)).await }
}

/// A view that was checked; if the storage cannot be asked, one that knows what was looked for.
async fn checked(catalogue: &Catalogue, is_known: impl Fn(&View) -> bool) -> Result<FreshView, Error> {
    let checked = catalogue.checked().await?;
    if checked.stale.is_some() && !is_known(&checked.view) {
        return Err(Error::Unavailable("the storage cannot be asked whether it exists".to_owned()));
    }
    Ok(checked)
}
