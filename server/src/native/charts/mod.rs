//! Charts, each shown by one of its versions.

pub(crate) mod list;
pub(crate) mod show;
