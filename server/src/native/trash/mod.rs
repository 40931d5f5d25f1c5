//! Removed versions that can be brought back.

pub(crate) mod list;
pub(crate) mod restore;
