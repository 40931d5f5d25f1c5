//! Every route, on one page, and the way from a request to its handler.

mod dispatch;
mod matcher;
mod path;
pub mod query;
mod registry;
#[cfg(test)]
mod tests;

pub use dispatch::Door;
pub use matcher::{Match, Matcher, Parameters, is_package_file};
pub use path::decode;
pub use registry::{RegistryOperation, Resource};

use Operation::*;

/// One line of the table. `HEAD` is answered wherever `GET` is; any other method on a known path is 404.
#[derive(Debug, PartialEq, Eq)]
pub struct Route {
    /// The method.
    pub method: &'static str,
    /// The path; `{repository}` stands for any number of segments, also for none.
    pub path: &'static str,
    /// A few words.
    pub purpose: &'static str,
    operation: Operation,
    exists: Exists,
}

/// When and where a route exists.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Exists {
    /// Always.
    Always,
    /// With a fixed depth only: with a dynamic one the same path is a repository's own.
    WithFixedDepth,
    /// Unless `--disable-api`.
    WithApi,
    /// Unless `--disable-api` or `--disable-delete`.
    WithDelete,
    /// With an Artifact Hub id of some repository.
    WithArtifactHub,
    /// With a folder of the operator's own pages.
    WithTemplates,
    /// Always, whatever the context path, and before everything else: the listener answers it, not the door.
    BeforeTheDoor,
    /// Unless `--registry=false`, whatever the context path; read by [`Resource`].
    WithRegistry,
}

/// What a route does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Operation {
    ShowIndex,
    ShowLatestIndex,
    ShowStableIndex,
    ShowChartIndex,
    DownloadFile,
    ShowArtifactHub,
    ShowWelcome,
    ShowStaticFile,
    ShowRepository,
    ShowInfo,
    ShowHealth,
    ShowProbe,
    ListCharts,
    ShowChart,
    ShowVersion,
    ShowTemplates,
    ShowValues,
    UploadChart,
    UploadProvenance,
    DeleteVersion,
    DeleteChart,
    ListRepositories,
    ListChartsOfAll,
    ShowChosenVersion,
    ListVersions,
    ListTrash,
    RestoreVersion,
    ShowReconcile,
    Reconcile,
    Registry(RegistryOperation),
}

/// A file of a repository: the one route that has a second, loose reading. See [`Matcher::new`].
const FILE: &str = "/{repository}/charts/{filename}";
/// A repository's page: fits any path, so it stands last.
const PAGE: &str = "/{repository}";

const ARTIFACT_HUB: Route = Route {
    exists: Exists::WithArtifactHub,
    ..get("/{repository}/artifacthub-repo.yml", ShowArtifactHub, "who owns a repository, for Artifact Hub")
};
/// A file of the operator's own. A repository called `static` keeps its index and its charts.
const STATIC: Route = Route {
    exists: Exists::WithTemplates,
    ..get("/static/{path}", ShowStaticFile, "a file of the folder of --web-template-path")
};

/// Every route, in the order in which they are tried.
pub fn routes() -> &'static [Route] {
    ROUTES
}

