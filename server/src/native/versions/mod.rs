//! Versions of charts.

pub(crate) mod list;
