//! Repositories.

pub(crate) mod list;