static ROUTES: &[Route] = &[
    get("/{repository}/index.yaml", ShowIndex, "the index that Helm reads"),
    get(FILE, DownloadFile, "a package or its provenance"),
    get("/{repository}/charts/{digest}/{filename}", DownloadFile, "a package by its content"),
    ARTIFACT_HUB,
    get("/", ShowWelcome, "how to use this server"),
    get("/info", ShowInfo, "the version of this server"),
    get("/health", ShowHealth, "the process answers"),
    fixed("/{repository}/info", ShowInfo, "the same as /info"),
    fixed("/{repository}/health", ShowHealth, "the same as /health"),
    // ours
    probe("/-/live", "the process answers"),
    probe("/-/ready", "requests may be sent here"),
    probe("/metrics", "numbers for Prometheus, with --enable-metrics"),
    get("/-/latest/{count}/{repository}/index.yaml", ShowLatestIndex, "the newest versions of each chart"),
    get("/-/latest/{count}/{repository}/charts/{filename}", DownloadFile, "as in the repository"),
    get("/-/latest/{count}/{repository}/charts/{digest}/{filename}", DownloadFile, "as in the repository"),
    get("/-/stable/{repository}/index.yaml", ShowStableIndex, "all versions but pre-releases"),
    get("/-/stable/{repository}/charts/{filename}", DownloadFile, "as in the repository"),
    get("/-/stable/{repository}/charts/{digest}/{filename}", DownloadFile, "as in the repository"),
    get("/-/chart/{name}/{repository}/index.yaml", ShowChartIndex, "the versions of one chart"),
    get("/-/chart/{name}/{repository}/charts/{filename}", DownloadFile, "as in the repository"),
    get("/-/chart/{name}/{repository}/charts/{digest}/{filename}", DownloadFile, "as in the repository"),
    // our API; a repository is a parameter of the query, see `native`
    api("GET", "/-/api/v1/repositories", ListRepositories, "all repositories"),
    api("GET", "/-/api/v1/charts", ListChartsOfAll, "charts of one repository or of all, filtered"),
    api("GET", "/-/api/v1/charts/{name}", ShowChosenVersion, "a chart's newest version, or the newest in a range"),
    api("GET", "/-/api/v1/versions", ListVersions, "versions of one repository or of all, filtered"),
    api("GET", "/-/api/v1/trash", ListTrash, "what was deleted and can be restored"),
    api("POST", "/-/api/v1/trash/restore", RestoreVersion, "restore a deleted version"),
    api("GET", "/-/api/v1/reconcile", ShowReconcile, "what the last search of the storage found"),
    api("POST", "/-/api/v1/reconcile", Reconcile, "search the storage for what was placed, changed or removed by hand"),
    // ChartMuseum's API; with a dynamic depth `/api/charts/charts` is the list of the repository `charts`
    api("GET", "/api/{repository}/charts", ListCharts, "all charts"),
    api("GET", "/api/{repository}/charts/{name}", ShowChart, "all versions of a chart"),
    api("GET", "/api/{repository}/charts/{name}/{version}", ShowVersion, "one version, by text or range"),
    api("GET", "/api/{repository}/charts/{name}/{version}/templates", ShowTemplates, "its templates and values"),
    api("GET", "/api/{repository}/charts/{name}/{version}/values", ShowValues, "its values.yaml"),
    api("POST", "/api/{repository}/charts", UploadChart, "upload a package, a provenance, or both"),
    api("POST", "/api/{repository}/prov", UploadProvenance, "upload a provenance"),
    // where both fit, the one that deletes less
    delete("/api/{repository}/charts/{name}/{version}", DeleteVersion, "delete a version and its provenance"),
    delete("/api/{repository}/charts/{name}", DeleteChart, "delete all versions of a chart"),
    // the same with the repository in front
    api("GET", "/{repository}/api/charts", ListCharts, "all charts"),
    api("GET", "/{repository}/api/charts/{name}", ShowChart, "all versions of a chart"),
    api("GET", "/{repository}/api/charts/{name}/{version}", ShowVersion, "one version, by text or range"),
    api("GET", "/{repository}/api/charts/{name}/{version}/templates", ShowTemplates, "its templates and values"),
    api("GET", "/{repository}/api/charts/{name}/{version}/values", ShowValues, "its values.yaml"),
    api("POST", "/{repository}/api/charts", UploadChart, "upload a package, a provenance, or both"),
    api("POST", "/{repository}/api/prov", UploadProvenance, "upload a provenance"),
    delete("/{repository}/api/charts/{name}/{version}", DeleteVersion, "delete a version and its provenance"),
    delete("/{repository}/api/charts/{name}", DeleteChart, "delete all versions of a chart"),
    // the registry; `{name}` stands for one or more segments
    oci("GET", "/v2/", RegistryOperation::ShowRegistry, "this is a registry"),
    oci("GET", "/v2/_catalog", RegistryOperation::ListNames, "the names of the registry"),
    oci("GET", "/v2/-/token", RegistryOperation::ShowToken, "a token for the registry"),
    oci("POST", "/v2/-/token", RegistryOperation::RequestToken, "a token for the registry, by a form"),
    oci("GET", "/v2/{name}/manifests/{reference}", RegistryOperation::ShowManifest, "a manifest by tag or digest"),
    oci(
        "PUT",
        "/v2/{name}/manifests/{reference}",
        RegistryOperation::PutManifest,
        "push a manifest: a chart, an artifact",
    ),
    oci("DELETE", "/v2/{name}/manifests/{reference}", RegistryOperation::DeleteManifest, "delete a manifest, or a tag"),
    oci("GET", "/v2/{name}/blobs/{digest}", RegistryOperation::ShowBlob, "a blob"),
    oci("DELETE", "/v2/{name}/blobs/{digest}", RegistryOperation::DeleteBlob, "delete a blob of a name"),
    oci("POST", "/v2/{name}/blobs/uploads/", RegistryOperation::BeginUpload, "begin an upload, or mount a blob"),
    oci("GET", "/v2/{name}/blobs/uploads/{upload}", RegistryOperation::ShowUpload, "how far an upload is"),
    oci("PATCH", "/v2/{name}/blobs/uploads/{upload}", RegistryOperation::AppendUpload, "add bytes to an upload"),
    oci("PUT", "/v2/{name}/blobs/uploads/{upload}", RegistryOperation::FinishUpload, "finish an upload"),
    oci("DELETE", "/v2/{name}/blobs/uploads/{upload}", RegistryOperation::CancelUpload, "give an upload up"),
    oci("GET", "/v2/{name}/tags/list", RegistryOperation::ListTags, "the tags of a name"),
    oci("GET", "/v2/{name}/referrers/{digest}", RegistryOperation::ListReferrers, "what refers to a manifest"),
    STATIC,
    get(PAGE, ShowRepository, "how to use a repository"),
];

