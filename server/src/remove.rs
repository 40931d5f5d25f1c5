//! The use case of taking away from a repository.

use catalogue::{Catalogue, CommitError};

use crate::auth::{Delete, Grant};

/// Removes one version and its provenance. The text is literal: `latest` and ranges remove nothing.
///
/// # Errors
/// As [`Catalogue::remove`].
pub async fn remove_version(
    catalogue: &Catalogue,
    grant: &Grant<Delete>,
    name: &str,
    version: &str,
) -> Result<(), CommitError> {
    tracing::debug!(repo = %grant.repository(), chart = name, version, "Deleting package from storage");
    catalogue.remove(grant.repository(), name, version).await
}

/// Removes all versions of a chart.
///
/// # Errors
/// As [`Catalogue::remove_chart`].
pub async fn remove_chart(catalogue: &Catalogue, grant: &Grant<Delete>, name: &str) -> Result<(), CommitError> {
    tracing::debug!(repo = %grant.repository(), chart = name, "Deleting packages from storage");
    catalogue.remove_chart(grant.repository(), name).await.map(drop)
}
