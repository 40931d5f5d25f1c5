//! The use case of bringing back what was removed.

use catalogue::{Catalogue, CommitError};

use crate::auth::{Administer, Grant};

/// Brings the newest removal of a version back, with its provenance.
///
/// # Errors
/// As [`Catalogue::restore`].
pub async fn restore(
    catalogue: &Catalogue,
    grant: &Grant<Administer>,
    name: &str,
    version: &str,
) -> Result<(), CommitError> {
    catalogue.restore(grant.repository(), name, version).await
}
