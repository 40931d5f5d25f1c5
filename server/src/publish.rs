//! The use case of adding to a repository.

use bytes::Bytes;
use catalogue::{Catalogue, CommitError, RepositoryPath, View};
use chart::{Package, Provenance};

use crate::auth::{Grant, Push};

/// What a client sends, read.
#[derive(Debug, Default)]
pub struct Upload {
    /// Packages.
    pub packages: Vec<Package>,
    /// Provenances and their bytes; each may belong to a package of this upload, or to another one.
    pub provenances: Vec<(Provenance, Bytes)>,
}

/// Publishes all that was uploaded. If it is several files and one of them exists, none is published; only a package and its own
/// provenance are one change, so of others some may be if somebody else publishes the rest in the same moment.
///
/// # Errors
/// As [`Catalogue::publish`].
pub async fn publish(
    catalogue: &Catalogue,
    grant: &Grant<Push>,
    upload: Upload,
    overwrite: bool,
) -> Result<(), CommitError> {
    let repository = grant.repository();
    let Upload { packages, mut provenances } = upload;
    if packages.len() + provenances.len() > 1 && !overwrite {
        let current = catalogue.checked().await.map_err(|stale| CommitError::Unavailable(stale.0))?;
        if any_exists(&current.view, repository, &packages, &provenances) {
            return Err(CommitError::Exists);
        }
    }
    for package in packages {
        let file = package.file_name();
        let own = provenances.iter().position(|(provenance, _)| provenance.package_file_name() == file);
        let own = own.map(|position| provenances.remove(position));
        let own = own.as_ref().map(|(provenance, bytes)| (provenance, bytes.clone()));
        catalogue.publish(repository, &package, own, overwrite).await?;
    }
    for (provenance, bytes) in provenances {
        catalogue.publish_provenance(repository, &provenance, bytes, overwrite).await?;
    }
    Ok(())
}

fn any_exists(
    view: &View,
    repository: &RepositoryPath,
    packages: &[Package],
    provenances: &[(Provenance, Bytes)],
) -> bool {
    let Some(view) = view.repository(repository) else { return false };
    let repository = &view.repository;
    packages.iter().any(|package| repository.version(package.name().as_str(), package.version().as_str()).is_some())
        || provenances.iter().any(|(provenance, _)| repository.provenance(&provenance.package_file_name()).is_some())
}
