//! Pages of the operator's own, from the folder of `--web-template-path`: `index.html` is shown at `/`, and what is in
//! the folder `static` below `/static/`.

use std::io;
use std::path::{Path, PathBuf};

use axum::body::Body;
use axum::response::Response;
use http::header::{CACHE_CONTROL, CONTENT_TYPE, IF_MATCH, IF_UNMODIFIED_SINCE, RANGE, X_CONTENT_TYPE_OPTIONS};
use http::request::Parts;
use http::{HeaderValue, Request};
use tower_http::services::ServeFile;

use crate::App;
use crate::answer::REVALIDATE;
use crate::auth::{Grant, Pull};
use crate::error::Error;

/// The page at `/`.
const WELCOME: &str = "index.html";
/// The folder of everything else.
const STATIC: &str = "static";

/// The operator's page at `/`; `None` if there is none.
pub async fn welcome(app: &App, mut head: Parts) -> Option<Response> {
    let folder = app.settings.web.template_folder.as_deref()?;
    head.headers.remove(RANGE); // nobody resumes a page
    file(folder, Path::new(WELCOME), head).await.ok()
}

/// `GET /static/{path}`: a file, never a listing.
pub async fn show(app: &App, _grant: &Grant<Pull>, path: &str, head: Parts) -> Result<Response, Error> {
    let folder = app.settings.web.template_folder.as_deref().ok_or(Error::NotFound)?;
    if path.split('/').any(|segment| segment.is_empty() || segment.starts_with('.') || segment.contains('\\')) {
        return Err(Error::NotFound);
    }
    file(folder, &Path::new(STATIC).join(path), head).await
}

/// Says at the start what is not as it is meant to be. The server starts all the same, as ChartMuseum does.
pub fn check(folder: &Path) {
    let path = folder.join(WELCOME);
    let shown = path.display();
    match std::fs::read_to_string(&path) {
        Ok(text) if text.contains("{{") => {
            tracing::warn!("{shown} is shown as it is: what stands between {{{{ and }}}} is not replaced");
        }
        Ok(_) => {}
        Err(error) => tracing::warn!(%error, "{shown} cannot be read: the welcome page is Chandlery's own"),
    }
}

/// A file in the folder, with everything that HTTP has for files.
async fn file(folder: &Path, below: &Path, head: Parts) -> Result<Response, Error> {
    let (folder, wanted) = (folder.to_owned(), folder.join(below));
    let found = tokio::task::spawn_blocking(move || find(&folder, &wanted)).await;
    let path = found.map_err(|error| Error::Internal(error.to_string()))?.map_err(|_| Error::NotFound)?;
    let mut request = Request::from_parts(head, ());
    // nobody changes these files through this server, so nobody's change can be lost
    for condition in [IF_MATCH, IF_UNMODIFIED_SINCE] {
        request.headers_mut().remove(condition);
    }
    let answered = ServeFile::new(path).ignore_multi_range_requests(true).try_call(request).await;
    let mut response = answered.map_err(|error| Error::Internal(error.to_string()))?.map(Body::new);
    let headers = response.headers_mut();
    headers.insert(CACHE_CONTROL, REVALIDATE);
    headers.insert(X_CONTENT_TYPE_OPTIONS, HeaderValue::from_static("nosniff"));
    if let Some(kind) = headers.get(CONTENT_TYPE).and_then(|kind| kind.to_str().ok())
        && kind.starts_with("text/")
        && let Ok(kind) = HeaderValue::try_from(format!("{kind}; charset=utf-8"))
    {
        headers.insert(CONTENT_TYPE, kind);
    }
    Ok(response)
}

/// The file's real place, which has to be in the folder: a link may lead elsewhere in it, as Kubernetes' mounts have
/// them, but not out of it.
fn find(folder: &Path, wanted: &Path) -> io::Result<PathBuf> {
    let (folder, path) = (folder.canonicalize()?, wanted.canonicalize()?);
    match path.starts_with(&folder) && path.metadata()?.is_file() {
        true => Ok(path),
        false => Err(io::ErrorKind::NotFound.into()),
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    fn head() -> Parts {
        Request::new(()).into_parts().0
    }

    #[tokio::test]
    async fn a_file_comes_with_its_type_and_only_from_inside_the_folder() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("site");
        std::fs::create_dir_all(root.join("static/deep")).unwrap();
        std::fs::create_dir_all(root.join("..data")).unwrap();
        std::fs::write(root.join("static/style.css"), "body {}").unwrap();
        std::fs::write(root.join("static/deep/logo.svg"), "<svg/>").unwrap();
        std::fs::write(root.join("..data/linked.js"), "1").unwrap();
        std::fs::write(folder.path().join("secret.txt"), "secret").unwrap();
        symlink(root.join("..data/linked.js"), root.join("static/linked.js")).unwrap();
        symlink(folder.path().join("secret.txt"), root.join("static/secret.txt")).unwrap();
        symlink(folder.path(), root.join("static/out")).unwrap();

        for (path, kind) in [
            ("static/style.css", "text/css; charset=utf-8"),
            ("static/deep/logo.svg", "image/svg+xml"),
            ("static/linked.js", "text/javascript; charset=utf-8"),
        ] {
            let response = file(&root, Path::new(path), head()).await.unwrap();
            assert_eq!(response.status(), 200, "{path}");
            assert_eq!(response.headers()[CONTENT_TYPE], kind, "{path}");
        }
        for path in ["static/secret.txt", "static/out/secret.txt", "static", "static/deep", "static/none.css"] {
            let refused = file(&root, Path::new(path), head()).await;
            assert!(matches!(refused, Err(Error::NotFound)), "{path}");
        }
    }
}
