use axum::response::Response;
use chart::oci::RegistryName;

use crate::App;
use crate::answer::with_age;
use crate::auth::Catalog;
use crate::registry::paging::Page;
use crate::registry::{Fault, answer};

/// `GET /v2/_catalog`: the names of the registry, in byte order.
pub(in crate::registry) async fn list(app: &App, _grant: &Catalog, query: Option<&str>) -> Result<Response, Fault> {
    let page = Page::read(query)?;
    let fresh = app.catalogue.fresh().await?;
    // one more tells whether there are more
    let mut names = fresh.view.registry_names(page.last.as_deref(), page.limit.saturating_add(1));
    let goes_on = page.limit > 0 && names.len() > page.limit;
    names.truncate(page.limit);
    let array = answer::array(names.iter().map(RegistryName::as_str));
    let response = answer::json(format!(r#"{{"repositories":{array}}}"#));
    let response = match names.last().filter(|_| goes_on) {
        Some(last) => answer::with_next(response, &page.next("/v2/_catalog", last.as_str())),
        None => response,
    };
    Ok(with_age(response, fresh.stale.is_some()))
}
