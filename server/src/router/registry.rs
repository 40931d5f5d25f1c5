//! Which route of the registry a path is. Names have any number of segments, so paths are read from behind.

use http::Method;

use super::{Operation, Route, routes};

/// What a path of the registry names. The texts are as they came: their handlers judge them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Resource<'p> {
    /// The registry itself.
    Base,
    /// The list of names.
    Catalog,
    /// Tokens.
    Token,
    /// A blob.
    Blob {
        /// Of this name.
        name: &'p str,
        /// By this digest.
        digest: &'p str,
    },
    /// The uploads of a name.
    Uploads {
        /// The name.
        name: &'p str,
    },
    /// An upload.
    Upload {
        /// To this name.
        name: &'p str,
        /// Which.
        id: &'p str,
    },
    /// A manifest.
    Manifest {
        /// Of this name.
        name: &'p str,
        /// A tag or a digest.
        reference: &'p str,
    },
    /// The tags of a name.
    Tags {
        /// The name.
        name: &'p str,
    },
    /// What refers to a manifest.
    Referrers {
        /// Of this name.
        name: &'p str,
        /// The manifest's digest.
        digest: &'p str,
    },
}

/// What can be done in the registry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RegistryOperation {
    /// Say that it is one.
    ShowRegistry,
    /// List names.
    ListNames,
    /// Get a token by GET.
    ShowToken,
    /// Get a token by a form.
    RequestToken,
    /// Read a blob.
    ShowBlob,
    /// Unlink a blob.
    DeleteBlob,
    /// Begin an upload, upload at once, or mount.
    BeginUpload,
    /// How far an upload is.
    ShowUpload,
    /// Add to an upload.
    AppendUpload,
    /// Finish an upload.
    FinishUpload,
    /// Give an upload up.
    CancelUpload,
    /// Read a manifest.
    ShowManifest,
    /// Write a manifest.
    PutManifest,
    /// Delete a manifest, or a tag.
    DeleteManifest,
    /// List tags.
    ListTags,
    /// List referrers.
    ListReferrers,
}

impl<'p> Resource<'p> {
    /// What a path names, if it is one of the registry's. Everything else below `/v2` may be a classic repository's.
    pub fn find(path: &'p str) -> Option<Self> {
        let rest = match path.strip_prefix("/v2")? {
            "" | "/" => return Some(Self::Base),
            rest => rest.strip_prefix('/')?,
        };
        match rest {
            "_catalog" => return Some(Self::Catalog),
            "-/token" => return Some(Self::Token),
            _ => {}
        }
        let (before, last) = rest.rsplit_once('/')?;
        let name = |kind: &str| before.strip_suffix(kind)?.strip_suffix('/').filter(|name| !name.is_empty());
        Some(match last {
            "" => Self::Uploads { name: name("blobs/uploads")? },
            _ => match (name("blobs/uploads"), name("blobs"), name("manifests"), name("tags"), name("referrers")) {
                (Some(name), ..) => Self::Upload { name, id: last },
                (_, Some(name), ..) if last == "uploads" => Self::Uploads { name },
                (_, Some(name), ..) => Self::Blob { name, digest: last },
                (_, _, Some(name), ..) => Self::Manifest { name, reference: last },
                (_, _, _, Some(name), _) if last == "list" => Self::Tags { name },
                (.., Some(name)) => Self::Referrers { name, digest: last },
                _ => return None,
            },
        })
    }

