//! The use case of comparing the storage with the catalogue.

use std::sync::Arc;

use catalogue::{Catalogue, CommitError, Reconciled};

use crate::auth::{Administer, Grant};

/// Compares the whole storage with the catalogue, whatever repository the right is for.
///
/// # Errors
/// As [`Catalogue::reconcile_twice`].
pub async fn reconcile(
    catalogue: &Catalogue,
    _grant: &Grant<Administer>,
    accept_loss: bool,
) -> Result<Arc<Reconciled>, CommitError> {
    catalogue.reconcile_twice(accept_loss).await
}