/// The route with exactly this path.
pub fn route_at(path: &str) -> Option<&'static Route> {
    ROUTES.iter().find(|route| route.path == path)
}

impl Route {
    /// Its place in [`routes`].
    pub fn position(&'static self) -> usize {
        ROUTES.iter().position(|route| std::ptr::eq(route, self)).unwrap_or(ROUTES.len())
    }

    /// True if it is there whatever the context path.
    pub fn is_at_root(&self) -> bool {
        matches!(self.exists, Exists::BeforeTheDoor | Exists::WithRegistry)
    }
}

const fn get(path: &'static str, operation: Operation, purpose: &'static str) -> Route {
    Route { method: "GET", path, purpose, operation, exists: Exists::Always }
}

const fn fixed(path: &'static str, operation: Operation, purpose: &'static str) -> Route {
    Route { method: "GET", path, purpose, operation, exists: Exists::WithFixedDepth }
}

const fn probe(path: &'static str, purpose: &'static str) -> Route {
    Route { method: "GET", path, purpose, operation: ShowProbe, exists: Exists::BeforeTheDoor }
}

const fn api(method: &'static str, path: &'static str, operation: Operation, purpose: &'static str) -> Route {
    Route { method, path, purpose, operation, exists: Exists::WithApi }
}

const fn delete(path: &'static str, operation: Operation, purpose: &'static str) -> Route {
    Route { method: "DELETE", path, purpose, operation, exists: Exists::WithDelete }
}

const fn oci(method: &'static str, path: &'static str, operation: RegistryOperation, purpose: &'static str) -> Route {
    Route { method, path, purpose, operation: Registry(operation), exists: Exists::WithRegistry }
}
