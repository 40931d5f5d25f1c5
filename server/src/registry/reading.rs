use catalogue::View;

use super::Fault;
use crate::App;
use crate::reading::{self, Found};

/// Looks something up in a fresh view. What is absent there is looked for again in a view that was checked after the request
/// began.
pub(super) async fn find<T>(app: &App, absent: Fault, look: impl Fn(&View) -> Option<T>) -> Result<Found<T>, Fault> {
    let fresh = reading::view(&app.catalogue, |view| look(view).is_some()).await?;
    let what = look(&fresh.view).ok_or(absent)?;
    Ok(Found { what, is_stale: fresh.stale.is_some() })
}
