//! The use case of adding to a repository.

use catalogue::{Catalogue, CommitError, Terms, Upload};

use crate::auth::{Grant, Push};
use crate::warnings::Warning;

/// Publishes all that was uploaded, in one commit, or nothing of it. Returns what clients may trip over later.
///
/// # Errors
/// As [`Catalogue::upload`].
pub async fn publish(
    catalogue: &Catalogue,
    grant: &Grant<Push>,
    upload: Upload,
    terms: Terms,
) -> Result<Vec<Warning>, CommitError> {
    let packages = upload.packages.clone();
    for package in &packages {
        tracing::debug!(repo = %grant.repository(), package = package.file_name(), "Adding package to storage");
    }
    catalogue.upload(grant.repository(), upload, terms).await?;
    let view = catalogue.view();
    let repository = view.state.repository(grant.repository());
    let warnings: Vec<_> = packages
        .iter()
        .flat_map(|package| {
            let chart = repository.and_then(|repository| repository.chart(package.name().as_str()));
            Warning::of(package, chart.map_or(&[][..], |chart| &chart.versions))
        })
        .collect();
    for warning in &warnings {
        tracing::warn!(repo = %grant.repository(), "{warning}");
    }
    Ok(warnings)
}
