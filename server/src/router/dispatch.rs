use std::sync::Arc;

use axum::body::Body;
use axum::response::{IntoResponse, Response};
use http::header::RANGE;
use http::{Method, Request};

use super::{Match, Matcher, Operation, RegistryOperation, Resource, Route, decode, routes};
use crate::App;
use crate::answer;
use crate::auth::{Caller, Delete, Pull, Push};
use crate::classic::index::IndexView;
use crate::classic::{artifact_hub, charts, health, index, info, own_pages, packages, provenance, welcome};
use crate::error::Error;
use crate::{native, registry};

/// Answers every request that is no probe. Cheap to clone.
#[derive(Clone)]
pub struct Door {
    app: Arc<App>,
    matcher: Arc<Matcher>,
}

impl Door {
    /// A door to this app.
    pub fn new(app: Arc<App>) -> Self {
        let matcher = Arc::new(Matcher::new(routes(), &app.settings));
        Self { app, matcher }
    }

    /// The app behind it.
    pub fn app(&self) -> &Arc<App> {
        &self.app
    }

    /// Answers one request.
    pub async fn answer(&self, request: Request<Body>) -> Response {
        self.answer_noting(request, &mut None).await
    }

    /// Answers one request, and notes the route that it led to, if any.
    pub async fn answer_noting(&self, mut request: Request<Body>, noted: &mut Option<&'static Route>) -> Response {
        let is_head = request.method() == Method::HEAD;
        if is_head {
            request.headers_mut().remove(RANGE); // only GET has ranges
        }
        let response = self.dispatch(request, noted).await.unwrap_or_else(IntoResponse::into_response);
        if is_head { answer::without_body(response) } else { response }
    }

    /// What a path names in the registry, if there is one.
    fn registry<'p>(&self, path: &'p str) -> Option<Resource<'p>> {
        if self.app.settings.registry.enabled { Resource::find(path) } else { None }
    }

    /// What a path is told that leads nowhere, in the form of the door that it would lead to.
    fn no_route(&self, path: &str, of_registry: fn() -> Response) -> Result<Response, Error> {
        match self.app.settings.registry.enabled && path.starts_with("/v2/") {
            true => Ok(of_registry()),
            false => Err(Error::NotFound),
        }
    }

    async fn dispatch(&self, request: Request<Body>, noted: &mut Option<&'static Route>) -> Result<Response, Error> {
        let (head, body) = request.into_parts();
        let Some(path) = decode(head.uri.path()) else { return self.no_route(head.uri.path(), registry::bad_path) };
        if let Some(resource) = self.registry(&path) {
            let operation = resource.operation(&head.method);
            *noted = operation.and_then(RegistryOperation::route);
            let caller = Caller::of(&self.app.authentication, &head.headers);
            // boxed: requests to the other door do not carry its futures
            let answer = registry::answer(&self.app, &caller, (resource, operation), &head, body);
            let mut response = Box::pin(answer).await;
            caller.sign(&mut response);
            return Ok(response);
        }
        let Some(Match { route, repository, parameters }) = self.matcher.find(&head.method, &path) else {
            return self.no_route(&path, registry::no_route);
        };
        let (app, headers) = (&*self.app, &head.headers);
        if app.settings.repository.stack.as_ref() == Some(&repository) && !app.reaches(&repository) {
            return Err(Error::NotFound); // the storage has one there, which is not as deep as repositories are
        }
        *noted = Some(route);
        let caller = Caller::of(&app.authentication, headers);

        let super::Parameters { name, version, count, path: file, .. } = parameters;
        let may = repository;
        let answer = match route.operation {
            Operation::ShowIndex => index::show::whole(app, &caller.grant::<Pull>(may)?, headers).await,
            Operation::ShowLatestIndex => {
                Box::pin(index::show::part(app, &caller.grant::<Pull>(may)?, headers, IndexView::Latest(count))).await
            }
            Operation::ShowStableIndex => {
                Box::pin(index::show::part(app, &caller.grant::<Pull>(may)?, headers, IndexView::Stable)).await
            }
            Operation::ShowChartIndex => {
                let view = IndexView::Chart(name.to_owned());
                Box::pin(index::show::part(app, &caller.grant::<Pull>(may)?, headers, view)).await
            }
            Operation::DownloadFile => {
                packages::download::download(app, &caller.grant::<Pull>(may)?, &parameters, &head).await
            }
            Operation::ShowArtifactHub => artifact_hub::show(app, &caller.grant::<Pull>(may)?),
            Operation::ShowWelcome => Ok(Box::pin(welcome::root(app, &caller.grant::<Pull>(may)?, head)).await),
            Operation::ShowStaticFile => {
                let file = file.to_owned();
                Box::pin(own_pages::show(app, &caller.grant::<Pull>(may)?, &file, head)).await
            }
            Operation::ShowRepository => Box::pin(welcome::repository(app, &caller.grant::<Pull>(may)?)).await,
            Operation::ShowInfo => Ok(info::show()),
            Operation::ShowHealth => Ok(health::show()),
            Operation::ListCharts => {
                Box::pin(charts::list::list(app, &caller.grant::<Pull>(may)?, headers, head.uri.query())).await
            }
            Operation::ShowChart => Box::pin(charts::show::show(app, &caller.grant::<Pull>(may)?, name)).await,
            Operation::ShowVersion => {
                Box::pin(charts::show_version::show(app, &caller.grant::<Pull>(may)?, name, version)).await
            }
            Operation::ShowTemplates => {
                Box::pin(charts::show_templates::show(app, &caller.grant::<Pull>(may)?, name, version)).await
            }
            Operation::ShowValues => {
                Box::pin(charts::show_values::show(app, &caller.grant::<Pull>(may)?, name, version)).await
            }
            Operation::UploadChart => {
                Box::pin(charts::upload::upload(app, &caller.grant::<Push>(may)?, head, body)).await
            }
            Operation::UploadProvenance => {
                Box::pin(provenance::upload::upload(app, &caller.grant::<Push>(may)?, head, body)).await
            }
            Operation::DeleteVersion => {
                Box::pin(charts::delete::version(app, &caller.grant::<Delete>(may)?, name, version)).await
            }
            Operation::DeleteChart => Box::pin(charts::delete::chart(app, &caller.grant::<Delete>(may)?, name)).await,
            Operation::ListRepositories => {
                Box::pin(native::repositories::list::list(app, &caller, headers, head.uri.query())).await
            }
            Operation::ListChartsOfAll => {
                Box::pin(native::charts::list::list(app, &caller, headers, head.uri.query())).await
            }
            Operation::ShowChosenVersion => {
                Box::pin(native::charts::show::show(app, &caller, headers, head.uri.query(), name)).await
            }
            Operation::ListVersions => {
                Box::pin(native::versions::list::list(app, &caller, headers, head.uri.query())).await
            }
            Operation::ListTrash => Box::pin(native::trash::list::list(app, &caller, headers, head.uri.query())).await,
            Operation::RestoreVersion => {
                Box::pin(native::trash::restore::restore(app, &caller, head.uri.query())).await
            }
            Operation::ShowReconcile => native::reconcile::show::show(app, &caller),
            Operation::Reconcile => Box::pin(native::reconcile::run::run(app, &caller, head.uri.query())).await,
            // answered before
            Operation::ShowProbe | Operation::Registry(_) => Err(Error::NotFound),
        };
        let mut response = answer.unwrap_or_else(IntoResponse::into_response);
        caller.sign(&mut response);
        Ok(response)
    }
}
