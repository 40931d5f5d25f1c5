use axum::response::Response;
use chart::oci::Tag;

use crate::App;
use crate::answer::with_age;
use crate::auth::{Pull, RegistryGrant};
use crate::registry::paging::Page;
use crate::registry::{Fault, answer, reading};

/// `GET /v2/{name}/tags/list`: the tags of a name, in byte order.
pub(in crate::registry) async fn list(
    app: &App,
    grant: &RegistryGrant<Pull>,
    query: Option<&str>,
) -> Result<Response, Fault> {
    let page = Page::read(query)?;
    let name = grant.name();
    // one more tells whether there are more
    let (last, limit) = (page.last.as_deref(), page.limit.saturating_add(1));
    let found = reading::find(app, Fault::NameUnknown, |view| view.tags(name, last, limit)).await?;
    let mut tags = found.what;
    let goes_on = page.limit > 0 && tags.len() > page.limit;
    tags.truncate(page.limit);
    let array = answer::array(tags.iter().map(Tag::as_str));
    let response = answer::json(format!(r#"{{"name":"{name}","tags":{array}}}"#));
    let response = match tags.last().filter(|_| goes_on) {
        Some(last) => answer::with_next(response, &page.next(&format!("/v2/{name}/tags/list"), last.as_str())),
        None => response,
    };
    Ok(with_age(response, found.is_stale))
}