    /// What a method does with it; `HEAD` is as `GET`.
    pub fn operation(&self, method: &Method) -> Option<RegistryOperation> {
        use RegistryOperation::*;
        let method = if method == Method::HEAD { "GET" } else { method.as_str() };
        Some(match (self, method) {
            (Self::Base, "GET") => ShowRegistry,
            (Self::Catalog, "GET") => ListNames,
            (Self::Token, "GET") => ShowToken,
            (Self::Token, "POST") => RequestToken,
            (Self::Blob { .. }, "GET") => ShowBlob,
            (Self::Blob { .. }, "DELETE") => DeleteBlob,
            (Self::Uploads { .. }, "POST") => BeginUpload,
            (Self::Upload { .. }, "GET") => ShowUpload,
            (Self::Upload { .. }, "PATCH") => AppendUpload,
            (Self::Upload { .. }, "PUT") => FinishUpload,
            (Self::Upload { .. }, "DELETE") => CancelUpload,
            (Self::Manifest { .. }, "GET") => ShowManifest,
            (Self::Manifest { .. }, "PUT") => PutManifest,
            (Self::Manifest { .. }, "DELETE") => DeleteManifest,
            (Self::Tags { .. }, "GET") => ListTags,
            (Self::Referrers { .. }, "GET") => ListReferrers,
            _ => return None,
        })
    }
}

impl RegistryOperation {
    /// Its line in the table.
    pub fn route(self) -> Option<&'static Route> {
        routes().iter().find(|route| route.operation == Operation::Registry(self))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(path: &str) -> String {
        Resource::find(path).map_or_else(|| "-".to_owned(), |found| format!("{found:?}"))
    }

    #[test]
    fn names_have_any_number_of_segments() {
        for name in ["a", "a/b", "a/b/c/d", "blobs", "blobs/uploads", "manifests/list", "tags", "v2/manifests", "UP/.."]
        {
            for (path, expected) in [
                ("blobs/sha256:ab", format!("Blob {{ name: {name:?}, digest: \"sha256:ab\" }}")),
                ("blobs/uploads/", format!("Uploads {{ name: {name:?} }}")),
                ("blobs/uploads", format!("Uploads {{ name: {name:?} }}")),
                ("blobs/uploads/some-id", format!("Upload {{ name: {name:?}, id: \"some-id\" }}")),
                ("manifests/1.0.0", format!("Manifest {{ name: {name:?}, reference: \"1.0.0\" }}")),
                ("manifests/uploads", format!("Manifest {{ name: {name:?}, reference: \"uploads\" }}")),
                ("tags/list", format!("Tags {{ name: {name:?} }}")),
                ("referrers/sha256:ab", format!("Referrers {{ name: {name:?}, digest: \"sha256:ab\" }}")),
            ] {
                assert_eq!(shown(&format!("/v2/{name}/{path}")), expected);
            }
        }
    }

    #[test]
    fn a_classic_repository_called_v2_keeps_its_routes() {
        for (path, expected) in
            [("/v2", "Base"), ("/v2/", "Base"), ("/v2/_catalog", "Catalog"), ("/v2/-/token", "Token")]
        {
            assert_eq!(shown(path), expected);
        }
        for path in [
            "/v2/index.yaml",
            "/v2/charts/a-1.0.0.tgz",
            "/v2/api/charts",
            "/v2/api/charts/a/1.0.0",
            "/v2/blobs/sha256:ab",
            "/v2/manifests/1.0.0",
            "/v2/tags/list",
            "/v2/a/tags/other",
            "/v2/a/manifests/",
            "/v2/a",
            "/v2x/",
            "/v1/a/tags/list",
            "/",
        ] {
            assert_eq!(shown(path), "-", "{path}");
        }
    }

    #[test]
    fn every_operation_has_its_line() {
        let lines = routes().iter().filter(|route| matches!(route.operation, Operation::Registry(_)));
        let mut count = 0;
        for route in lines {
            let path = route.path.replace("{name}", "a/b").replace("{digest}", "x").replace("{upload}", "x");
            let path = path.replace("{reference}", "x");
            let method = Method::from_bytes(route.method.as_bytes()).unwrap();
            let operation = Resource::find(&path).unwrap().operation(&method).unwrap();
            assert!(std::ptr::eq(operation.route().unwrap(), route), "{path}");
            count += 1;
        }
        assert_eq!(count, 16);
    }
}
